// Whether anybody is left who may administer, as a transaction sees it.
#pragma once

#include "base/time.h"
#include "directory/directory.h"
#include "store/transaction.h"

namespace agentauth::internal {

// Whether some active agent is an administrator after what the transaction has changed. Looks at
// `first` before it looks for others: all holders are many rows. REQUIRES: the changes are locked.
Result<bool> has_administrator(Directory& directory, Transaction& tx, AgentId first, Timestamp now);

}  // namespace agentauth::internal
