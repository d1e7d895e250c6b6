#include "model/audit_event.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

#include "model/api_key.h"
#include "model/credential_text.h"
#include "model/permission.h"
#include "model/signing_key.h"

namespace agentauth {
namespace {

using Names = std::span<const std::string_view>;

// In the order of the enumerations. What is written here is in every chain for good.
constexpr std::array<std::string_view, audit_action_count> actions = {"request",
                                                                      "auth.login",
                                                                      "auth.refresh",
                                                                      "auth.logout",
                                                                      "agent.create",
                                                                      "agent.update",
                                                                      "agent.suspend",
                                                                      "agent.resume",
                                                                      "agent.delete",
                                                                      "agent.revoke_tokens",
                                                                      "key.create",
                                                                      "key.revoke",
                                                                      "permission.grant",
                                                                      "permission.revoke",
                                                                      "key.rotate",
                                                                      "key.rotate_own",
                                                                      "owner.suspend",
                                                                      "owner.resume",
                                                                      "limits.replace",
                                                                      "signing_key.create",
                                                                      "signing_key.rotate",
                                                                      "signing_key.retire",
                                                                      "signing_key.revoke",
                                                                      "key.expiring",
                                                                      "database.restore",
                                                                      "role.put",
                                                                      "role.delete",
                                                                      "member.add",
                                                                      "member.remove",
                                                                      "entity.put",
                                                                      "entity.delete",
                                                                      "policy.apply",
                                                                      "gateway.replace"};
constexpr std::array<std::string_view, audit_outcome_count> outcomes = {"success", "denied",
                                                                        "failure"};
constexpr std::array<std::string_view, audit_reason_count> reasons = {"",
                                                                      "permission_denied",
                                                                      "registration_closed",
                                                                      "invalid_credentials",
                                                                      "invalid_token",
                                                                      "command_line",
                                                                      "demonstration",
                                                                      "schedule",
                                                                      "refresh_replayed",
                                                                      "audit_grant",
                                                                      "not_granted",
                                                                      "denied",
                                                                      "outside_key",
                                                                      "uses_spent",
                                                                      "too_many_memberships",
                                                                      "too_costly",
                                                                      "agent_suspended",
                                                                      "agent_unknown",
                                                                      "agent_ambiguous",
                                                                      "key_malformed",
                                                                      "key_unknown",
                                                                      "key_wrong_secret",
                                                                      "key_revoked",
                                                                      "key_expired",
                                                                      "key_not_yet_valid",
                                                                      "key_wrong_network",
                                                                      "refresh_malformed",
                                                                      "refresh_expired",
                                                                      "refresh_revoked"};
static_assert(!reasons.back().empty());
constexpr std::array<std::string_view, 9> target_types = {
    "", "agent", "key", "permission", "signing_key", "principal", "entity", "resource", "path"};

template <class E>
std::string_view name_of(Names names, E value) {
  return names[static_cast<std::size_t>(value)];
}

template <class E>
bool find_name(Names names, std::string_view text, E& value) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return false;
  value = static_cast<E>(found - names.begin());
  return true;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool only_holds(std::string_view text, std::string_view further) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           further.find(c) != further.npos;
  });
}

}  // namespace

std::string_view to_string(AuditAction action) { return name_of(actions, action); }
bool parse(std::string_view text, AuditAction& action) { return find_name(actions, text, action); }

std::string_view to_string(AuditOutcome outcome) { return name_of(outcomes, outcome); }
bool parse(std::string_view text, AuditOutcome& outcome) {
  return find_name(outcomes, text, outcome);
}

std::string_view to_string(AuditReason reason) { return name_of(reasons, reason); }
bool parse(std::string_view text, AuditReason& reason) { return find_name(reasons, text, reason); }

std::string_view to_string(AuditTargetType type) { return name_of(target_types, type); }
bool parse(std::string_view text, AuditTargetType& type) {
  return find_name(target_types, text, type);
}

AuditText AuditText::of_kid(std::string_view kid) {
  if (kid.size() != key_kid_length || !is_base62(kid)) return {};
  return AuditText(std::string(kid));
}

AuditText AuditText::of_signing_kid(std::string_view kid) {
  const bool is_ours = kid.size() == signing_kid_length && is_base62(kid);
  if (!is_ours && kid != configured_signing_kid) return {};
  return AuditText(std::string(kid));
}

AuditText AuditText::of_permission(std::string_view permission) {
  if (!is_permission(permission) || holds_credential(permission)) return {};
  return AuditText(std::string(permission));
}

AuditText AuditText::of_principal(std::string_view name) {
  if (name.size() > 321 || name.find(':') == name.npos || !is_utf8(name) ||
      std::any_of(name.begin(), name.end(), is_control) || holds_credential(name))
    return {};
  return AuditText(std::string(name));
}

AuditText AuditText::of_matches(const AuditText& permission, std::span<const AuditText> grants,
                                bool are_cut_off, AuditReason why_not) {
  std::string text = "permission=" + permission.text_ + " grants=";
  for (std::size_t i = 0; i < grants.size(); ++i) text.append(i > 0 ? "," : "") += grants[i].text_;
  text.append(" as_allow=").append(why_not == AuditReason::none ? "granted" : to_string(why_not));
  if (are_cut_off) text += " more=true";
  return AuditText(std::move(text));
}

AuditText AuditText::of_path(std::string_view path) {
  static constexpr std::size_t bytes_max = 512;
  if (!path.starts_with('/') || !is_utf8(path) ||
      std::any_of(path.begin(), path.end(), is_control) || holds_credential(path))
    return {};
  if (path.size() <= bytes_max) return AuditText(std::string(path));
  std::size_t end = bytes_max;
  while ((static_cast<unsigned char>(path[end]) & 0xC0) == 0x80) --end;
  return AuditText(std::string(path.substr(0, end)) + "…");
}

AuditText AuditText::of_request_id(std::string_view id) {
  if (!is_request_id(id)) return {};
  return AuditText(std::string(id));
}

AuditText AuditText::of_address(const IpAddress& address) {
  return AuditText(format_ip_address(address));
}

AuditText AuditText::of_operation(std::string_view name) {
  if (name.size() > 64 || !only_holds(name, "")) return {};
  return AuditText(std::string(name));
}

AuditText AuditText::of_node(std::string_view name) {
  if (name.size() > 128 || !only_holds(name, "-_./")) return {};
  return AuditText(std::string(name));
}

}  // namespace agentauth
