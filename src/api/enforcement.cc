#include "api/enforcement.h"

#include <algorithm>

#include "api/audit_trail.h"

namespace agentauth::api {
namespace {

// Whether it could be counted; otherwise `spent` has all others of the same subject that are used
// up, however many were given and used one after the other.
Result<bool> spend(Services& services, GrantId grant, const std::string& use,
                   std::vector<GrantId>& spent) {
  return services.database.write_apart([&](Transaction& tx) -> Result<bool> {
    if (TRY(tx.grants().spend(grant, use, services.clock.now()))) return true;
    const auto others = TRY(tx.grants().used_up_beside(grant));
    spent.insert(spent.end(), others.begin(), others.end());
    return false;
  });
}

// The same without counting it.
Result<bool> is_left(Services& services, GrantId grant, std::int64_t max_uses,
                     std::vector<GrantId>& spent) {
  return services.database.read([&](Transaction& tx) -> Result<bool> {
    if (TRY(tx.grants().count_uses(grant)) < max_uses) return true;
    const auto others = TRY(tx.grants().used_up_beside(grant));
    spent.insert(spent.end(), others.begin(), others.end());
    return false;
  });
}

void put_in_order(std::vector<GrantId>& spent) {
  std::sort(spent.begin(), spent.end());
  spent.erase(std::unique(spent.begin(), spent.end()), spent.end());
}

// `take` uses one up, or says that there is none left; `look_at` sees the first decision.
using Take = FunctionRef<Result<bool>(GrantId grant, std::int64_t max_uses)>;
using LookAt = FunctionRef<void(const Decision&)>;
Result<Enforced> decide_and_take(Services& services, std::vector<GrantId>& spent, Ask ask,
                                 LookAt look_at, Take take) {
  for (int round = 0; round < rounds_max; ++round) {
    Enforced enforced;
    std::int64_t max_uses = 0;
    {
      const Directory::View view(services.directory);
      const Decision decision = TRY(ask(view, spent));
      enforced = enforced_by(decision);
      if (decision.is_to_be_spent()) max_uses = decision.rule->max_uses;
      if (round == 0) look_at(decision);
    }
    if (max_uses == 0) return enforced;
    if (TRY(take(*enforced.grant, max_uses))) return enforced;
    spent.push_back(*enforced.grant);
    put_in_order(spent);
  }
  return Enforced{Reason::uses_spent};
}

Result<Enforced> enforce_seen(Services& services, std::optional<AgentId> about,
                              const std::string& use, Ask ask, LookAt look_at) {
  std::vector<GrantId> spent;
  const Enforced enforced =
      TRY(decide_and_take(services, spent, ask, look_at, [&](GrantId grant, std::int64_t) {
        return spend(services, grant, use, spent);
      }));
  note_use(services, enforced, about);
  return enforced;
}

AuditTarget target_of_matches(const AskedAbout& asked, const Decision& decision) {
  const auto permission = AuditText::of_permission(asked.action);
  const AuditReason why_not = decision.as_allow == Reason::granted
                                  ? AuditReason::none
                                  : audit_reason(to_string(decision.as_allow));
  std::vector<AuditText> grants;
  for (const GrantRule* rule : decision.audited.rules())
    grants.push_back(AuditText::of_id(rule->id));
  const auto detail =
      AuditText::of_matches(permission, grants, decision.audited.are_cut_off(), why_not);
  if (asked.resource.empty()) return {AuditTargetType::permission, permission, asked.agent, detail};
  return {AuditTargetType::resource, AuditText::of_principal(asked.resource), asked.agent, detail};
}

}  // namespace

Result<Enforced> enforce(Services& services, const ApiExchange& exchange, const AskedAbout& asked,
                         const std::string& use, Ask ask) {
  return enforce_seen(services, asked.agent, use, ask, [&](const Decision& decision) {
    if (!exchange.is_admission_recorded) record_audited(services, exchange, asked, decision);
  });
}

Result<Enforced> enforce_about(Services& services, const ApiExchange& exchange,
                               const AskedAbout& asked, const std::string& use, Ask ask) {
  return enforce_seen(services, asked.agent, use, ask, [&](const Decision& decision) {
    record_audited(services, exchange, asked, decision);
  });
}

void note_use(Services& services, const Enforced& enforced, std::optional<AgentId> about) {
  if (!enforced.allowed()) return;
  const Timestamp now = services.clock.now();
  if (enforced.grant) {
    services.grant_uses.note_grant(*enforced.grant, now);
  } else if (enforced.held != no_name && about) {
    services.grant_uses.note_permission(*about, enforced.held, now);
  }
}

Result<Enforced> foresee(Services& services, std::vector<GrantId>& spent, Ask ask) {
  return decide_and_take(
      services, spent, ask, [](const Decision&) {},
      [&](GrantId grant, std::int64_t max_uses) {
        return is_left(services, grant, max_uses, spent);
      });
}

void UsesLeft::note(const Decision& decision) {
  if (!decision.is_to_be_spent()) return;
  const GrantRule& rule = *decision.rule;
  if (std::find(left_.begin(), left_.end(), rule.id) == left_.end())
    noted_[rule.id] = rule.max_uses;
}

Result<bool> UsesLeft::look_up(Services& services) {
  if (noted_.empty()) return false;
  if (++rounds_ > rounds_max)
    return failure(Errc::unavailable, "Too many grants are counted to look at all of them");
  for (const auto& [grant, max_uses] : noted_) {
    const bool has_uses = TRY(is_left(services, grant, max_uses, spent_));
    (has_uses ? left_ : spent_).push_back(grant);
  }
  put_in_order(spent_);
  noted_.clear();
  return true;
}

std::string new_use(Services& services) { return services.random.base62(22); }

void record_audited(const Services& services, const ApiExchange& exchange, const AskedAbout& asked,
                    const Decision& decision) {
  if (decision.audited.empty()) return;
  const auto outcome = decision.allowed() ? AuditOutcome::success : AuditOutcome::denied;
  AuditEvent event = event_of(services, exchange, outcome, AuditReason::audit_grant,
                              target_of_matches(asked, decision));
  event.on_behalf_of = AuditText::of_principal(asked.on_behalf_of);
  services.recorder.record_denial(std::move(event));
}

}  // namespace agentauth::api
