// One event of the audit trail: who did what to what, from where, and what came of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/network.h"
#include "model/agent.h"

namespace agentauth {

enum class AuditAction : std::uint8_t {
  request,  // a call that changes nothing: recorded only when it is denied
  login,
  login_refresh,
  logout,
  agent_create,
  agent_update,
  agent_suspend,
  agent_resume,
  agent_delete,
  agent_revoke_tokens,
  key_create,
  key_revoke,
  permission_grant,
  permission_revoke,
  key_rotate,
  key_rotate_own,
  owner_suspend,  // one event for each agent of the owner
  owner_resume,
  limits_replace,
  signing_key_create,  // the first one
  signing_key_rotate,  // the next one was published
  signing_key_retire,  // one is of no use any more: what it signed has expired
  signing_key_revoke,  // one verifies no more, and what it signed has not expired
  key_expiring,        // nobody's doing: once for each key, some time before it ends
  database_restore,
  role_put,
  role_delete,
  member_add,
  member_remove,
  entity_put,
  entity_delete,
  policy_apply,
  gateway_replace,
};
inline constexpr std::size_t audit_action_count = 33;
std::string_view to_string(AuditAction action);
bool parse(std::string_view text, AuditAction& action);

// success: it happened. denied: who asked was known and was not permitted. failure: the credential
// that was presented did not work.
enum class AuditOutcome : std::uint8_t { success, denied, failure };
inline constexpr std::size_t audit_outcome_count = 3;
std::string_view to_string(AuditOutcome outcome);
bool parse(std::string_view text, AuditOutcome& outcome);

enum class AuditReason : std::uint8_t {
  none,
  permission_denied,
  registration_closed,
  invalid_credentials,
  invalid_token,
  command_line,      // done straight on the database
  demonstration,     // made by serve --dev
  schedule,          // by a server of itself, because it was time
  refresh_replayed,  // a refresh token was spent again: it, or its successor, was stolen
  audit_grant,       // a grant that decides nothing matched; the outcome is what was decided
  // Why the subject of an evaluation was denied, in the words of the answer.
  not_granted,
  denied,
  outside_key,
  uses_spent,
  too_many_memberships,
  too_costly,
  agent_suspended,  // also at a login or a refresh, with the right credentials
  agent_unknown,
  agent_ambiguous,
  // Why a login or a refresh was refused. Whoever tried is told none of it.
  key_malformed,      // no API key, or its checksum is wrong
  key_unknown,        // no such kid
  key_wrong_secret,   // of that kid
  key_revoked,        // at a refresh also one that is gone with its agent
  key_expired,        // or rotated, and its overlap is over
  key_not_yet_valid,  // before its not_before
  key_wrong_network,  // from outside its allowed_cidrs
  refresh_malformed,  // no refresh token of this deployment
  refresh_expired,    // left lying for too long, or its login has reached its end
  refresh_revoked,    // its login, or all tokens of the agent, were ended
};
inline constexpr std::size_t audit_reason_count = 29;
std::string_view to_string(AuditReason reason);
bool parse(std::string_view text, AuditReason& reason);

enum class AuditTargetType : std::uint8_t {
  none,
  agent,
  key,
  permission,
  signing_key,
  principal,
  entity,
  resource,  // of a decision: type:id
  path,      // that a gateway asked about
};
std::string_view to_string(AuditTargetType type);
bool parse(std::string_view text, AuditTargetType& type);

// A word that was written in the source.
class AuditWord {
 public:
  consteval AuditWord(const char* literal) : literal_(literal) {}
  const char* text() const { return literal_; }

 private:
  const char* literal_;
};

// A text that may stand in the audit trail. Each kind comes in by a door of its own, and a text
// that is not of that kind comes out empty: there is no way from any string to here, so a secret
// cannot slip in.
class AuditText {
 public:
  AuditText() = default;
  AuditText(AuditWord word) : text_(word.text()) {}

  static AuditText of_kid(std::string_view kid);
  static AuditText of_signing_kid(std::string_view kid);
  static AuditText of_permission(std::string_view permission);
  static AuditText of_principal(std::string_view name);  // type:id, as of an entity or a resource
  // Of grants that only go on record: "permission=P grants=ID,ID as_allow=granted", or why not;
  // with "more=true" where there were others.
  static AuditText of_matches(const AuditText& permission, std::span<const AuditText> grants,
                              bool are_cut_off, AuditReason why_not);
  // Decoded, and without a query. What is longer than an event holds is cut off, with an ellipsis.
  static AuditText of_path(std::string_view path);
  static AuditText of_request_id(std::string_view id);
  static AuditText of_address(const IpAddress& address);
  static AuditText of_operation(std::string_view name);  // letters and digits
  static AuditText of_node(std::string_view name);
  template <class Tag>
  static AuditText of_id(const Id<Tag>& id) {
    return AuditText(id.to_string());
  }
  // What stands in the trail already.
  static AuditText recorded(std::string_view text) { return AuditText(std::string(text)); }

  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const AuditText& other) const = default;

