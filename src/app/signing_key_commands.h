// The signing-key commands, straight on the database.
#pragma once

#include <ostream>

#include "app/command_line.h"
#include "app/options.h"
#include "base/result.h"

namespace agentauth::app {

// Errors, here and below: conflict when a configured secret signs instead; what is wrong with the
// database or the master key, and what to do.
Result<int> list_signing_keys(const CommandLine& line, const Options& options, std::ostream& out);

// Returns when every server that runs on the database and can reach it follows.
// Errors: conflict when the next key is published already.
Result<int> rotate_signing_key(const CommandLine& line, const Options& options, std::ostream& out);

}  // namespace agentauth::app
