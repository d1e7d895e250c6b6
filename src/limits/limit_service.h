// Which limits are in force: kept in the database, followed by every node.
#pragma once

#include "limits/limiter.h"
#include "store/followed_setting.h"

namespace agentauth {

struct ShowLimits {
  static constexpr std::array<Field, 0> fields() { return {}; }
};

class LimitService {
 public:
  // Switched off, limits are kept and shown but nothing is limited.
  enum class Enforced : bool { no, yes };

  // Both are the caller's and outlive this.
  LimitService(Database& database, Limiter& limiter, Enforced enforced);

  // Those that were put last; the defaults while nobody has put any.
  Result<LimitSet> find(Transaction& tx, const ShowLimits& request);
  // All of them at once, the defaults too: an empty list means that nothing is limited.
  // Errors: invalid_argument.
  Result<LimitSet> replace(Transaction& tx, const LimitSet& set);

  // Puts what the database holds in force: see FollowedSetting::follow.
  Result<void> follow(Revision settings_revision);

 private:
  FollowedSetting<LimitSet> stored_;
  Limiter& limiter_;
  const Enforced enforced_;
};

}  // namespace agentauth
