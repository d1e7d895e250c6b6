#include "store/database.h"

#include <algorithm>
#include <exception>
#include <thread>

namespace agentauth {
namespace {

// What was cut off while it lay idle says so at once. Who did not answer in time would not answer
// to the next question either.
constexpr std::chrono::seconds told_at_once{1};
constexpr int tries_when_blocked = 3;
constexpr std::chrono::milliseconds blocked_pause{10};

// Takes no memory when there is none: a short text lives inside its string.
Error internal_error(const char* words) noexcept {
  Error error{Errc::internal, "Internal error"};
  try {
    error.detail = words;
  } catch (const std::exception&) {
    error.detail.clear();
  }
  return error;
}

template <class F>
Result<void> without_exceptions(F work) noexcept {
  try {
    return work();
  } catch (const std::exception& exception) {
    return tl::unexpected(internal_error(exception.what()));
  }
}

std::vector<AuditEvent*> places_of(std::vector<AuditEvent>& events) {
  std::vector<AuditEvent*> places;
  for (AuditEvent& event : events) places.push_back(&event);
  return places;
}

// A throwing service is a bug or no memory; its change must not be half made.
Result<void> guarded(FunctionRef<Result<void>(Transaction&)> work, Session& session,
                     Transaction::Outcome* outcome = nullptr) {
  return without_exceptions([&] {
    Transaction tx(session, outcome);
    return work(tx);
  });
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& url) {
  auto database = std::make_unique<Database>(TRY(open_driver(url)));
  TRY(database->session());
  return database;
}

Result<Session*> Database::session() {
  auto& session = sessions_[thread_index()];
  if (!session || session->broken()) {
    session.reset();
    session = TRY(driver_->connect());
  }
  return session.get();
}

Result<void> Database::run_read(Work work) {
  Session& own = *TRY(session());
  const auto asked = Steady::now();
  Result<void> done = guarded(work, own);
  // A session that was cut off while it lay idle is found out now; nothing was changed, so again.
  if (!done && own.broken() && Steady::now() - asked < told_at_once)
    done = guarded(work, *TRY(session()));
  return done;
}

Result<Session*> Database::begin(Access access) {
  Session* own = TRY(session());
  const auto asked = Steady::now();
  Result<void> begun = own->begin(access);
  if (!begun && own->broken() && Steady::now() - asked < told_at_once) {
    own = TRY(session());
    begun = own->begin(access);
  }
  if (!begun) return tl::unexpected(std::move(begun).error());
  return own;
}

Result<void> Database::run_alone(Access access, Work work) {
  Session& own = *TRY(begin(access));
  Transaction::Outcome outcome;
  Result<void> done = guarded(work, own, &outcome);
  if (done) done = append_audit(own, places_of(outcome.events));
  if (!done) {
    own.rollback();
    return done;
  }
  return own.commit();
}

Result<void> Database::run_write(Work work, Shares shares) {
  Write own(work);
  own.shares = shares;
  Write* const place = &own;
  wait_for_commit(Batch(&place, 1));
  return std::move(own.result);
}

Result<void> Database::record(std::vector<AuditEvent> events) {
  Write own(std::move(events));
  Write* const place = &own;
  wait_for_commit(Batch(&place, 1));
  return std::move(own.result);
}

void Database::write_each(std::span<Write* const> writes) {
  if (!writes.empty()) wait_for_commit(writes);
}

void Database::wait_for_commit(Batch own) {
  const Write& last = *own.back();  // turns are taken in order
  std::unique_lock lock(mutex_);
  queue_.insert(queue_.end(), own.begin(), own.end());
  answered_.wait(lock, [&] { return last.done || !committing_; });
  while (!last.done) {
    // Nobody commits: this thread does, for everybody who waits by now.
    committing_ = true;
    std::array<Write*, together_max> taken;
    const std::size_t count = size_of_next();
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(queue_.begin(), end, taken.begin());
    queue_.erase(queue_.begin(), end);
    const Batch batch(taken.data(), count);
    lock.unlock();
    const auto in_time = refuse_overdue(std::span(taken.data(), count));
    if (!in_time.empty()) commit_together(in_time);
    lock.lock();
    for (Write* write : batch) write->done = true;
    committing_ = false;
    answered_.notify_all();
  }
}

// How many of those that wait share the next transaction. Requires the lock, and that some wait.
std::size_t Database::size_of_next() const {
  if (queue_.front()->shares == Shares::no) return 1;
  const auto end =
      queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), together_max));
  const auto alone = std::find_if(queue_.begin(), end,
                                  [](const Write* write) { return write->shares == Shares::no; });
  return static_cast<std::size_t>(alone - queue_.begin());
}

