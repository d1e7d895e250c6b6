#include "store/write_queue.h"

#include <algorithm>
#include <iterator>

namespace agentauth {

WriteQueue::WriteQueue(Database& database, std::size_t waiting_max)
    : database_(database), waiting_max_(waiting_max) {
  thread_ = std::thread([this] { run(); });
}

bool WriteQueue::push(Work work, Done done) {
  return push(Entry(std::move(work), std::move(done)));
}

bool WriteQueue::push(AuditEvent event, Done done) {
  return push(Entry(std::move(event), std::move(done)));
}

bool WriteQueue::push_unawaited(AuditEvent event, Done done) {
  Entry entry(std::move(event), std::move(done));
  entry.write.since = Database::SteadyTime::max();
  return push(std::move(entry));
}

bool WriteQueue::push(Entry entry) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(entry));
    if (!idle_) return true;
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

void WriteQueue::run() {
  std::vector<Entry> entries;
  std::unique_lock lock(mutex_);
  for (;;) {
    idle_ = true;
    wake_.wait(lock, [&] { return !waiting_.empty() || stopping_; });
    idle_ = false;
    if (waiting_.empty()) return;
    const auto count =
        static_cast<std::ptrdiff_t>(std::min(waiting_.size(), Database::together_max));
    const auto end = waiting_.begin() + count;
    entries.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    lock.unlock();
    make(entries);
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
