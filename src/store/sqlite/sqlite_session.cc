#include "store/sqlite/sqlite_session.h"

#include <sqlite3.h>

#include <chrono>

#include "store/check_storable.h"
#include "store/sqlite/sqlite_error.h"

namespace agentauth {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds migration_wait_max{60'000};

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  std::string_view text(int column) const override {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  ByteView bytes(int column) const override {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int bind_value(sqlite3_stmt* statement, int place, const Param::Value& value) {
  // SQLITE_STATIC: the parameters outlive the statement's run, which clears its bindings.
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, place, *integer);
  if (const auto* text = std::get_if<std::string_view>(&value))
    // A null pointer would bind NULL instead of no text.
    return sqlite3_bind_text64(statement, place, text->empty() ? "" : text->data(), text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  if (const auto* bytes = std::get_if<ByteView>(&value)) {
    // A null pointer would bind NULL instead of no bytes.
    if (bytes->empty()) return sqlite3_bind_zeroblob(statement, place, 0);
    return sqlite3_bind_blob64(statement, place, bytes->data(), bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, place);
}

}  // namespace

void wait_for_others(sqlite3* connection, milliseconds at_most) {
  sqlite3_busy_timeout(connection, static_cast<int>(at_most.count()));
}

std::string plain_file_name(const std::string& path) {
  return path.starts_with('/') ? path : "./" + path;
}

void distrust_file(sqlite3* connection) {
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
}

void CloseSqlite::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

void SqliteSession::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

// Puts the statement back whichever way its run ends, so that no read stays open.
class SqliteSession::Running {
 public:
  Running(SqliteSession& session, sqlite3_stmt* statement)
      : session_(session), statement_(statement) {
    session_.running_ = true;
  }
  ~Running() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    session_.running_ = false;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  SqliteSession& session_;
  sqlite3_stmt* statement_;
};

Result<void> SqliteSession::query(Sql sql, std::span<const Param> params, EachRow each) {
  const Prepared& prepared = *TRY(prepare(sql));
  sqlite3_stmt* const statement = prepared.statement.get();
  const Running running(*this, statement);
  TRY(bind(prepared, params));
  const SqliteRow row(statement);
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return fail(code);
    TRY(each(row));
  }
}

Result<std::int64_t> SqliteSession::execute(Sql sql, std::span<const Param> params) {
  const Prepared& prepared = *TRY(prepare(sql));
  sqlite3_stmt* const statement = prepared.statement.get();
  const Running running(*this, statement);
  TRY(bind(prepared, params));
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) return fail(code);
  // SAVEPOINT and its like leave the count of the statement before them standing.
  if (sqlite3_stmt_readonly(statement) != 0) return 0;
  return sqlite3_changes64(connection_.get());
}

Result<void> SqliteSession::run_script(const std::string& script) {
  const int code = sqlite3_exec(connection_.get(), script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(code);
  return {};
}

Result<bool> SqliteSession::has_table(const std::string& name) {
  bool found = false;
  TRY(query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", {name},
            [&](const Row&) -> Result<void> {
              found = true;
              return {};
            }));
  return found;
}

Result<void> SqliteSession::begin(Access access) {
  switch (access) {
    case Access::snapshot:
    case Access::brief_snapshot:
      return begin_snapshot(access);
    case Access::write:
      break;
    case Access::migrate:
      wait_for_others(connection_.get(), migration_wait_max);
      break;
  }
  const auto begun = execute("BEGIN IMMEDIATE");
  wait_for_others(connection_.get(), busy_wait_max);
  if (!begun) return tl::unexpected(begun.error());
  in_transaction_ = true;
  return {};
}

Result<void> SqliteSession::begin_snapshot(Access access) {
  TRY(execute("BEGIN"));
  in_transaction_ = true;
  in_long_snapshot_ = access == Access::snapshot;
  // BEGIN alone fixes nothing: the moment is that of the first read.
  const auto moment = execute("SELECT 1 FROM sqlite_schema LIMIT 1");
  if (moment) return {};
  rollback();
  return tl::unexpected(moment.error());
}

Result<void> SqliteSession::commit() {
  const auto committed = execute("COMMIT");
  if (!committed) {
    rollback();
    return tl::unexpected(committed.error());
  }
  leave_transaction();
  return {};
}

void SqliteSession::rollback() {
  sqlite3* const connection = connection_.get();
  // SQLite may have rolled back already, when an error left it no choice.
  if (sqlite3_get_autocommit(connection) == 0 &&
      sqlite3_exec(connection, "ROLLBACK", nullptr, nullptr, nullptr) != SQLITE_OK)
    broken_ = true;
  leave_transaction();
}

void SqliteSession::leave_transaction() {
  // It may have read everything there is; nobody needs those pages soon.
  if (in_long_snapshot_) sqlite3_db_release_memory(connection_.get());
  in_long_snapshot_ = false;
  in_transaction_ = false;
}

Result<SqliteSession::Prepared*> SqliteSession::prepare(Sql sql) {
  if (running_)
    return failure(Errc::internal, "Internal error", "a row's visitor used the session again");
  // Some errors (disk full, i/o, memory) end the whole transaction. What would follow must not be
  // committed statement by statement.
  if (in_transaction_ && sqlite3_get_autocommit(connection_.get()) != 0)
    return failure(Errc::unavailable, "The database is not available",
                   "sqlite: an earlier error ended the transaction");
  if (!in_transaction_) TRY(check_place());
  const auto [entry, inserted] = prepared_.try_emplace(sql.text());
  Prepared& prepared = entry->second;
  if (!inserted) return &prepared;

  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.text(), -1, SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  prepared.statement.reset(statement);
  if (code != SQLITE_OK) {
    prepared_.erase(entry);
    return fail(code);
  }
  const int count = sqlite3_bind_parameter_count(statement);
  for (int number = 1; number <= count; ++number) {
    std::string name = "$";
    name += std::to_string(number);
    prepared.places.push_back(sqlite3_bind_parameter_index(statement, name.c_str()));
  }
  return &prepared;
}

// A file that was moved or deleted stays open, and what is written to it would be lost to everybody
// who looks where it ought to be.
Result<void> SqliteSession::check_place() {
  int moved = 0;
  sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (moved == 0) return {};
  broken_ = true;
  return failure(Errc::unavailable, "The database is not available",
                 "sqlite: the file was moved or deleted");
}

Result<void> SqliteSession::bind(const Prepared& prepared, std::span<const Param> params) {
  if (params.size() != prepared.places.size())
    return failure(Errc::internal, "Internal error", "wrong number of parameters");
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Param::Value value = params[i].value();
    TRY(check_storable(value));
    const int code = bind_value(prepared.statement.get(), prepared.places[i], value);
    if (code != SQLITE_OK) return fail(code);
  }
  return {};
}

tl::unexpected<Error> SqliteSession::fail(int code) {
  broken_ = broken_ || breaks_sqlite_session(code);
  return tl::unexpected(sqlite_error(code, sqlite3_errmsg(connection_.get())));
}

}  // namespace agentauth
