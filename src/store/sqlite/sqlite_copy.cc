#include "store/sqlite/sqlite_copy.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "store/sqlite/sqlite_error.h"
#include "store/sqlite/sqlite_session.h"

namespace agentauth {
namespace {

constexpr int all_pages = -1;

tl::unexpected<Error> fail(sqlite3* connection, int code) {
  return tl::unexpected(
      sqlite_error(code, connection != nullptr ? sqlite3_errmsg(connection) : "no memory"));
}

Result<SqliteConnection> open_named(const std::string& name, int access) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &opened,
                                   access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  SqliteConnection connection(opened);
  if (code != SQLITE_OK) return fail(opened, code);
  wait_for_others(opened, busy_wait_max);
  distrust_file(opened);
  return connection;
}

Result<SqliteConnection> open_file(const std::string& path, int access) {
  return open_named(plain_file_name(path), access);
}

// https://www.sqlite.org/uri.html: a file that nobody changes is read without a log, its index or a
// lock; to read one in write-ahead mode makes the first two otherwise, and leaves them there.
Result<SqliteConnection> open_unchanging(const std::string& path) {
  std::string name = path.starts_with('/') ? "file://" : "file:";
  for (const char c : plain_file_name(path)) {
    if (c == '%' || c == '?' || c == '#') {
      name += '%' + hex_encode(as_bytes(std::string_view(&c, 1)));
    } else {
      name += c;
    }
  }
  return open_named(name + "?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

// Runs a statement that answers with one text.
Result<std::string> ask(sqlite3* connection, const char* sql) {
  std::string answer;
  const int code = sqlite3_exec(
      connection, sql,
      [](void* out, int, char** values, char**) {
        if (values[0] != nullptr) *static_cast<std::string*>(out) = values[0];
        return 0;
      },
      &answer, nullptr);
  if (code != SQLITE_OK) return fail(connection, code);
  return answer;
}

// SQLite answers with the mode there is, also when it is not the one that was asked for.
Result<void> set_journal_mode(sqlite3* connection, const char* sql, std::string_view wanted) {
  const std::string mode = TRY(ask(connection, sql));
  if (mode == wanted) return {};
  return failure(Errc::unavailable, "The database is not available",
                 "sqlite: the journal mode stays " + mode);
}

struct flock whole_lock_range() {
  // https://www.sqlite.org/src/file/src/os.h: the pending, reserved and shared bytes.
  constexpr off_t pending_byte = 0x40000000;
  constexpr off_t lock_bytes = 512;
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = pending_byte;
  range.l_len = lock_bytes;
  return range;
}

tl::unexpected<Error> in_use(int descriptor) {
  struct flock holder = whole_lock_range();
  const bool known =
      ::fcntl(descriptor, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK && holder.l_pid > 0;
  return failure(Errc::conflict,
                 known ? "process " + std::to_string(holder.l_pid) + " has the database open"
                       : "another process has the database open");
}

}  // namespace

Result<void> copy_sqlite_file(const std::string& from, const std::string& to) {
  const SqliteConnection source = TRY(open_file(from, SQLITE_OPEN_READONLY));
  const SqliteConnection copy = TRY(open_file(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW));
  // Half a copy is worth nothing, so nothing has to be left on the disk to roll back to. (OFF is
  // not to be had where the file is not trusted.)
  TRY(set_journal_mode(copy.get(), "PRAGMA journal_mode = MEMORY", "memory"));
  TRY(ask(copy.get(), "PRAGMA synchronous = OFF"));
  sqlite3_backup* const backup = sqlite3_backup_init(copy.get(), "main", source.get(), "main");
  if (backup == nullptr) return fail(copy.get(), sqlite3_errcode(copy.get()));
  // In steps it would begin anew whenever another process writes between two of them.
  const int stepped = sqlite3_backup_step(backup, all_pages);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped == SQLITE_DONE && finished == SQLITE_OK) return {};
  return fail(copy.get(), stepped == SQLITE_DONE ? finished : stepped);
}

Result<void> check_sqlite_file(const std::string& path) {
  const SqliteConnection connection = TRY(open_file(path, SQLITE_OPEN_READONLY));
  const std::string found = TRY(ask(connection.get(), "PRAGMA integrity_check(1)"));
  if (found == "ok") return {};
  return tl::unexpected(sqlite_error(SQLITE_CORRUPT, found));
}

bool is_database_of_ours(const std::string& path) {
  const auto connection = open_unchanging(path);
  if (!connection) return false;
  const auto found = ask(connection->get(),
                         "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
                         "('schema_migrations', 'agents', 'api_keys', 'change_counter')");
  return found.value_or("") == "4";
}

Result<void> fold_sqlite_file(const std::string& path) {
  const SqliteConnection connection =
      TRY(open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW));
  return set_journal_mode(connection.get(), "PRAGMA journal_mode = DELETE", "delete");
}

Result<SqliteFileLock> SqliteFileLock::take(const std::string& path) {
  SqliteFileLock lock(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (lock.descriptor_ < 0)
    return failure(Errc::unavailable, "The database is not available",
                   "cannot open " + path + ": " + std::generic_category().message(errno));
  struct flock range = whole_lock_range();
  // Of the open file and not of the process: closing another descriptor of it changes nothing.
  if (::fcntl(lock.descriptor_, F_OFD_SETLK, &range) == 0) return lock;
  return in_use(lock.descriptor_);
}

SqliteFileLock::~SqliteFileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SqliteFileLock::SqliteFileLock(SqliteFileLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace agentauth
