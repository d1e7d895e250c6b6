// What a PostgreSQL database does beside what this process tells it: by itself, and for others.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/database.h"

namespace agentauth {

// A trigger or a rule in it would change what is written ever after; a view or a table of another
// server in the place of one of ours, or a row security policy, what is read. This program makes
// none of them. Looks in all schemas of the search path and lets pass what extensions made. Reads
// only. Errors: invalid_argument, which names the first that it found.
Result<void> require_no_foreign_code(Database& database);

// How many sessions of this program are in the database beside the caller's own, from whatever
// machine: of servers and of commands, by the application_name, which everybody may read
// (PostgreSQL, pg_stat_activity). One whose process was just killed may still be among them.
// REQUIRES: this thread alone uses `database`. Errors: unavailable.
Result<std::int64_t> count_other_sessions(Database& database);

}  // namespace agentauth
