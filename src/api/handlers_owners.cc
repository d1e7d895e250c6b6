// The kill switch for all agents of an owner.
#include "api/audit_trail.h"
#include "api/authority.h"
#include "api/handlers.h"

namespace agentauth::api {
namespace {

// One that may not be managed makes the whole call fail: a switch that is thrown by half misleads.
// Of an owner's thousands of agents those alone are read that there are news of.
Result<void> require_management(Transaction& tx, Author& author,
                                const std::vector<AgentId>& agents) {
  for (const AgentId id : agents)
    if (!may_manage(author.view(), author.actor(), TRY(author.find(tx, id)), author.now()))
      return failure(Errc::permission_denied, "Permission denied",
                     "the caller may not manage all agents of the owner");
  return {};
}

// Each agent has the event in its own history.
AuditEvent event_about(const Services& services, const ApiExchange& exchange, AgentId agent) {
  return event_of(services, exchange, AuditOutcome::success, AuditReason::none,
                  {AuditTargetType::agent, AuditText::of_id(agent), agent});
}

using Switch = Result<std::vector<AgentId>> (AgentService::*)(Transaction&, const std::string&);

Result<void> throw_switch(Services& services, ApiExchange& exchange, Switch change) {
  const auto request = TRY(exchange.decode_input<NameOwner>());
  const auto changed =
      TRY(services.database.write([&](Transaction& tx) -> Result<std::vector<AgentId>> {
        // Read before the change, which may concern the caller too.
        DecidedBy decided_by = TRY(decide_again(services, tx, exchange));
        auto agents = TRY((services.agents.*change)(tx, request.email));
        TRY(require_management(tx, decided_by->author(), agents));
        for (const AgentId agent : agents) tx.record(event_about(services, exchange, agent));
        return agents;
      }));
  for (const AgentId agent : changed)
    services.recorder.count(event_about(services, exchange, agent));
  exchange.answer(exchange.operation->status,
                  ChangedOwner{request.email, static_cast<std::int64_t>(changed.size())});
  return {};
}

}  // namespace

Result<void> suspend_owner(Services& services, ApiExchange& exchange) {
  return throw_switch(services, exchange, &AgentService::suspend_owner);
}

Result<void> resume_owner(Services& services, ApiExchange& exchange) {
  return throw_switch(services, exchange, &AgentService::resume_owner);
}

}  // namespace agentauth::api
