// Granting, taking away and asking about permissions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "authz/decision.h"
#include "base/fields.h"
#include "model/caller.h"
#include "model/permission.h"
#include "store/transaction.h"

namespace agentauth {

inline constexpr std::string_view permission_rule =
    "must be 1 to 8 segments of A-Z a-z 0-9 _ . - joined by ':', the last one possibly *";

struct GrantPermission {
  AgentId agent_id;
  std::string permission;

  static constexpr auto fields() {
    return std::array{
        field<&GrantPermission::agent_id>(agent_id_in_path),
        field<&GrantPermission::permission>({.name = "permission",
                                             .max = permission_characters_max,
                                             .valid = is_permission,
                                             .rule = permission_rule,
                                             .example = "read_weather"}),
    };
  }
};

struct NamePermission {
  AgentId agent_id;
  std::string permission;

  static constexpr auto fields() {
    return std::array{
        field<&NamePermission::agent_id>(agent_id_in_path),
        field<&NamePermission::permission>({.name = "permission",
                                            .max = permission_characters_max,
                                            .place = Place::path,
                                            .valid = is_permission,
                                            .rule = permission_rule,
                                            .example = "read_weather"}),
    };
  }
};

struct CheckPermission {
  AgentId agent_id;
  std::string permission;
  std::optional<std::string> resource;

  static constexpr auto fields() {
    return std::array{
        field<&CheckPermission::agent_id>(agent_id_in_path),
        field<&CheckPermission::permission>({.name = "permission",
                                             .max = permission_characters_max,
                                             .place = Place::path,
                                             .valid = is_concrete_permission,
                                             .rule = permission_rule,
                                             .example = "read_weather"}),
        field<&CheckPermission::resource>(
            {.name = "resource",
             .max = 256,
             .place = Place::query,
             .example = "city:berlin",
             .about = "Grants name no resource yet, so each one covers every resource"}),
    };
  }
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
             .about = "granted, not_granted, outside_key, agent_suspended or agent_unknown"}),
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

class PermissionService {
 public:
  PermissionService(Directory& directory, const Clock& clock)
      : directory_(directory), clock_(clock) {}

  struct Granted {
    Grant grant;
    bool created = false;  // false: the agent held it already
  };
  // The caller must hold what it grants, by what the transaction sees. Errors: permission_denied,
  // not_found; conflict when the agent holds AgentRecord::grants_max.
  Result<Granted> grant(Transaction& tx, const Caller& caller, const GrantPermission& request);
  // Errors: not_found.
  Result<void> revoke(Transaction& tx, const NamePermission& request);
  Result<std::vector<Grant>> list(Transaction& tx, const ListPermissions& request,
                                  const PageStart& after, std::int64_t limit);
  // What the next request of that agent would meet. Errors: not_found.
  Result<CheckedPermission> check(const Caller& caller, const CheckPermission& request) const;

 private:
  bool holds_all_it_may(AgentId id) const;

  Directory& directory_;
  const Clock& clock_;
};

}  // namespace agentauth
