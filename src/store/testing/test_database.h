// A new database of each kind, for one test.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "store/database.h"

namespace agentauth::testing {

enum class Backend { sqlite_memory, sqlite_disk, postgresql };
// What PostgreSQL's database begins with; those of SQLite, which are made quickly, begin empty.
enum class Begins { empty, migrated };
std::string_view to_string(Backend backend);

// Takes what a Result holds, or throws its error, which fails the test with the driver's words.
template <class T>
T must(Result<T> result);
[[noreturn]] void throw_error(const Error& error);

// A directory that is gone with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Declare it before the Database objects that use it, so that it outlives them.
class TestDatabase {
 public:
  explicit TestDatabase(Backend backend, Begins begins = Begins::empty);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  // Each opening of sqlite::memory: is a database of its own; the others are shared.
  const std::string& url() const { return url_; }
  std::unique_ptr<Database> open() const { return must(Database::open(url_)); }
  std::unique_ptr<Database> open_migrated() const;

  // Where sqlite_disk keeps its file; the name of the PostgreSQL database.
  const std::filesystem::path& path() const { return path_; }
  const std::string& name() const { return name_; }

 private:
  std::unique_ptr<TemporaryDirectory> directory_;
  std::filesystem::path path_;
  std::string name_;
  std::string url_;
};

template <class T>
T must(Result<T> result) {
  if (!result) throw_error(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace agentauth::testing
