// Which limits are in force: kept in the database, followed by every node.
#pragma once

#include "limits/limiter.h"
#include "store/followed_setting.h"

namespace agentauth {

struct ShowLimits {
  static constexpr std::array<Field, 0> fields() { return {}; }
};

// What one node is configured with, apart from what is put for all of them.
struct LimitConfiguration {
  bool enforced = true;  // if not, limits are kept and shown but nothing is limited
  std::optional<LimitSet> defaults = {};  // instead of default_limits()
};

class LimitService {
 public:
  // Both are the caller's and outlive this.
  LimitService(Database& database, Limiter& limiter)
      : stored_(database, {"limits", "limits"}), limiter_(limiter) {}

  // In force from the next follow() on. REQUIRES: its defaults passed check_limits().
  void configure(LimitConfiguration configuration);

  // Those that were put last; the defaults while nobody has put any.
  Result<LimitSet> find(Transaction& tx, const ShowLimits& request);
  // All of them at once, the defaults too: an empty list means that nothing is limited.
  // Errors: invalid_argument.
  Result<LimitSet> replace(Transaction& tx, const LimitSet& set);

  // Puts what the database holds in force: see FollowedSetting::follow.
  Result<void> follow(Revision settings_revision);

 private:
  LimitConfiguration configuration() const;
  LimitSet or_defaults(std::optional<LimitSet> put) const;

  FollowedSetting<LimitSet> stored_;
  Limiter& limiter_;
  mutable std::mutex configuring_;
  LimitConfiguration configuration_;
};

}  // namespace agentauth
