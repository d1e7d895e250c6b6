// Times that people give to commands: a moment, how long ago, or how long.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace agentauth::app {

// 2026-01-31T12:00:00Z, or so many days or hours before `now`: 30d, 12h. At most 10,000 of them.
std::optional<Timestamp> parse_since(std::string_view text, Timestamp now);

// 30d, 12h or 86400, which is seconds; from a second to ten years of 365 days.
std::optional<std::chrono::seconds> parse_lifetime(std::string_view text);

}  // namespace agentauth::app
