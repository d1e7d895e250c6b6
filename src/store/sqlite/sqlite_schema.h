// What a database file is made of, against what this program makes.
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace agentauth {

// A trigger, a view or a table of others in it would change what is written ever after. Planner
// statistics (ANALYZE) are let pass. Reads only. Errors: invalid_argument, which names the first
// object that a database of its schema version has not, or has otherwise; conflict when that
// version is newer than this program.
Result<void> require_own_schema(Database& database);

}  // namespace agentauth
