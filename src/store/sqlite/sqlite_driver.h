// SQLite: the database inside the process, for one node.
#pragma once

#include <memory>
#include <string>

#include "store/session.h"

namespace agentauth {

// A database file in an existing directory, made with mode 0600 when it is missing at the first
// connect. Moved away or deleted later, it is unavailable.
std::unique_ptr<Driver> sqlite_file_driver(std::string path);

// One database in memory, shared by the driver's sessions and gone with the driver. For tests.
Result<std::unique_ptr<Driver>> sqlite_memory_driver();

}  // namespace agentauth
