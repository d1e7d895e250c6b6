// Copies of a database file: whole and of one moment, also while others write to it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace agentauth {

// Makes the existing file `to` a copy of `from`, which is read in one transaction: a reader of a
// write-ahead log holds up no writer, and all pages are of the moment at which it began. Nothing is
// synced to the disk. Errors: unavailable; also when there is a symbolic link in `to`.
Result<void> copy_sqlite_file(const std::string& from, const std::string& to);

// Reads all of it. Errors: unavailable, with what SQLite found wrong.
Result<void> check_sqlite_file(const std::string& path);

// Whether it has the tables of this program. Looks at that file alone, leaves nothing beside it and
// takes no lock. REQUIRES: nobody writes it, and no log beside it holds what belongs into it.
bool is_database_of_ours(const std::string& path);

// Takes a file that nobody else has open out of write-ahead logging: it is then all there is of the
// database, and can be read where nothing may be written. Errors: unavailable; also when there is a
// symbolic link in its path.
Result<void> fold_sqlite_file(const std::string& path);

// Keeps every other process from using a database file while it lives.
class SqliteFileLock {
 public:
  // Errors: conflict, which names the process, when one has it open; unavailable.
  static Result<SqliteFileLock> take(const std::string& path);
  ~SqliteFileLock();
  SqliteFileLock(SqliteFileLock&& other) noexcept;
  SqliteFileLock(const SqliteFileLock&) = delete;
  SqliteFileLock& operator=(const SqliteFileLock&) = delete;
  SqliteFileLock& operator=(SqliteFileLock&&) = delete;

 private:
  explicit SqliteFileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;  // -1: moved from
};

}  // namespace agentauth
