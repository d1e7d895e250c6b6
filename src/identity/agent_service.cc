#include "identity/agent_service.h"

namespace agentauth {

Result<Agent> AgentService::register_agent(Transaction& tx, const RegisterAgent& request) {
  const Agent agent = TRY(tx.agents().insert(request.agent_name, request.owner_email));
  TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
  return agent;
}

Result<Agent> AgentService::find(Transaction& tx, const NameAgent& request) {
  return tx.agents().find(request.agent_id);
}

Result<Agent> AgentService::update(Transaction& tx, const UpdateAgent& request) {
  const Agent agent = TRY(tx.agents().update(
      request.agent_id, {request.agent_name, request.owner_email, request.labels}, clock_.now()));
  TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
  return agent;
}

Result<Agent> AgentService::suspend(Transaction& tx, const NameAgent& request) {
  return set_status(tx, request.agent_id, AgentStatus::suspended);
}

Result<Agent> AgentService::resume(Transaction& tx, const NameAgent& request) {
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

Result<std::vector<AgentId>> AgentService::set_status_of_owner(Transaction& tx,
                                                               const std::string& owner,
                                                               AgentStatus status) {
  auto agents = TRY(tx.agents().set_status_of_owner(owner, status, clock_.now()));
  if (agents.empty()) return failure(Errc::not_found, "No agent has this owner");
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
