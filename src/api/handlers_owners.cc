// The kill switch for all agents of an owner.
#include <map>
#include <optional>

#include "api/audit_trail.h"
#include "api/authority.h"
#include "api/handlers.h"

namespace agentauth::api {
namespace {

// Agents as the transaction sees them. Whatever is newer than the directory stands in the change
// log, so that an owner's thousands of agents need not be read one by one.
class CommittedAgents {
 public:
  // After the changes were locked.
  static Result<CommittedAgents> read(Services& services, Transaction& tx) {
    CommittedAgents agents;
    for (Revision known = services.directory.revision();;) {
      const auto changes = TRY(tx.changes().after(known, changes_a_page));
      if (changes.empty()) return agents;
      for (const Change& change : changes) TRY(agents.read_changed(services.directory, tx, change));
      known = changes.back().revision;
    }
  }

  Actor find(const Directory::View& view, AgentId id) const {
    const auto newer = newer_.find(id);
    if (newer == newer_.end()) return Actor(view, view.find_agent(id));
    return newer->second ? Actor(*newer->second) : Actor();
  }

 private:
  static constexpr std::int64_t changes_a_page = 1000;

  Result<void> read_changed(Directory& directory, Transaction& tx, const Change& change) {
    // Neither says anything of what an agent holds.
    if (change.kind == ChangeKind::status || change.kind == ChangeKind::token_family) return {};
    // A role, or another principal, is none of the owner's agents.
    if (!change.name.empty()) return {};
    if (newer_.contains(change.agent_id)) return {};
    newer_.emplace(change.agent_id, TRY(directory.read_agent(tx, change.agent_id)));
    return {};
  }

  std::map<AgentId, std::optional<Directory::Committed>> newer_;
};

// One that may not be managed makes the whole call fail: a switch that is thrown by half misleads.
Result<void> require_management(const Directory::View& view, const Actor& caller,
                                const CommittedAgents& committed,
                                const std::vector<AgentId>& agents, Timestamp now) {
  for (const AgentId id : agents)
    if (!may_manage(view, caller, committed.find(view, id), now))
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
        const auto decided_by = TRY(decide_again(services, tx, exchange));
        const auto committed = TRY(CommittedAgents::read(services, tx));
        auto agents = TRY(services.agents.set_status_of_owner(tx, request.email, status));
        const Directory::View view(services.directory);
        const Timestamp now = services.clock.now();
        const Parties parties = TRY(decided_by->parties(view, now));
        TRY(require_management(view, parties.caller, committed, agents, now));
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