 private:
  explicit AuditText(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

template <>
struct detail::Codec<AuditText> {
  static constexpr FieldKind kind = FieldKind::text;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, AuditText& out) {
    out = AuditText::recorded(value.text);
    return true;
  }
  static void write(const AuditText& value, JsonWriter& out) { out.text(value.view()); }
};

struct AuditEvent {
  std::int64_t sequence = 0;  // from 1 without gaps; 0: not yet appended
  Timestamp at;
  AuditText node;  // which server wrote it
  AuditAction action = AuditAction::request;
  AuditOutcome outcome = AuditOutcome::success;
  AuditReason reason = AuditReason::none;
  std::optional<AgentId> agent_id;  // who acted; absent: nobody that is known
  AuditText kid;                    // with which key
  AuditText on_behalf_of;           // whom an evaluation was about, type:id; not who acted
  AuditText client_address;
  AuditText operation;  // by which call
  AuditTargetType target_type = AuditTargetType::none;
  AuditText target_id;
  std::optional<AgentId> target_agent_id;  // to whom the target belongs
  AuditText detail;
  AuditText request_id;
  std::string hash;  // of this event and all before it, in hexadecimal

  static constexpr auto fields() {
    return std::array{
        field<&AuditEvent::sequence>({.name = "sequence",
                                      .max = 9'007'199'254'740'991,
                                      .example = "42",
                                      .about = "From 1, without gaps"}),
        field<&AuditEvent::at>({.name = "at"}),
        field<&AuditEvent::node>({.name = "node",
                                  .min = 0,
                                  .example = "auth-1/4711",
                                  .about = "Host and process that wrote it"}),
        field<&AuditEvent::action>({.name = "action", .example = "agent.suspend"}),
        field<&AuditEvent::outcome>({.name = "outcome",
                                     .example = "success",
                                     .about = "success, denied (known, not permitted) or failure "
                                              "(credentials that do not work)"}),
        field<&AuditEvent::reason>({.name = "reason", .min = 0, .example = ""}),
        field<&AuditEvent::agent_id>({.name = "agent_id", .about = "Who acted"}),
        field<&AuditEvent::kid>({.name = "kid",
                                 .min = 0,
                                 .example = "4fJx0Zk2QmP1",
                                 .about = "The public part of the key it acted with"}),
        field<&AuditEvent::on_behalf_of>({.name = "on_behalf_of",
                                          .min = 0,
                                          .example = "",
                                          .about = "Of an evaluation: whom it was about, type:id"}),
        field<&AuditEvent::client_address>(
            {.name = "client_address", .min = 0, .example = "192.0.2.7"}),
        field<&AuditEvent::operation>(
            {.name = "operation", .min = 0, .example = "suspendAgent", .about = "The operationId"}),
        field<&AuditEvent::target_type>(
            {.name = "target_type",
             .min = 0,
             .example = "agent",
             .about = "agent, key, permission, signing_key, principal, entity, "
                      "resource or path"}),
        field<&AuditEvent::target_id>({.name = "target_id", .min = 0, .max = 1024}),
        field<&AuditEvent::target_agent_id>(
            {.name = "target_agent_id", .about = "The agent that the target is or belongs to"}),
        field<&AuditEvent::detail>({.name = "detail",
                                    .min = 0,
                                    .max = 1024,
                                    .about = "The kid of a key that was made, the permission "
                                             "that was missing, whom it was granted to, or what "
                                             "audit grants would have come to"}),
        field<&AuditEvent::request_id>({.name = "request_id", .min = 0}),
        field<&AuditEvent::hash>(
            {.name = "hash", .min = 64, .max = 64, .about = "SHA-256 over the chain up to here"}),
    };
  }
};

// Events where they stand, to be numbered and sealed there.
using AuditEvents = std::span<AuditEvent* const>;

// What an event is about.
struct AuditTarget {
  AuditTargetType type = AuditTargetType::none;
  AuditText id = {};
  std::optional<AgentId> agent_id = {};
  AuditText detail = {};
};

}  // namespace agentauth
