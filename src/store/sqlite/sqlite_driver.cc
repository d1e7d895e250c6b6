#include "store/sqlite/sqlite_driver.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "store/sqlite/sqlite_error.h"
#include "store/sqlite/sqlite_session.h"

namespace agentauth {
namespace {

constexpr ColumnTypes sqlite_column_types{
    .uuid = "TEXT",
    // RFC 9562 section 5.4: 122 random bits, version 4, variant 10.
    .new_uuid =
        "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || "
        "substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || "
        "substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))",
    .timestamp = "TEXT",
    .now = "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
    .bytes = "BLOB",
    .keyed_table = " WITHOUT ROWID",
    .ascii = "",
    .generated = "VIRTUAL",
};

// Every session has a cache of its own, and there is one session a thread: the decisions are made
// in memory elsewhere, so the cache only has to hold the upper levels of the indexes.
constexpr char settings[] =
    "PRAGMA cache_size = -512;"  // KiB
    "PRAGMA foreign_keys = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA synchronous = FULL;";

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds wal_attempt_pause{20};

tl::unexpected<Error> fail(sqlite3* connection, int code) {
  return tl::unexpected(
      sqlite_error(code, connection != nullptr ? sqlite3_errmsg(connection) : "no memory"));
}

// Before the first connection. Nobody asks how much memory is in use, and to count it takes a lock
// at each allocation of every thread.
void configure_library() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;  // refused when something else of the process came first: slower, not wrong
}

Result<SqliteConnection> open_connection(const std::string& name, int flags,
                                         milliseconds busy_wait = busy_wait_max) {
  configure_library();
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(
      name.c_str(), &opened,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | flags, nullptr);
  SqliteConnection connection(opened);
  if (code != SQLITE_OK) return fail(opened, code);
  wait_for_others(opened, busy_wait);
  distrust_file(opened);
  if (const int set = sqlite3_exec(opened, settings, nullptr, nullptr, nullptr); set != SQLITE_OK)
    return fail(opened, set);
  return connection;
}

// Turning a new file to WAL needs it alone for a moment, and there SQLite sometimes waits as long
// as it may and sometimes not at all: one deadline is over all attempts.
Result<void> use_wal(sqlite3* connection, Steady::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Steady::now());
    wait_for_others(connection, std::clamp(left, milliseconds{0}, busy_wait_max));
    bool is_wal = false;
    const int code = sqlite3_exec(
        connection, "PRAGMA journal_mode = WAL",
        [](void* answer, int, char** values, char**) {
          *static_cast<bool*>(answer) =
              values[0] != nullptr && std::string_view(values[0]) == "wal";
          return 0;
        },
        &is_wal, nullptr);
    wait_for_others(connection, busy_wait_max);
    if (code == SQLITE_OK && is_wal) return {};
    if (code == SQLITE_OK)
      return failure(Errc::unavailable, "The database is not available",
                     "sqlite: the file system does not support write-ahead logging");
    if ((code & 0xFF) != SQLITE_BUSY || left.count() <= 0) return fail(connection, code);
    std::this_thread::sleep_for(wal_attempt_pause);
  }
}

class SqliteFileDriver final : public Driver {
 public:
  SqliteFileDriver(std::string path, milliseconds wal_wait)
      : path_(std::move(path)), wal_wait_(wal_wait) {}

  Result<std::unique_ptr<Session>> connect() override {
    // Only at the start: an empty database in place of one that was moved away would forget every
    // agent, and nobody would hear of it.
    if (!opened_) TRY(create_missing_file());
    const auto deadline = Steady::now() + wal_wait_;
    SqliteConnection connection =
        TRY(open_connection(path_, 0, std::min(wal_wait_, busy_wait_max)));
    TRY(use_wal(connection.get(), deadline));
    opened_ = true;
    return std::make_unique<SqliteSession>(std::move(connection));
  }

  const ColumnTypes& column_types() const override { return sqlite_column_types; }
  std::string_view name() const override { return "sqlite"; }

 private:
  // SQLite would make the file with the umask's mode; the log and index beside it take the file's.
  // O_EXCL, because closing a descriptor of a file in use drops this process's locks on it.
  Result<void> create_missing_file() const {
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
      ::close(file);
      return {};
    }
    if (errno == EEXIST) return {};
    return failure(Errc::unavailable, "The database is not available",
                   "cannot create " + path_ + ": " + std::generic_category().message(errno));
  }

  const std::string path_;
  const milliseconds wal_wait_;
  std::atomic<bool> opened_{false};
};

class SqliteMemoryDriver final : public Driver {
 public:
  SqliteMemoryDriver(std::string name, SqliteConnection keeper)
      : name_(std::move(name)), keeper_(std::move(keeper)) {}

  Result<std::unique_ptr<Session>> connect() override {
    return std::make_unique<SqliteSession>(TRY(open_connection(name_, SQLITE_OPEN_URI)));
  }

  const ColumnTypes& column_types() const override { return sqlite_column_types; }
  std::string_view name() const override { return "sqlite"; }

 private:
  std::string name_;
  SqliteConnection keeper_;  // the database lives as long as somebody has it open
};

}  // namespace

std::unique_ptr<Driver> sqlite_file_driver(const std::string& path, milliseconds wal_wait) {
  return std::make_unique<SqliteFileDriver>(plain_file_name(path), wal_wait);
}

Result<std::unique_ptr<Driver>> sqlite_memory_driver() {
  // The memdb file system locks as a file does. Shared-cache mode, the other way to share a
  // database in memory, locks by table and answers "locked" where a file would wait.
  static std::atomic<int> count{0};
  const std::string name = "file:/agentauth-" + std::to_string(++count) + "?vfs=memdb";
  SqliteConnection keeper = TRY(open_connection(name, SQLITE_OPEN_URI | SQLITE_OPEN_CREATE));
  return std::make_unique<SqliteMemoryDriver>(name, std::move(keeper));
}

}  // namespace agentauth
