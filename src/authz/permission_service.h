// Granting, taking away and asking about what agents, roles and groups may do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "authz/author.h"
#include "authz/grantees.h"
#include "base/fields.h"
#include "model/api_key.h"
#include "model/caller.h"
#include "model/grant.h"
#include "model/role.h"
#include "store/transaction.h"

namespace agentauth {

inline constexpr std::string_view permission_rule =
    "must be 1 to 8 segments of A-Z a-z 0-9 _ . - / joined by ':', the last one possibly *";
inline constexpr std::string_view concrete_permission_rule =
    "must be 1 to 8 segments of A-Z a-z 0-9 _ . - / joined by ':'; a pattern is nothing to do";
inline constexpr FieldRule permission_field{.name = "permission",
                                            .max = permission_characters_max,
                                            .valid = is_permission,
                                            .rule = permission_rule,
                                            .example = "read_weather"};
inline constexpr FieldRule permission_in_path{.name = "permission",
                                              .max = permission_characters_max,
                                              .place = Place::path,
                                              .valid = is_permission,
                                              .rule = permission_rule,
                                              .example = "read_weather"};
inline constexpr FieldRule role_in_path{.name = "name",
                                        .max = policy::type_characters_max,
                                        .place = Place::path,
                                        .valid = policy::is_type,
                                        .rule = "must be 1 to 64 of A-Z a-z 0-9 _ . -",
                                        .example = "weather_reader"};

struct GrantPermission : Terms {
  AgentId agent_id;
  std::string permission;

  static constexpr auto fields() {
    return joined(std::array{field<&GrantPermission::agent_id>(agent_id_in_path),
                             field<&GrantPermission::permission>(permission_field)},
                  term_fields<GrantPermission>());
  }
};

template <RoleKind Kind>
struct GrantToRole : Terms {
  std::string name;
  std::string permission;

  static constexpr auto fields() {
    return joined(std::array{field<&GrantToRole::name>(role_in_path),
                             field<&GrantToRole::permission>(permission_field)},
                  term_fields<GrantToRole>());
  }
};

// Which grants of a permission are meant: all of one effect, or those on exactly one resource.
struct WhichGrants {
  std::optional<std::string> resource;
  std::optional<Effect> effect;  // absent: allow

  bool mean(const Grant& grant) const {
    return grant.decides() == effect.value_or(Effect::allow) &&
           (!resource || grant.resource == resource);
  }
};
template <class Object>
constexpr auto which_grants_fields() {
  return std::array{
      field<&WhichGrants::resource, Object>(
          {.name = "resource",
           .max = 321,
           .place = Place::query,
           .example = "city:berlin",
           .about = "Only those on exactly this resource or pattern"}),
      field<&WhichGrants::effect, Object>({.name = "effect",
                                           .place = Place::query,
                                           .rule = "must be allow, deny or audit",
                                           .example = "allow",
                                           .about = "Those that allow, when absent"}),
  };
}

struct NamePermission : WhichGrants {
  AgentId agent_id;
  std::string permission;

  static constexpr auto fields() {
    return joined(std::array{field<&NamePermission::agent_id>(agent_id_in_path),
                             field<&NamePermission::permission>(permission_in_path)},
                  which_grants_fields<NamePermission>());
  }
};

template <RoleKind Kind>
struct NameRolePermission : WhichGrants {
  std::string name;
  std::string permission;

  static constexpr auto fields() {
    return joined(std::array{field<&NameRolePermission::name>(role_in_path),
                             field<&NameRolePermission::permission>(permission_in_path)},
                  which_grants_fields<NameRolePermission>());
  }
};

struct CheckPermission {
  AgentId agent_id;
  std::string permission;
  std::optional<std::string> resource;
  std::optional<std::string> kid = {};

  static constexpr auto fields() {
    return std::array{
        field<&CheckPermission::agent_id>(agent_id_in_path),
        field<&CheckPermission::permission>({.name = "permission",
                                             .max = permission_characters_max,
                                             .place = Place::path,
                                             .valid = is_concrete_permission,
                                             .rule = concrete_permission_rule,
                                             .example = "read_weather"}),
        field<&CheckPermission::resource>({.name = "resource",
                                           .max = 321,
                                           .place = Place::query,
                                           .valid = is_resource,
                                           .rule = "must be type:id",
                                           .example = "city:berlin",
                                           .about = "What it would be done to"}),
        field<&CheckPermission::kid>(
            {.name = "kid",
             .max = key_kid_length,
             .place = Place::query,
             .valid = is_kid,
             .rule = "must be a kid",
             .example = "4fJx0Zk2QmP1",
             .about = "The agent's key by which it was seen to act: a key may be worth less"}),
    };
  }
  static bool is_resource(std::string_view text) { return policy::parse_entity(text).has_value(); }
  static bool is_kid(std::string_view text) { return parse_kid(text).has_value(); }
};

struct CheckedPermission {
  AgentId agent_id;
  std::string permission;
  bool decision = false;
  std::string reason;

  static constexpr auto fields() {
    return std::array{
        field<&CheckedPermission::agent_id>({.name = "agent_id"}),
        field<&CheckedPermission::permission>({.name = "permission", .example = "read_weather"}),
        field<&CheckedPermission::decision>({.name = "decision"}),
        field<&CheckedPermission::reason>(
            {.name = "reason",
             .example = "granted",
             .about = "granted, not_granted, denied, outside_key, uses_spent, "
                      "too_many_memberships, too_costly, agent_suspended or agent_unknown"}),
    };
  }
};

struct ListPermissions {
  AgentId agent_id;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;

