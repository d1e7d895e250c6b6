// agentauth backup and restore: the embedded database, copied and put back.
#pragma once

#include <ostream>

#include "app/command_line.h"
#include "app/options.h"
#include "base/result.h"

namespace agentauth::app {

// Errors: invalid_argument when the database is no file, conflict when --to is there already or
// the copy is not what was recorded, unavailable.
Result<int> backup_database(const CommandLine& line, const Options& options, std::ostream& out);

// Says on `advice` what the operator has to do again. Errors: invalid_argument when the backup is
// none, or of another master key or a newer program; conflict when a server runs, there is a
// database already or the backup is not what was recorded; unavailable. The database that was there
// is as it was then.
Result<int> restore_database(const CommandLine& line, const Options& options, std::ostream& out,
                             std::ostream& advice);

}  // namespace agentauth::app
