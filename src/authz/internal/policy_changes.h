// What it takes to make what is stored equal to a document.
#pragma once

#include <vector>

#include "authz/internal/policy_lines.h"
#include "authz/internal/time_budget.h"
#include "authz/policy_service.h"

namespace agentauth::internal {

// A member that comes, or goes at another time than before.
struct MemberPut {
  const MemberLine* line;
  const Membership* before = nullptr;
};

// Pointers are into the two policies compared.
struct PolicyChanges {
  std::vector<const RoleLine*> roles_put;
  std::vector<const GrantLine*> grants_added;
  std::vector<const EntityLine*> entities_put;
  std::vector<const MemberLine*> members_removed;
  std::vector<MemberPut> members_put;
  std::vector<const GrantLine*> grants_removed;
  std::vector<const EntityLine*> entities_removed;
  std::vector<const RoleLine*> roles_removed;
  PolicyDiff diff;
};

PolicyChanges compare(const PolicyLines& stored, const PolicyLines& wanted);

// What shows an author the lines that it does not list.
inline constexpr std::string_view reading_all = "agentauth:policy:read";

// Makes them; returns what was made. Each is decided by itself, and what the author may by what was
// before, whatever they are. Errors besides those of the services: unavailable, when they take too
// long.
Result<std::vector<AuditedChange>> make(const PolicyChanges& changes, Transaction& tx,
                                        Author& author, const PolicyService::Changes& services,
                                        const TimeBudget& time);

}  // namespace agentauth::internal
