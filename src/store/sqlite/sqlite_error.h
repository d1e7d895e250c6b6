// What SQLite's result codes mean to whoever uses a Session.
#pragma once

#include <string_view>

#include "base/result.h"

namespace agentauth {

// `code` is an extended result code, `words` is what SQLite says about it (kept for the log).
Error sqlite_error(int code, std::string_view words);

// After such a code the connection may hold stale or wrong pages; a new one looks afresh.
bool breaks_sqlite_session(int code);

}  // namespace agentauth
