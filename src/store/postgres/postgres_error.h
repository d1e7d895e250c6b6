// What PostgreSQL's SQLSTATE codes mean to whoever uses a Session.
#pragma once

#include <string_view>

#include "base/result.h"

namespace agentauth {

// `state` has five characters, or none when the connection itself failed; `words` is what the
// server or libpq says about it (kept for the log).
Error postgres_error(std::string_view state, std::string_view words);

// After such a state the server has closed the connection, or is about to.
bool breaks_postgres_session(std::string_view state);

// After such a state the transaction, tried again, may well succeed: writers blocked each other.
bool is_postgres_contention(std::string_view state);

// Errors: unavailable when the server is older than what our SQL needs.
// `version` is as PQserverVersion gives it: 130004 is 13.4.
Result<void> check_postgres_version(int version);

}  // namespace agentauth
