// The audit commands that need no server: verify and export.
#pragma once

#include <ostream>

#include "app/command_line.h"
#include "app/options.h"
#include "base/result.h"

namespace agentauth::app {

// Checks the chain of the database, or of --file; says how far it goes and how far it was signed.
// Errors: conflict when it is not what was recorded, with the first number that is wrong.
Result<int> verify_audit(const CommandLine& line, const Options& options, std::ostream& out);

// Writes the trail, verifying it on the way. Errors: as above; then what was written is not whole.
Result<int> export_audit(const CommandLine& line, const Options& options, std::ostream& out);

}  // namespace agentauth::app
