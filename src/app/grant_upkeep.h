// What grants and memberships with terms need now and then, off the path of requests.
#pragma once

#include "base/function_ref.h"
#include "base/time.h"
#include "model/audit_event.h"
#include "store/database.h"

namespace agentauth::app {

// Whoever comes back with the same use later than this uses the grant once more.
inline constexpr std::chrono::hours grant_uses_kept{24};
inline constexpr std::int64_t grant_uses_swept_at_once = 500;

// Forgets a batch of uses that nobody comes back with; says whether there is more to do.
Result<bool> sweep_grant_uses(Database& database, Timestamp now);

// So long a grant or a membership that has ended can be looked at, and made to last again.
inline constexpr std::chrono::hours ended_kept{30 * 24};
inline constexpr std::int64_t ended_swept_at_once = 500;

// Erases a batch of those that ended longer ago, on record as by schedule; says whether there is
// more to do. `recorded` is told of each event once it is committed.
Result<bool> sweep_ended(Database& database, const AuditText& node, Timestamp now,
                         FunctionRef<void(const AuditEvent&)> recorded);

}  // namespace agentauth::app
