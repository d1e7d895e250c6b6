#include "audit/recorder.h"

#include <algorithm>
#include <iterator>

namespace agentauth::audit {
namespace {

constexpr std::array<std::string_view, dropped_count> dropped_names = {"queue_full", "flood",
                                                                       "database"};
// One transaction of these is quick enough that nobody waits long behind it.
constexpr std::size_t together_max = 512;

bool is_of_stranger(const AuditEvent& denial) {
  return denial.outcome == AuditOutcome::failure || !denial.agent_id;
}

}  // namespace

bool Budget::take(const Rate& rate, Timestamp now) {
  const auto seconds = std::chrono::floor<Seconds>(now - since_);
  if (seconds > Seconds{0}) {
    since_ += seconds;
    left_ = std::min(rate.burst,
                     left_ + std::min<std::int64_t>(seconds.count(), rate.burst) * rate.a_second);
  }
  if (left_ <= 0) return false;
  --left_;
  return true;
}

std::string_view to_string(Dropped why) { return dropped_names[static_cast<std::size_t>(why)]; }

Recorder::Recorder(Database& database, const Clock& clock, const Options& options)
    : database_(database), clock_(clock), options_(options) {
  thread_ = std::thread([this] { run(); });
}

bool Recorder::record(AuditEvent event, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= options_.waiting_max) return false;
    queue_.push_back({std::move(event), std::move(done)});
    if (!idle_) return true;
  }
  wake_.notify_one();
  return true;
}

void Recorder::record_denial(AuditEvent event) {
  {
    const std::lock_guard lock(mutex_);
    if (!admits(event)) return drop(Dropped::flood, 1);
    std::size_t& waiting = waiting_denials(event);
    if (stopping_ || waiting >= options_.waiting_max / 4) return drop(Dropped::queue_full, 1);
    ++waiting;
    queue_.push_back({std::move(event), {}});
    if (!idle_) return;
  }
  wake_.notify_one();
}

bool Recorder::admits(const AuditEvent& denial) {
  const Timestamp now = clock_.now();
  if (is_of_stranger(denial)) return strangers_.take(options_.strangers, now);
  return agents_[denial.agent_id->uuid.hash() % agents_.size()].take(options_.each_agent, now);
}

std::size_t& Recorder::waiting_denials(const AuditEvent& denial) {
  return is_of_stranger(denial) ? denials_of_strangers_ : denials_of_agents_;
}

Result<void> Recorder::record_now(AuditEvent event) {
  const AuditEvent counted = event;
  std::vector<AuditEvent> events;
  events.push_back(std::move(event));
  TRY(database_.record(std::move(events)));
  count(counted);
  return {};
}

void Recorder::count(const AuditEvent& event) {
  ++recorded_[static_cast<std::size_t>(event.action)][static_cast<std::size_t>(event.outcome)];
}

void Recorder::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Recorder::State Recorder::state() const {
  State state;
  {
    const std::lock_guard lock(mutex_);
    state.depth = queue_.size();
  }
  for (std::size_t action = 0; action < audit_action_count; ++action)
    for (std::size_t outcome = 0; outcome < audit_outcome_count; ++outcome)
      state.recorded[action][outcome] = recorded_[action][outcome];
  for (std::size_t why = 0; why < dropped_count; ++why) state.dropped[why] = dropped_[why];
  return state;
}

void Recorder::run() {
  std::vector<Entry> entries;
  std::unique_lock lock(mutex_);
  for (;;) {
    idle_ = true;
    wake_.wait(lock, [&] { return !queue_.empty() || stopping_; });
    idle_ = false;
    if (queue_.empty()) return;
    const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), together_max));
    const auto end = queue_.begin() + count;
    entries.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    for (const Entry& entry : entries)
      if (!entry.done) --waiting_denials(entry.event);
    lock.unlock();
    write(entries);
    entries.clear();
    lock.lock();
  }
}

// Behind a database that does not answer: who waits is told so, not kept for another turn.
void Recorder::refuse_overdue(std::vector<Entry>& entries) const {
  if (!failed_) return;
  const auto oldest = Database::Steady::now() - Database::turn_patience;
  std::erase_if(entries, [&](Entry& entry) {
    if (!entry.done || entry.since >= oldest) return false;
    entry.done(failure(Errc::unavailable, "The database is not available",
                       "it did not answer the events that this one waited for"));
    return true;
  });
}

void Recorder::write(std::vector<Entry>& entries) {
  refuse_overdue(entries);
  if (entries.empty()) return;
  std::vector<AuditEvent> events;
  events.reserve(entries.size());
  auto since = Database::Steady::now();
  for (const Entry& entry : entries) {
    events.push_back(entry.event);
    if (entry.done) since = std::min(since, entry.since);
  }
  const Result<void> written = database_.record(std::move(events), since);
  failed_ = !written;
  for (Entry& entry : entries) {
    if (written) {
      count(entry.event);
    } else if (!entry.done) {
      drop(Dropped::database, 1);
    }
    if (entry.done) entry.done(written);
  }
}

}  // namespace agentauth::audit