// Returns the others.
std::span<Database::Write*> Database::refuse_overdue(std::span<Write*> batch) const noexcept {
  if (!silent_) return batch;
  const SteadyTime oldest = Steady::now() - turn_patience;
  const auto late = std::partition(batch.begin(), batch.end(),
                                   [&](const Write* write) { return write->since >= oldest; });
  const Result<void> refused = without_exceptions([]() -> Result<void> {
    return failure(Errc::unavailable, "The database is not available",
                   "it did not answer the writes that this one waited for");
  });
  fail_all(Batch(late, batch.end()), refused.error());
  return {batch.begin(), late};
}

// Whatever happens in here, everybody in the batch gets an answer: writers wait behind it.
void Database::commit_together(Batch batch) noexcept {
  bool kept = commit_batch(batch);
  // Who was undone because writers block each other is tried again: alone it holds nothing that the
  // others wait for. Not at once, or it may be back before whoever it blocked has woken.
  for (Write* const& write : batch) {
    for (int again = 0; write->blocked && again < tries_when_blocked; ++again) {
      std::this_thread::sleep_for(blocked_pause);
      write->blocked = false;
      write->result = {};
      kept = commit_batch(Batch(&write, 1)) || kept;
    }
  }
  const bool changes = std::any_of(batch.begin(), batch.end(),
                                   [](const Write* write) { return write->outcome.changes; });
  if (!kept || !changes || !on_commit_) return;
  const Result<void> told = without_exceptions([&]() -> Result<void> {
    on_commit_();
    return {};
  });
  if (!told) fail_all(batch, told.error());
}

// Returns whether anything was committed, or may have been.
bool Database::commit_batch(Batch batch) noexcept {
  Session* session = nullptr;
  bool commits = false;
  const Result<void> done = without_exceptions([&]() -> Result<void> {
    session = TRY(begin(Access::write));
    if (!TRY(run_as_one(*session, batch))) {
      session->rollback();
      TRY(session->begin(Access::write));
      TRY(run_each_in_savepoint(*session, batch));
    }
    commits = std::any_of(batch.begin(), batch.end(), succeeded);
    if (commits) {
      TRY(append_audit(*session, events_of(batch)));
      return session->commit();
    }
    session->rollback();
    return {};
  });
  silent_ = session == nullptr || session->broken();
  if (done) return commits;
  for (Write* write : batch)
    write->blocked = write->blocked || (succeeded(write) && session && session->contended());
  fail_all(batch, done.error());
  if (session != nullptr) {
    (void)without_exceptions([&]() -> Result<void> {
      session->rollback();
      return {};
    });
  }
  // When the connection is lost during COMMIT, nobody can say whether it happened.
  return commits && done.error().code == Errc::unavailable;
}

void Database::fail_all(Batch batch, const Error& error) noexcept {
  for (Write* write : batch) {
    if (!write->result) continue;
    try {
      write->result = tl::unexpected(error);
    } catch (const std::exception& exception) {
      write->result = tl::unexpected(internal_error(exception.what()));
    }
  }
}

// What nearly always succeeds is tried without savepoints first: on PostgreSQL each of them is a
// round trip, and SQLite copies the pages it may have to restore. False when one of several failed
// and all have to be made again, each so that it can be undone.
Result<bool> Database::run_as_one(Session& session, Batch batch) {
  for (Write* write : batch) {
    run(session, *write);
    if (succeeded(write) || batch.size() == 1) continue;
    for (Write* other : batch) other->result = {};
    return false;
  }
  return true;
}

Result<void> Database::run_each_in_savepoint(Session& session, Batch batch) {
  for (Write* write : batch) {
    if (!write->work) continue;
    TRY(session.execute("SAVEPOINT one"));
    run(session, *write);
    TRY(succeeded(write) ? session.execute("RELEASE SAVEPOINT one")
                         : session.execute("ROLLBACK TO SAVEPOINT one"));
  }
  return {};
}

std::vector<AuditEvent*> Database::events_of(Batch batch) {
  std::vector<AuditEvent*> events;
  events.reserve(batch.size());
  for (Write* write : batch)
    if (succeeded(write))
      for (AuditEvent& event : write->outcome.events) events.push_back(&event);
  return events;
}

// Last of all, whatever the writes locked before: every transaction takes its locks in one order.
Result<void> Database::append_audit(Session& session, AuditEvents events) {
  if (events.empty()) return {};
  if (!append_audit_) return failure(Errc::internal, "Internal error", "there is no audit chain");
  Result<void> appended = without_exceptions([&] {
    Transaction tx(session);
    return append_audit_(tx, events);
  });
  if (appended) return {};
  // Whatever is wrong with the trail, nothing may happen without it.
  return failure(Errc::unavailable, "The audit trail cannot be written",
                 appended.error().message + ": " + appended.error().detail);
}

void Database::run(Session& session, Write& write) {
  if (!write.work) return;
  write.outcome = {};
  write.result = guarded(*write.work, session, &write.outcome);
  write.blocked = !write.result && session.contended();
}

}  // namespace agentauth