  static constexpr auto fields() {
    return std::array{
        field<&ListPermissions::agent_id>(agent_id_in_path),
        field<&ListPermissions::limit>(page_limit),
        field<&ListPermissions::cursor>(page_cursor),
    };
  }
};

template <RoleKind Kind>
struct ListRolePermissions {
  std::string name;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;

  static constexpr auto fields() {
    return std::array{
        field<&ListRolePermissions::name>(role_in_path),
        field<&ListRolePermissions::limit>(page_limit),
        field<&ListRolePermissions::cursor>(page_cursor),
    };
  }
};

struct ListUnusedGrants {
  std::optional<std::string> subject;
  std::optional<Timestamp> since;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;

  static constexpr auto fields() {
    return std::array{
        field<&ListUnusedGrants::subject>({.name = "subject",
                                           .max = policy::entity_characters_max,
                                           .place = Place::query,
                                           .valid = policy::is_principal,
                                           .rule = "must be agent:ID, agent:*, role:NAME, "
                                                   "group:NAME or another type:ID",
                                           .example = "role:weather_reader",
                                           .about = "Only those of this subject"}),
        field<&ListUnusedGrants::since>(
            {.name = "since",
             .place = Place::query,
             .about = "Those that were there by then and not used since; without it those that "
                      "never were used, however young"}),
        field<&ListUnusedGrants::limit>(page_limit),
        field<&ListUnusedGrants::cursor>(page_cursor),
    };
  }
};

// role:NAME or group:NAME.
std::string principal_of(RoleKind kind, std::string_view name);

class PermissionService {
 public:
  explicit PermissionService(const Clock& clock) : clock_(clock) {}

  // Of one subject; what agents hold without terms is bounded by AgentRecord::grants_max.
  static constexpr std::size_t rules_max = 100'000;
  // By one call: nobody else writes meanwhile.
  static constexpr std::size_t revoked_max = 10'000;

  struct Granted {
    Grant grant;
    bool created = false;  // false: there was the very same one already
  };
  // The author must hold what it grants; what it would deny, too.
  // Errors: permission_denied, not_found, invalid_argument; conflict when the subject holds as much
  // as one may, or the same under another id, or a deny would shut out everybody.
  Result<Granted> grant(Transaction& tx, Author& author, const Grant& wanted,
                        std::optional<GrantId> id = {}) {
    Grantees grantees(tx);
    return grant(tx, author, grantees, wanted, id);
  }
  // The same as one of several in the transaction.
  Result<Granted> grant(Transaction& tx, Author& author, Grantees& grantees, const Grant& wanted,
                        std::optional<GrantId> id = {});
  // What grant() refuses, but for what is there already; whom it would be granted to.
  Result<GrantSubject> require_grantable(Author& author, Grantees& grantees, const Grant& wanted);
  // Those of a permission that are meant. Taking away a deny, what is put on record, or somebody
  // else's administration takes as much as granting it.
  // Errors: permission_denied; not_found; conflict, when they are too many.
  Result<void> revoke(Transaction& tx, Author& author, const std::string& subject,
                      const std::string& permission, const WhichGrants& which);
  // One grant.
  Result<Grant> revoke(Transaction& tx, Author& author, GrantId id);

  Result<std::vector<AgentGrant>> list(Transaction& tx, const ListPermissions& request,
                                       const PageStart& after, std::int64_t limit);
  template <RoleKind Kind>
  Result<std::vector<RoleGrant>> list_of_role(Transaction& tx,
                                              const ListRolePermissions<Kind>& request,
                                              const PageStart& after, std::int64_t limit) {
    return list_of(tx, principal_of(Kind, request.name), after, limit);
  }
  // Grants that allow and that nobody has used, by their ids. Errors: invalid_argument.
  Result<std::vector<UnusedGrant>> list_unused(Transaction& tx, const ListUnusedGrants& request,
                                               const PageStart& after, std::int64_t limit);
  // What the next request of that agent would meet. Errors: not_found; unauthenticated, when the
  // caller asks about itself and may not act any more.
  Result<Decision> check(const Directory::View& view, const Caller& caller,
                         const CheckPermission& request, std::span<const GrantId> spent = {}) const;

 private:
  Result<std::vector<RoleGrant>> list_of(Transaction& tx, const std::string& principal,
                                         const PageStart& after, std::int64_t limit);

  const Clock& clock_;
};

// Whether the terms can be kept. Errors: invalid_argument, with the place.
Result<void> check_terms(const Terms& terms);

// An end that is written lies ahead: nothing is granted, or made a member, for a time that is over.
inline constexpr std::string_view end_rule = "must lie ahead";
inline bool lies_ahead(const std::optional<Timestamp>& end, Timestamp now) {
  return !end || *end > now;
}
inline bool ends_sooner(const std::optional<Timestamp>& end, const std::optional<Timestamp>& than) {
  return end && (!than || *end < *than);
}
// Errors: invalid_argument.
Result<void> require_end_ahead(const std::optional<Timestamp>& end, Timestamp now);

// In the log, what there is to read again after a change of what a subject was granted.
Change change_of(const std::string& subject);
Result<void> note_change(Transaction& tx, const std::string& subject);

}  // namespace agentauth
