// Times that people give to commands: a moment, or how long ago.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace agentauth::app {

// 2026-01-31T12:00:00Z, or so many days or hours before `now`: 30d, 12h. At most 10,000 of them.
std::optional<Timestamp> parse_since(std::string_view text, Timestamp now);

}  // namespace agentauth::app
