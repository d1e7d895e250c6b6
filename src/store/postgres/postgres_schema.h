// What a PostgreSQL database does by itself, beside what this program tells it.
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace agentauth {

// A trigger or a rule in it would change what is written ever after; a view or a table of another
// server in the place of one of ours, or a row security policy, what is read. This program makes
// none of them. Looks in all schemas of the search path and lets pass what extensions made. Reads
// only. Errors: invalid_argument, which names the first that it found.
Result<void> require_no_foreign_code(Database& database);

}  // namespace agentauth
