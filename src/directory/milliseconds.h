// Times as records keep them: milliseconds since the epoch. What has no beginning or no end has a
// number that no time can be spelled by: the epoch itself is a time like any other.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "base/time.h"

namespace agentauth {

inline constexpr std::int64_t always_ms = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t never_ms = std::numeric_limits<std::int64_t>::max();

inline std::int64_t begin_ms(const std::optional<Timestamp>& begin) {
  return begin ? begin->time_since_epoch().count() : always_ms;
}
inline std::int64_t end_ms(const std::optional<Timestamp>& end) {
  return end ? end->time_since_epoch().count() : never_ms;
}
// The other way.
inline std::optional<Timestamp> bound_of(std::int64_t ms) {
  if (ms == always_ms || ms == never_ms) return std::nullopt;
  return Timestamp{std::chrono::milliseconds{ms}};
}

}  // namespace agentauth
