// A session on libpq.
//
// Commands are sent and their results awaited with a deadline of our own: the server's timeouts do
// not help when the server itself hangs. Rows come one at a time, so that a result of any size
// takes the memory of one row.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/session.h"

struct pg_conn;
struct pg_result;

namespace agentauth {

// Where sessions announce their changes; the payload is the revision.
inline constexpr char changes_channel[] = "agentauth_changes";

struct ClosePostgres {
  void operator()(pg_conn* connection) const;
};
using PostgresConnection = std::unique_ptr<pg_conn, ClosePostgres>;

class PostgresSession final : public Session {
 public:
  // Changes are announced once `notifies` says that the database can do so.
  PostgresSession(PostgresConnection connection, const std::atomic<bool>& notifies);
  // Timeouts, UTC and the output forms that the rows are read in. Call once, before anything else.
  Result<void> prepare_connection();

  using Session::execute;
  using Session::query;
  Result<void> query(Sql sql, std::span<const Param> params, EachRow each) override;
  Result<std::int64_t> execute(Sql sql, std::span<const Param> params) override;
  Result<void> run_script(const std::string& script) override;
  Result<bool> has_table(const std::string& name) override;

  Result<void> begin(Access access) override;
  Result<void> commit() override;
  void rollback() override;
  void announce(std::int64_t revision) override { announced_ = revision; }

  bool broken() const override;
  bool contended() const override { return contended_; }

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  using PostgresResult = std::unique_ptr<pg_result, Clear>;
  // What came back from a command without rows.
  struct Outcome {
    std::string tag;  // "COMMIT", "INSERT 0 1", …
    std::int64_t changed = 0;
  };
  class Running;

  // The name of the prepared statement.
  Result<const char*> prepare(Sql sql);
  Result<void> send(Sql sql, std::span<const Param> params);
  Result<Outcome> run_text(const char* commands);
  Result<Outcome> finish();
  Result<PostgresResult> next_result();
  Result<void> wait_for_answer();
  tl::unexpected<Error> fail(const pg_result* result);
  void drain();

  static const char* words_to_begin(Access access);
  std::string commit_words();

  PostgresConnection connection_;
  const std::atomic<bool>& notifies_;                      // the driver's
  std::unordered_map<const char*, std::string> prepared_;  // names, by the literal's address
  std::chrono::milliseconds patience_;                     // how long an answer may take
  std::optional<std::int64_t> announced_;                  // by the transaction at hand
  bool running_ = false;
  bool broken_ = false;
  bool contended_ = false;
};

}  // namespace agentauth
