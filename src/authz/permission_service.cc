#include "authz/permission_service.h"

namespace agentauth {

Result<PermissionService::Granted> PermissionService::grant(Transaction& tx, const Caller& caller,
                                                            const GrantPermission& request) {
  const auto granter = TRY(directory_.read_agent(tx, caller.agent_id));
  {
    const Directory::View view(directory_);
    const Actor actor =
        TRY(acting_as(view, granter ? &granter->record : nullptr, caller, clock_.now()));
    if (!may_grant(view, actor, request.permission))
      return failure(Errc::permission_denied, "Permission denied",
                     "the caller does not hold what it would grant");
  }
  TRY(tx.agents().find(request.agent_id));
  if (holds_all_it_may(request.agent_id))
    return failure(Errc::conflict, "The agent holds as many permissions as an agent may");
  if (auto grant = TRY(tx.permissions().insert(request.agent_id, request.permission))) {
    TRY(tx.changes().append(ChangeKind::permission, request.agent_id));
    return Granted{*std::move(grant), true};
  }
  return Granted{TRY(tx.permissions().find(request.agent_id, request.permission)), false};
}

// More would be stored and not be in force.
bool PermissionService::holds_all_it_may(AgentId id) const {
  const Directory::View view(directory_);
  const AgentRecord* agent = view.find_agent(id);
  return agent != nullptr && agent->grant_count >= AgentRecord::grants_max;
}

Result<void> PermissionService::revoke(Transaction& tx, const NamePermission& request) {
  TRY(tx.agents().find(request.agent_id));
  TRY(tx.permissions().erase(request.agent_id, request.permission));
  TRY(tx.changes().append(ChangeKind::permission, request.agent_id));
  return {};
}

Result<std::vector<Grant>> PermissionService::list(Transaction& tx, const ListPermissions& request,
                                                   const PageStart& after, std::int64_t limit) {
  TRY(tx.agents().find(request.agent_id));
  return tx.permissions().list(request.agent_id, after, limit);
}

Result<CheckedPermission> PermissionService::check(const Caller& caller,
                                                   const CheckPermission& request) const {
  const Directory::View view(directory_);
  const AgentRecord* agent = view.find_agent(request.agent_id);
  if (agent == nullptr) return failure(Errc::not_found, "No such agent");
  // Who asks about itself is told what it may do through the key it asks by.
  Actor actor = agent;
  if (caller.agent_id == request.agent_id) actor = TRY(find_acting(view, caller, clock_.now()));
  const Decision decision = decide(actor, view.names().find_requirement(request.permission));
  return CheckedPermission{request.agent_id, request.permission, decision.allowed(),
                           std::string(to_string(decision.reason))};
}

}  // namespace agentauth
