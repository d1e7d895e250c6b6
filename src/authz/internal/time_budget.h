// How long one piece of work may take while everybody else waits for it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

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

  // So many at a time that it is looked at in between. Errors: those of `run`, and of check().
  template <class T, class Run>
  Result<void> in_parts(const std::vector<T>& all, Run run) const {
    for (std::span<const T> rest(all); !rest.empty();) {
      TRY(check());
      const auto part = rest.first(std::min(rest.size(), part_max));
      TRY(run(part));
      rest = rest.subspan(part.size());
    }
    return {};
  }

 private:
  static constexpr std::size_t part_max = 1024;

  explicit TimeBudget(Steady::time_point end) : end_(end) {}

  Steady::time_point end_;
};

}  // namespace agentauth::internal
