// Whether anybody is left who may administer, as a transaction sees it.
#pragma once

#include "base/time.h"
#include "store/transaction.h"

namespace agentauth::internal {

// Whether some active agent holds agentauth:* or * without a condition and a count, by itself or by
// its roles and groups, and no deny takes any of it. Stops at the first one.
Result<bool> has_administrator(Transaction& tx, Timestamp now);

}  // namespace agentauth::internal
