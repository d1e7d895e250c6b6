// The routes that gateways ask about, as a file, over HTTP.
#pragma once

#include "app/client_call.h"

namespace agentauth::app {

// `get`: prints them, or writes them to FILE. `put`: replaces all of them by those of FILE.
Result<int> gateway_routes(const Call& call);

// As much as 1,000 routes may take; the server has the last word.
inline constexpr std::size_t gateway_routes_bytes_max = 2 * 1024 * std::size_t{1024};

}  // namespace agentauth::app
