#include "limits/limit_service.h"

namespace agentauth {

void LimitService::configure(LimitConfiguration configuration) {
  const std::lock_guard lock(configuring_);
  configuration_ = std::move(configuration);
  stored_.follow_again();
}

LimitConfiguration LimitService::configuration() const {
  const std::lock_guard lock(configuring_);
  return configuration_;
}

LimitSet LimitService::or_defaults(std::optional<LimitSet> put) const {
  if (put) return *std::move(put);
  auto configured = configuration().defaults;
  return configured ? *std::move(configured) : default_limits(limiter_.routes());
}

Result<LimitSet> LimitService::find(Transaction& tx, const ShowLimits&) {
  return or_defaults(TRY(stored_.find(tx)));
}

Result<LimitSet> LimitService::replace(Transaction& tx, const LimitSet& set) {
  TRY(check_limits(set, limiter_.routes()));
  TRY(stored_.replace(tx, set));
  return set;
}

Result<void> LimitService::follow(Revision settings_revision) {
  return stored_.follow(settings_revision, [&](std::optional<LimitSet> set) -> Result<void> {
    const LimitSet known =
        configuration().enforced
            ? without_what_never_counts(or_defaults(std::move(set)), limiter_.routes())
            : LimitSet{};
    TRY(check_limits(known, limiter_.routes()));
    limiter_.replace(known);
    return {};
  });
}

}  // namespace agentauth
