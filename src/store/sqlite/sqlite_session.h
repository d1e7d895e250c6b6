// A session on the SQLite C API.
#pragma once

#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

#include "store/session.h"

struct sqlite3;
struct sqlite3_stmt;

namespace agentauth {

struct CloseSqlite {
  void operator()(sqlite3* connection) const;
};
using SqliteConnection = std::unique_ptr<sqlite3, CloseSqlite>;

// How long a statement waits for the locks of others; sessions go back to it after each exception.
inline constexpr std::chrono::milliseconds busy_wait_max{5'000};
void wait_for_others(sqlite3* connection, std::chrono::milliseconds at_most);

// The same file by a name that SQLite takes neither for a URI nor for a database in memory.
std::string plain_file_name(const std::string& path);

// A damaged or forged file must not make SQLite do more than read and write rows.
void distrust_file(sqlite3* connection);

class SqliteSession final : public Session {
 public:
  explicit SqliteSession(SqliteConnection connection) : connection_(std::move(connection)) {}

  using Session::execute;
  using Session::query;
  Result<void> query(Sql sql, std::span<const Param> params, EachRow each) override;
  Result<std::int64_t> execute(Sql sql, std::span<const Param> params) override;
  Result<void> run_script(const std::string& script) override;
  Result<bool> has_table(const std::string& name) override;

  Result<void> begin(Access access) override;
  Result<void> commit() override;
  void rollback() override;

  bool broken() const override { return broken_; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct Prepared {
    std::unique_ptr<sqlite3_stmt, Finalize> statement;
    std::vector<int> places;  // where SQLite binds $1, $2, …: it numbers names as they appear
  };
  class Running;

  Result<Prepared*> prepare(Sql sql);
  Result<void> check_place();
  Result<void> bind(const Prepared& prepared, std::span<const Param> params);
  Result<void> begin_snapshot(Access access);
  void leave_transaction();
  tl::unexpected<Error> fail(int code);

  SqliteConnection connection_;
  std::unordered_map<const char*, Prepared> prepared_;  // by the literal's address
  bool running_ = false;
  bool in_transaction_ = false;
  bool in_long_snapshot_ = false;
  bool broken_ = false;
};

}  // namespace agentauth
