// What it takes to make what is stored equal to a document.
#pragma once

#include <vector>

#include "authz/internal/policy_lines.h"
#include "authz/policy_service.h"

namespace agentauth::internal {

// Pointers are into the two policies compared.
struct PolicyChanges {
  std::vector<const RoleLine*> roles_put;
  std::vector<const GrantLine*> grants_added;
  std::vector<const EntityLine*> entities_put;
  std::vector<const MemberLine*> members_removed;
  std::vector<const MemberLine*> members_put;
  std::vector<const GrantLine*> grants_removed;
  std::vector<const EntityLine*> entities_removed;
  std::vector<const RoleLine*> roles_removed;
  PolicyDiff diff;

  void forget_removals() {
    members_removed.clear();
    grants_removed.clear();
    entities_removed.clear();
    roles_removed.clear();
    diff.removed.clear();
  }
  // Whether it could take from somebody what it may do to AgentAuth.
  bool may_take() const {
    return !grants_removed.empty() || !members_removed.empty() || !members_put.empty() ||
           !roles_removed.empty() || !grants_added.empty();
  }
};

PolicyChanges compare(const PolicyLines& stored, const PolicyLines& wanted);

// Makes them one by one, in an order in which the caller keeps what it is allowed by until the end.
Result<void> make(const PolicyChanges& changes, Transaction& tx, const Caller& caller,
                  const PolicyService::Changes& services);

}  // namespace agentauth::internal
