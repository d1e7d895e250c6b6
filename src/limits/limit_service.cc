#include "limits/limit_service.h"

namespace agentauth {

LimitService::LimitService(Database& database, Limiter& limiter, Enforced enforced)
    : stored_(database, {"limits", "limits"}), limiter_(limiter), enforced_(enforced) {}

Result<LimitSet> LimitService::find(Transaction& tx, const ShowLimits&) {
  auto set = TRY(stored_.find(tx));
  return set ? *std::move(set) : default_limits(limiter_.routes());
}

Result<LimitSet> LimitService::replace(Transaction& tx, const LimitSet& set) {
  TRY(check_limits(set, limiter_.routes()));
  TRY(stored_.replace(tx, set));
  return set;
}

Result<void> LimitService::follow(Revision settings_revision) {
  return stored_.follow(settings_revision, [&](std::optional<LimitSet> set) -> Result<void> {
    if (enforced_ == Enforced::no) return {};
    const LimitSet known = without_what_never_counts(
        set ? *std::move(set) : default_limits(limiter_.routes()), limiter_.routes());
    TRY(check_limits(known, limiter_.routes()));
    limiter_.replace(known);
    return {};
  });
}

}  // namespace agentauth
