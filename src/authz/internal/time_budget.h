// How long one piece of work may take while everybody else waits for it.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace agentauth::internal {

class TimeBudget {
 public:
  using Steady = std::chrono::steady_clock;

  static TimeBudget unbounded() { return TimeBudget(Steady::time_point::max()); }
  explicit TimeBudget(std::chrono::milliseconds length) : TimeBudget(Steady::now() + length) {}

  // Errors: unavailable, once it is used up.
  Result<void> check() const {
    if (Steady::now() < end_) return {};
    return failure(Errc::unavailable,
                   "That takes too long while nobody else can write; nothing was changed. "
                   "Apply it in parts, each with keep, or when the database has less to do");
  }

 private:
  explicit TimeBudget(Steady::time_point end) : end_(end) {}

  Steady::time_point end_;
};

}  // namespace agentauth::internal
