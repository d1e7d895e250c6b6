#include "api/enforcement.h"

#include "api/audit_trail.h"

namespace agentauth::api {
namespace {

// Each is one more subject, or one more permission, whose counted grants would allow the same.
constexpr int rounds_max = 64;

// Whether it could be counted; otherwise `spent` has one more, and with it all those of the same
// subject that are used up, however many were given and used one after the other.
Result<bool> spend(Services& services, GrantId grant, const std::string& use,
                   std::vector<GrantId>& spent) {
  return services.database.write_apart([&](Transaction& tx) -> Result<bool> {
    if (TRY(tx.grants().spend(grant, use, services.clock.now()))) return true;
    const auto others = TRY(tx.grants().used_up_beside(grant));
    spent.push_back(grant);
    spent.insert(spent.end(), others.begin(), others.end());
    return false;
  });
}

}  // namespace

Result<Enforced> enforce(Services& services, const ApiExchange& exchange, const std::string& use,
                         Ask ask) {
  std::vector<GrantId> spent;
  for (int round = 0; round < rounds_max; ++round) {
    Enforced enforced;
    bool is_to_be_spent = false;
    {
      const Directory::View view(services.directory);
      const Decision decision = TRY(ask(view, spent));
      enforced.reason = decision.reason;
      if (decision.rule != nullptr) enforced.grant = decision.rule->id;
      is_to_be_spent = decision.is_to_be_spent();
      if (round == 0) record_audited(services, exchange, view, decision);
    }
    if (!is_to_be_spent) return enforced;
    if (TRY(spend(services, *enforced.grant, use, spent))) return enforced;
  }
  return Enforced{Reason::uses_spent};
}

std::string new_use(Services& services) { return services.random.base62(22); }

void record_audited(const Services& services, const ApiExchange& exchange,
                    const Directory::View& view, const Decision& decision) {
  if (decision.audited == nullptr) return;
  const auto outcome = decision.allowed() ? AuditOutcome::success : AuditOutcome::denied;
  services.recorder.record_denial(
      event_of(services, exchange, outcome, AuditReason::audit_grant,
               {AuditTargetType::permission,
                AuditText::of_permission(view.names().text(decision.audited->action)),
                exchange.subject.agent_id, AuditText::of_id(decision.audited->id)}));
}

}  // namespace agentauth::api
