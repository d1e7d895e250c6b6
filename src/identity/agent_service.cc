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
