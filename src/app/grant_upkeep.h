// What grants that may be used so often need now and then, off the path of requests.
#pragma once

#include "base/time.h"
#include "store/database.h"

namespace agentauth::app {

// Whoever comes back with the same use later than this uses the grant once more.
inline constexpr std::chrono::hours grant_uses_kept{24};
inline constexpr std::int64_t grant_uses_swept_at_once = 500;

// Forgets a batch of uses that nobody comes back with; says whether there is more to do.
Result<bool> sweep_grant_uses(Database& database, Timestamp now);

}  // namespace agentauth::app
