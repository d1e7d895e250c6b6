// The arithmetic of a limit: the generic cell rate algorithm (GCRA), the token bucket that needs
// one number. Pure functions; times are nanoseconds of a steady clock.
//
// The number is the moment at which the bucket will be full again, its "debt": a request moves it
// on by one interval, and is admitted if it then lies no further ahead than the whole bucket is
// worth. So never more than burst + rate · t requests are admitted in any time t.
#pragma once

#include <algorithm>
#include <cstdint>

namespace agentauth {

struct LimitRate {
  std::int64_t interval_ns = 1;  // one request's worth, rounded up: never more than the rate
  std::int64_t burst = 1;

  constexpr std::int64_t capacity_ns() const { return interval_ns * burst; }
  // One of `nodes` that have it together: all of them admit no more than one would, unless the
  // burst is smaller than their number.
  constexpr LimitRate share_of(std::int64_t nodes) const {
    return {interval_ns * nodes, std::max<std::int64_t>(burst / nodes, 1)};
  }
};

// The debt after one more request at `now`.
constexpr std::int64_t charged(std::int64_t debt_until, std::int64_t now, const LimitRate& rate) {
  return std::max(debt_until, now) + rate.interval_ns;
}

constexpr bool fits(std::int64_t debt_until, std::int64_t now, const LimitRate& rate) {
  return debt_until - now <= rate.capacity_ns();
}

// What is left of a bucket.
struct Quota {
  std::int64_t remaining = 0;
  std::int64_t retry_in_ns = 0;  // until one request fits again; 0: it fits now
  std::int64_t full_in_ns = 0;
};

constexpr Quota quota_of(std::int64_t debt_until, std::int64_t now, const LimitRate& rate) {
  const std::int64_t debt = std::max<std::int64_t>(debt_until - now, 0);
  const std::int64_t spare = rate.capacity_ns() - debt;
  return {.remaining = std::max<std::int64_t>(spare, 0) / rate.interval_ns,
          .retry_in_ns = std::max<std::int64_t>(rate.interval_ns - spare, 0),
          .full_in_ns = debt};
}

}  // namespace agentauth
