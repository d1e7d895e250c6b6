#include "store/postgres/postgres_session.h"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "store/check_storable.h"
#include "store/postgres/postgres_error.h"
#include "store/postgres/postgres_row.h"

namespace agentauth {
namespace {

using std::chrono::milliseconds;

// A little longer than the server's own limits, so that its answer comes first while it lives.
constexpr milliseconds usual_patience{8'000};
constexpr milliseconds long_patience{620'000};

constexpr char settings[] =
    "SET statement_timeout = '5s';"
    "SET lock_timeout = '4s';"
    // A node that stops inside a transaction, or is cut off, holds the writers of all others.
    "SET idle_in_transaction_session_timeout = '5s';"
    "SET client_min_messages = 'warning';"
    "SET default_transaction_isolation = 'read committed';"
    "SET TimeZone = 'UTC';"
    "SET DateStyle = 'ISO';"
    "SET bytea_output = 'hex';"
    // What is answered must survive a crash, whatever somebody has set for the database or the
    // user. Waiting for a replica to apply it as well is stronger and stays.
    "SELECT set_config('synchronous_commit', 'on', FALSE)"
    " WHERE current_setting('synchronous_commit', TRUE) NOT IN ('on', 'remote_apply')";

// Loading the directory reads every row, and a migration may rewrite them. BEGIN alone fixes
// nothing: the moment of a snapshot is that of its first query.
constexpr char begin_snapshot[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SET LOCAL statement_timeout = '10min';"
    "SET LOCAL idle_in_transaction_session_timeout = '60s';"  // it holds nobody
    "SELECT 1";
constexpr char begin_brief_snapshot[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;SELECT 1";
constexpr char begin_write[] = "BEGIN";
constexpr char begin_migrate[] =
    "BEGIN;"
    "SET LOCAL statement_timeout = '10min';"
    "SET LOCAL lock_timeout = '1min';"
    "SET LOCAL idle_in_transaction_session_timeout = '60s';"
    "SELECT pg_advisory_xact_lock(7021800419268141)";  // any number, the same in every version

// The parameters of one statement in the form that libpq wants.
class Arguments {
 public:
  explicit Arguments(std::size_t count)
      : texts_(count, no_text), values_(count), lengths_(count), formats_(count), digits_(count) {}

  // As many as were said. Errors: invalid_argument.
  Result<void> assign(std::span<const Param> params) {
    for (std::size_t i = 0; i < params.size(); ++i) {
      const Param::Value value = params[i].value();
      TRY(check_storable(value));
      point_to(i, value);
    }
    // Not before all of them are there: until then they may move.
    for (std::size_t i = 0; i < params.size(); ++i)
      if (texts_[i] != no_text) values_[i] = ended_.data() + texts_[i];
    return {};
  }

  int send(pg_conn* connection, const char* name) const {
    return PQsendQueryPrepared(connection, name, static_cast<int>(values_.size()), values_.data(),
                               lengths_.data(), formats_.data(), 0);
  }

 private:
  enum Format : int { as_text = 0, as_binary = 1 };

  void point_to(std::size_t i, const Param::Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      auto& digits = digits_[i];
      *std::to_chars(digits.data(), digits.data() + digits.size() - 1, *integer).ptr = '\0';
      values_[i] = digits.data();
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      texts_[i] = ended_.size();
      ended_.append(*text).push_back('\0');
    } else if (const auto* bytes = std::get_if<ByteView>(&value)) {
      // A null pointer would be NULL instead of no bytes.
      values_[i] = bytes->empty() ? "" : reinterpret_cast<const char*>(bytes->data());
      lengths_[i] = static_cast<int>(bytes->size());
      formats_[i] = as_binary;
    }
  }

  static constexpr std::size_t no_text = std::string::npos;

  std::string ended_;               // the texts, each with the NUL behind it that libpq wants
  std::vector<std::size_t> texts_;  // where in there
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::array<char, 24>> digits_;
};

}  // namespace

void ClosePostgres::operator()(pg_conn* connection) const { PQfinish(connection); }

void PostgresSession::Clear::operator()(pg_result* result) const { PQclear(result); }

// Leaves no rows behind, whichever way the run of a statement ends.
class PostgresSession::Running {
 public:
  explicit Running(PostgresSession& session) : session_(session) { session_.running_ = true; }
  ~Running() {
    session_.drain();
    session_.running_ = false;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  PostgresSession& session_;
};

PostgresSession::PostgresSession(PostgresConnection connection, const std::atomic<bool>& notifies)
    : connection_(std::move(connection)), notifies_(notifies), patience_(usual_patience) {}

Result<void> PostgresSession::prepare_connection() {
  TRY(run_text(settings));
  return {};
}

Result<void> PostgresSession::query(Sql sql, std::span<const Param> params, EachRow each) {
  TRY(send(sql, params));
  const Running running(*this);
  PQsetSingleRowMode(connection_.get());
  PostgresRow row;
  for (;;) {
    const PostgresResult result = TRY(next_result());
    if (!result) return {};
    switch (PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
        row.show(result.get());
        TRY(each(row));
        break;
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK:
        break;
      default:
        return fail(result.get());
    }
  }
}

Result<std::int64_t> PostgresSession::execute(Sql sql, std::span<const Param> params) {
  TRY(send(sql, params));
  return TRY(finish()).changed;
}

Result<void> PostgresSession::run_script(const std::string& script) {
  TRY(run_text(script.c_str()));
  return {};
}

Result<bool> PostgresSession::has_table(const std::string& name) {
  bool found = false;
  TRY(query("SELECT 1 WHERE to_regclass($1) IS NOT NULL", {name}, [&](const Row&) -> Result<void> {
    found = true;
    return {};
  }));
  return found;
}

const char* PostgresSession::words_to_begin(Access access) {
  switch (access) {
    case Access::snapshot:
      return begin_snapshot;
    case Access::brief_snapshot:
      return begin_brief_snapshot;
    case Access::write:
      return begin_write;
    case Access::migrate:
      break;
  }
  return begin_migrate;
}

Result<void> PostgresSession::begin(Access access) {
  if (access == Access::snapshot || access == Access::migrate) patience_ = long_patience;
  announced_.reset();
  const auto begun = run_text(words_to_begin(access));
  if (begun) return {};
  rollback();
  return tl::unexpected(begun.error());
}

Result<void> PostgresSession::commit() {
  const auto committed = run_text(commit_words().c_str());
  if (!committed) {
    rollback();
    return tl::unexpected(committed.error());
  }
  patience_ = usual_patience;
  // The server's answer to COMMIT after a failed statement, without calling it an error.
  if (committed->tag == "ROLLBACK")
    return failure(Errc::internal, "Internal error",
                   "postgresql: commit of a transaction in which a statement had failed");
  return {};
}

// Both in one message: telling costs no round trip.
std::string PostgresSession::commit_words() {
  if (!announced_ || !notifies_.load(std::memory_order_relaxed)) return "COMMIT";
  return std::string("NOTIFY ") + changes_channel + ", '" + std::to_string(*announced_) +
         "'; COMMIT";
}

void PostgresSession::rollback() {
  patience_ = usual_patience;
  if (broken()) return;
  // Whatever goes wrong here, the server undoes what it has when the connection ends.
  if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE && !run_text("ROLLBACK"))
    broken_ = true;
}

bool PostgresSession::broken() const {
  return broken_ || PQstatus(connection_.get()) != CONNECTION_OK;
}

Result<const char*> PostgresSession::prepare(Sql sql) {
  const auto found = prepared_.find(sql.text());
  if (found != prepared_.end()) return found->second.c_str();
  std::string name = "s";
  name += std::to_string(prepared_.size() + 1);
  if (PQsendPrepare(connection_.get(), name.c_str(), sql.text(), 0, nullptr) == 0)
    return fail(nullptr);
  TRY(finish());
  return prepared_.emplace(sql.text(), name).first->second.c_str();
}

Result<void> PostgresSession::send(Sql sql, std::span<const Param> params) {
  contended_ = false;
  if (running_)
    return failure(Errc::internal, "Internal error", "a row's visitor used the session again");
  Arguments arguments(params.size());
  TRY(arguments.assign(params));
  const char* const name = TRY(prepare(sql));
  if (arguments.send(connection_.get(), name) == 0) return fail(nullptr);
  return {};
}

Result<PostgresSession::Outcome> PostgresSession::run_text(const char* commands) {
  contended_ = false;
  if (running_)
    return failure(Errc::internal, "Internal error", "a row's visitor used the session again");
  if (PQsendQuery(connection_.get(), commands) == 0) return fail(nullptr);
  return finish();
}

Result<PostgresSession::Outcome> PostgresSession::finish() {
  const Running running(*this);
  Outcome outcome;
  for (;;) {
    const PostgresResult result = TRY(next_result());
    if (!result) return outcome;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return fail(result.get());
    outcome.tag = PQcmdStatus(result.get());
    const char* const changed = PQcmdTuples(result.get());
    std::from_chars(changed, changed + std::strlen(changed), outcome.changed);
  }
}

// The next result of the command that runs, or null after its last.
Result<PostgresSession::PostgresResult> PostgresSession::next_result() {
  while (PQisBusy(connection_.get()) != 0) {
    TRY(wait_for_answer());
    if (PQconsumeInput(connection_.get()) == 0) return fail(nullptr);
  }
  return PostgresResult(PQgetResult(connection_.get()));
}

Result<void> PostgresSession::wait_for_answer() {
  using Steady = std::chrono::steady_clock;
  const auto deadline = Steady::now() + patience_;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Steady::now());
    pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&socket, 1, static_cast<int>(left.count())) : 0;
    if (ready > 0) return {};
    if (ready < 0 && errno == EINTR) continue;
    // What comes later would be taken for the answer to another question.
    broken_ = true;
    return failure(Errc::unavailable, "The database is not available",
                   ready == 0 ? "postgresql: no answer in time" : "postgresql: cannot wait");
  }
}

// Rows that nobody wants are read to the end: cancelling would fail the transaction around them.
void PostgresSession::drain() {
  while (!broken()) {
    const auto result = next_result();
    if (!result || !*result) return;
  }
}

tl::unexpected<Error> PostgresSession::fail(const pg_result* result) {
  const char* const field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = field != nullptr ? field : "";
  const bool lost = PQstatus(connection_.get()) != CONNECTION_OK;
  broken_ = broken_ || lost || breaks_postgres_session(state);
  contended_ = is_postgres_contention(state);
  // The sentence alone: what comes after it may quote the row, and a row may hold a hash.
  const char* const sentence = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  // None: libpq's own words, which know no rows.
  const char* const words = sentence != nullptr ? sentence : PQerrorMessage(connection_.get());
  return tl::unexpected(postgres_error(lost ? "" : state, words));
}

}  // namespace agentauth
