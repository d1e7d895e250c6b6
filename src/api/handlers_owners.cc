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

Result<void> set_status(Services& services, ApiExchange& exchange, AgentStatus status) {
  const auto request = TRY(exchange.decode_input<NameOwner>());
  const auto changed =
      TRY(services.database.write([&](Transaction& tx) -> Result<std::vector<AgentId>> {
        // Read before the change, which may concern the caller too.
        DecidedBy decided_by = TRY(decide_again(services, tx, exchange));
        auto agents = TRY(services.agents.set_status_of_owner(tx, request.email, status));
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
  return set_status(services, exchange, AgentStatus::suspended);
}

Result<void> resume_owner(Services& services, ApiExchange& exchange) {
  return set_status(services, exchange, AgentStatus::active);
}

}  // namespace agentauth::api
