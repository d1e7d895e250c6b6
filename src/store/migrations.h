// Numbered changes of the schema, applied at start under a lock.
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace agentauth {

// Applies what is missing and returns the version reached. Two servers starting at once on one
// empty database apply each migration once. Errors: unavailable; conflict when the database was
// written by a newer version than this one knows.
Result<int> apply_migrations(Database& database);

// The same up to a version that is not the last: a database as an older program left it.
Result<int> apply_migrations_up_to(Database& database, int last);

// The version this program needs.
int schema_version();
// Errors: conflict.
Result<void> refuse_newer_schema(int version);
// The version the database has; 0 when it is empty.
Result<int> find_schema_version(Transaction& tx);

}  // namespace agentauth
