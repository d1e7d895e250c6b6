#include "store/write_queue.h"

#include <algorithm>
#include <iterator>

namespace agentauth {
namespace {

constexpr std::size_t few = 8;
constexpr std::chrono::milliseconds linger_max{1};

}  // namespace

WriteQueue::WriteQueue(Database& database, std::size_t waiting_max)
    : database_(database), waiting_max_(waiting_max) {
  thread_ = std::thread([this] { run(); });
}

bool WriteQueue::push(Work work, Done done) {
  return push(Entry(std::move(work), std::move(done)));
}

bool WriteQueue::push(AuditEvent&& event, Done done) {
  return push(Entry(std::move(event), std::move(done)));
}

bool WriteQueue::push_unawaited(AuditEvent&& event, Done done) {
  Entry entry(std::move(event), std::move(done));
  entry.write.since = Database::SteadyTime::max();
  return push(std::move(entry));
}

bool WriteQueue::push(Entry&& entry) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(entry));
    if (waiting_.size() < wake_at_) return true;
  }
  wake_.notify_one();
  return true;
}

std::size_t WriteQueue::depth() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void WriteQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

WriteQueue::Linger WriteQueue::linger_after(std::size_t answered, Steady::duration took,
                                            std::size_t waiting) {
  if (answered < few) return {};
  return {(answered + waiting) * 3 / 4, std::min<Steady::duration>(2 * took, linger_max)};
}

void WriteQueue::await_turn(std::unique_lock<std::mutex>& lock, std::size_t answered,
                            Steady::duration took) {
  const auto enough = [&] { return waiting_.size() >= wake_at_ || stopping_; };
  const Linger linger = linger_after(answered, took, waiting_.size());
  if (linger.until > any) {
    wake_at_ = linger.until;
    wake_.wait_for(lock, linger.at_most, enough);
  }
  wake_at_ = any;
  wake_.wait(lock, enough);
  wake_at_ = never;
}

void WriteQueue::run() {
  std::vector<Entry> entries;
  std::size_t answered = 0;
  Steady::duration took{};
  std::unique_lock lock(mutex_);
  for (;;) {
    await_turn(lock, answered, took);
    if (waiting_.empty()) return;
    const auto count =
        static_cast<std::ptrdiff_t>(std::min(waiting_.size(), Database::together_max));
    const auto end = waiting_.begin() + count;
    entries.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    lock.unlock();
    const auto begun = Steady::now();
    make(entries);
    took = Steady::now() - begun;
    answered = entries.size();
    entries.clear();
    lock.lock();
  }
}

void WriteQueue::make(std::vector<Entry>& entries) {
  std::vector<Database::Write*> writes;
  writes.reserve(entries.size());
  for (Entry& entry : entries) {
    if (entry.work) entry.write.work.emplace(entry.work);
    writes.push_back(&entry.write);
  }
  database_.write_each(writes);
  for (const Entry& entry : entries) entry.done(entry.write);
}

}  // namespace agentauth
