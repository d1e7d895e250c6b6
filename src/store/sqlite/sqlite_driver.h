// SQLite: the database inside the process, for one node.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "store/session.h"

namespace agentauth {

// How long a connect waits for others to let go of a file that is not yet in WAL mode.
inline constexpr std::chrono::milliseconds wal_wait_max{10'000};

// A database file in an existing directory, made with mode 0600 when it is missing at the first
// connect. Moved away or deleted later, it is unavailable.
std::unique_ptr<Driver> sqlite_file_driver(const std::string& path,
                                           std::chrono::milliseconds wal_wait = wal_wait_max);

// One database in memory, shared by the driver's sessions and gone with the driver. For tests.
Result<std::unique_ptr<Driver>> sqlite_memory_driver();

}  // namespace agentauth
