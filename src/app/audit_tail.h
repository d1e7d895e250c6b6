// The audit command that asks a server: tail.
#pragma once

#include <ostream>

#include "app/api_client.h"
#include "app/command_line.h"

namespace agentauth::app {

// The newest events, oldest of them first; with --follow goes on until it is stopped or `out`
// fails. Errors: those of the API; gone when the trail ends before what was seen of it, or has
// forgotten what followed.
Result<int> tail_audit(const CommandLine& line, ApiClient& api, std::ostream& out);

}  // namespace agentauth::app
