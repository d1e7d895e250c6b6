// A database as services use it: read, snapshot, write. Start here.
//
//   database.write([&](Transaction& tx) -> Result<Agent> {
//     const auto agent = TRY(tx.agents().insert(name, owner));
//     TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
//     return agent;
//   });
//
// Every thread has a session of its own, opened when it first asks. Writes that wait at the same
// time commit together, and one that fails undoes itself only. A write is answered after the commit
// and after on_commit has run. One that is refused did not happen, with one exception that no
// client of a database can rule out: see write().
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "base/thread_index.h"
#include "store/session.h"
#include "store/transaction.h"

namespace agentauth {

class Database {
 public:
  using Steady = std::chrono::steady_clock;
  using SteadyTime = Steady::time_point;
  // Once the database did not answer those before it, a write that has waited so long is refused
  // when its turn comes: each would wait for an answer of its own, one after the other.
  static constexpr std::chrono::seconds turn_patience{5};
  // So many writes share a transaction: few enough that nobody waits long behind them.
  static constexpr std::size_t together_max = 512;

  explicit Database(std::unique_ptr<Driver> driver) : driver_(std::move(driver)) {
    queue_.reserve(thread_index_max + together_max);  // so that waiting takes no memory
  }
  // Errors: invalid_argument (not a URL of ours), unavailable (cannot be opened or reached).
  static Result<std::unique_ptr<Database>> open(const std::string& url);

  // Single statements, each its own transaction. `work` may be called a second time, when the
  // connection turns out to have been lost: it starts from nothing each time.
  template <class F>
  auto read(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return with_result(work, [&](Work erased) { return run_read(erased); });
  }
  // Several reads that see one moment, and may take minutes.
  template <class F>
  auto snapshot(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return with_result(work, [&](Work erased) { return run_snapshot(erased); });
  }
  // The same for what follows a write: each read takes no longer than one by itself may.
  template <class F>
  auto brief_snapshot(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return with_result(work,
                       [&](Work erased) { return run_alone(Access::brief_snapshot, erased); });
  }
  // `work` may be called again, from nothing, when writers blocked each other or when one
  // that shares its transaction failed.
  // Errors: the work's own; unavailable: nothing was committed, unless the connection was lost
  // during the commit itself, when nobody can say; internal: also when the hook failed. Whoever
  // waits for a database that has fallen silent is answered within turn_patience and what the
  // driver waits for one answer.
  template <class F>
  auto write(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return with_result(work, [&](Work erased) { return run_write(erased); });
  }
  // A write that takes its turn, and shares its transaction with no other: for what takes long.
  // Nobody waits for it twice because another one failed beside it. Errors: as write().
  template <class F>
  auto write_alone(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return with_result(work, [&](Work erased) { return run_write(erased, Shares::no); });
  }
  // A write that shares its transaction with no other and that no hook is told of: for what
  // decisions do not read and nobody waits for, so that nobody waits for it either.
  // Errors: as write().
  template <class F>
  auto write_apart(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return with_result(work, [&](Work erased) { return run_alone(Access::write, erased); });
  }
  // Audit events alone. Errors: as write().
  Result<void> record(std::vector<AuditEvent> events);

  // Whether a write shares its transaction with those that wait beside it.
  enum class Shares : bool { no, yes };
  // A write that somebody else waits for: see WriteQueue.
  struct Write {
    Write() = default;
    explicit Write(FunctionRef<Result<void>(Transaction&)> does) : work(does) {}
    explicit Write(std::vector<AuditEvent> events) { outcome.events = std::move(events); }

    std::optional<FunctionRef<Result<void>(Transaction&)>> work;  // nothing: events alone
    Transaction::Outcome outcome;      // what `work` left, or the events that are given
    SteadyTime since = Steady::now();  // waits since then
    Shares shares = Shares::yes;
    Result<void> result;  // set by write_each()

   private:
    friend class Database;
    bool blocked = false;  // failed because writers block each other: worth another try
    bool done = false;
  };
  // Each as write() would make it, and as many together as wait.
  void write_each(std::span<Write* const> writes);

  // Alone, under the lock that keeps other servers' migrations out.
  template <class F>
  auto migrate(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return with_result(work, [&](Work erased) { return run_alone(Access::migrate, erased); });
  }

  // Called in the transaction, right before its commit, with all events that its writes recorded;
  // when it fails, all of them are refused. It may number and seal them where they stand. Set once,
  // before the first write; without it a write that records is refused.
  using Append = std::function<Result<void>(Transaction&, AuditEvents)>;
  void append_audit_by(Append append) { append_audit_ = std::move(append); }

  // Called on the writing thread after each commit that may have changed what decisions read (its
  // transaction was asked for the change log), also one that may have happened for all we know,
  // before any of its writes is answered. Set once, before the first write.
  void on_commit(std::function<void()> hook) { on_commit_ = std::move(hook); }

  // See Driver::watch().
  Result<std::unique_ptr<Watch>> watch() { return driver_->watch(); }

  const Driver& driver() const { return *driver_; }

 private:
  using Work = FunctionRef<Result<void>(Transaction&)>;

  using Batch = std::span<Write* const>;

  template <class F, class Run>
  static auto with_result(F& work, Run run) -> std::invoke_result_t<F&, Transaction&> {
    using Returned = std::invoke_result_t<F&, Transaction&>;
    if constexpr (std::is_same_v<Returned, Result<void>>) {
      return run(Work(work));
    } else {
      std::optional<Returned> returned;
      auto keep = [&](Transaction& tx) -> Result<void> {
        returned.emplace(work(tx));
        if (!*returned) return tl::unexpected(returned->error());
        return {};
      };
      if (Result<void> done = run(Work(keep)); !done)
        return tl::unexpected(std::move(done).error());
      return *std::move(returned);
    }
  }

  Result<Session*> session();
  // This thread's session with a transaction begun; replaces one that was cut off while idle.
  Result<Session*> begin(Access access);
  Result<void> run_read(Work work);
  Result<void> run_snapshot(Work work) { return run_alone(Access::snapshot, work); }
  Result<void> run_alone(Access access, Work work);
  Result<void> run_write(Work work, Shares shares = Shares::yes);
  void wait_for_commit(Batch own);
  std::size_t size_of_next() const;
  std::span<Write*> refuse_overdue(std::span<Write*> batch) const noexcept;
  void commit_together(Batch batch) noexcept;
  bool commit_batch(Batch batch) noexcept;
  static void fail_all(Batch batch, const Error& error) noexcept;
  static Result<bool> run_as_one(Session& session, Batch batch);
  static Result<void> run_each_in_savepoint(Session& session, Batch batch);
  static void run(Session& session, Write& write);
  static std::vector<AuditEvent*> events_of(Batch batch);
  Result<void> append_audit(Session& session, AuditEvents events);
  static bool succeeded(const Write* write) { return write->result.has_value(); }

  std::unique_ptr<Driver> driver_;
  std::array<std::unique_ptr<Session>, thread_index_max> sessions_{};  // by thread_index()
  std::function<void()> on_commit_;
  Append append_audit_;

  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<Write*> queue_;
  bool committing_ = false;
  bool silent_ = false;  // of whoever commits: the database did not answer the last time
};

}  // namespace agentauth
