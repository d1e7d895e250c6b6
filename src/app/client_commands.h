// The commands that speak HTTP: agent, permission, key, check, ready and more.
#pragma once

#include <ostream>

#include "app/command_line.h"
#include "app/options.h"
#include "app/transport.h"
#include "base/result.h"

namespace agentauth::app {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_denied = 3;
inline constexpr int exit_unreachable = 4;

bool is_client_command(CommandId id);

// REQUIRES: is_client_command. Writes what it found to `out`; returns the exit code. Errors:
// invalid_argument for what the caller got wrong, unavailable when the server is out of reach.
Result<int> run_client_command(const CommandLine& line, const Options& options,
                               Transport& transport, std::ostream& out);

}  // namespace agentauth::app
