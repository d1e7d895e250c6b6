#include "identity/agent_service.h"

namespace agentauth {

// The changes are locked first: no owner is suspended between this look and the commit.
Result<void> AgentService::refuse_suspended_owner(Transaction& tx, const std::string& owner) {
  TRY(tx.changes().lock());
  if (!TRY(tx.agents().is_owner_suspended(owner))) return {};
  return failure(Errc::conflict, "The owner " + owner + " is suspended");
}

Result<Agent> AgentService::register_agent(Transaction& tx, const RegisterAgent& request) {
  TRY(refuse_suspended_owner(tx, request.owner_email));
  const Agent agent = TRY(tx.agents().insert(request.agent_name, request.owner_email));
  TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
  return agent;
}

Result<Agent> AgentService::find(Transaction& tx, const NameAgent& request) {
  return tx.agents().find(request.agent_id);
}

Result<Agent> AgentService::update(Transaction& tx, const UpdateAgent& request) {
  if (request.owner_email) {
    const Agent before = TRY(tx.agents().find(request.agent_id));
    if (owner_identity(before.owner_email) != owner_identity(*request.owner_email)) {
      TRY(refuse_suspended_owner(tx, before.owner_email));
      TRY(refuse_suspended_owner(tx, *request.owner_email));
    }
  }
  const Agent agent = TRY(tx.agents().update(
      request.agent_id, {request.agent_name, request.owner_email, request.labels}, clock_.now()));
  TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
  return agent;
}

Result<Agent> AgentService::suspend(Transaction& tx, const NameAgent& request) {
  return set_status(tx, request.agent_id, AgentStatus::suspended);
}

Result<Agent> AgentService::resume(Transaction& tx, const NameAgent& request) {
  TRY(refuse_suspended_owner(tx, TRY(tx.agents().find(request.agent_id)).owner_email));
  return set_status(tx, request.agent_id, AgentStatus::active);
}

Result<Agent> AgentService::set_status(Transaction& tx, AgentId id, AgentStatus status) {
  const Agent agent = TRY(tx.agents().set_status(id, status, clock_.now()));
  TRY(tx.changes().append(ChangeKind::agent, id));
  return agent;
}

Result<void> AgentService::revoke_tokens(Transaction& tx, const NameAgent& request) {
  TRY(tx.agents().revoke_tokens(request.agent_id));
  TRY(tx.changes().append(ChangeKind::agent, request.agent_id));
  return {};
}

Result<std::vector<AgentId>> AgentService::suspend_owner(Transaction& tx,
                                                         const std::string& owner) {
  auto agents = TRY(tx.agents().suspend_owner(owner, clock_.now()));
  if (agents.empty()) return failure(Errc::not_found, "No agent has this owner");
  TRY(tx.changes().append_statuses_of_owner(owner));
  return agents;
}

Result<std::vector<AgentId>> AgentService::resume_owner(Transaction& tx, const std::string& owner) {
  auto agents = TRY(tx.agents().resume_owner(owner, clock_.now()));
  TRY(tx.changes().append_statuses_of_owner(owner));
  return agents;
}

Result<void> AgentService::erase(Transaction& tx, const NameAgent& request) {
  TRY(tx.agents().erase(request.agent_id));
  TRY(tx.changes().append(ChangeKind::agent, request.agent_id));
  return {};
}

Result<std::vector<Agent>> AgentService::list(Transaction& tx, const ListAgents& request,
                                              const PageStart& after, std::int64_t limit) {
  return tx.agents().list({request.name, request.owner, request.status}, after, limit);
}

}  // namespace agentauth
