// The signing-key commands, straight on the database.
#pragma once

#include <ostream>

#include "app/command_line.h"
#include "app/options.h"
#include "base/result.h"

namespace agentauth::app {

// Says in `advice` when the servers sign with a configured secret. Errors, here and of a rotation:
// conflict when such a secret is among the options; of all: what is wrong with the database or the
// master key, and what to do.
Result<int> list_signing_keys(const CommandLine& line, const Options& options, std::ostream& out,
                              std::ostream& advice);

// Returns when every server that runs on the database and can reach it follows.
// Errors: conflict when the next key is published already, or servers sign with a configured
// secret: a rotation would end none of their tokens.
Result<int> rotate_signing_key(const CommandLine& line, const Options& options, std::ostream& out);

// Of the configured secret. Errors: conflict when no server signs with one, or one was adopted
// before.
Result<int> adopt_signing_key(const CommandLine& line, const Options& options, std::ostream& out);

}  // namespace agentauth::app
