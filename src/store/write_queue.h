// Writes of threads that must not wait: one thread makes them, as many together as wait by then.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "store/database.h"

namespace agentauth {

// One thread of its own, from construction to stop(). Everything else may be called from any
// thread.
class WriteQueue {
 public:
  static constexpr std::size_t waiting_max_default = 8192;

  explicit WriteQueue(Database& database, std::size_t waiting_max = waiting_max_default);
  ~WriteQueue() { stop(); }
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // Told on the queue's thread what came of a write, its result and its events: nothing the write
  // stands for may be answered before. False from push(): the queue is full or has ended, and
  // `done` will not be called.
  using Done = std::function<void(const Database::Write&)>;
  // As Database::write() takes it: perhaps called a second time, from nothing.
  using Work = std::function<Result<void>(Transaction&)>;
  bool push(Work work, Done done);
  bool push(AuditEvent event, Done done);
  // Whose turn nobody waits for: it is not refused because others before it had no answer.
  bool push_unawaited(AuditEvent event, Done done);

  std::size_t depth() const;
  std::size_t waiting_max() const { return waiting_max_; }

  // Makes what waits, refuses what comes after, ends the thread.
  void stop();

 private:
  struct Entry {
    Entry(Work does, Done told) : work(std::move(does)), done(std::move(told)) {}
    Entry(AuditEvent event, Done told) : done(std::move(told)) {
      write.outcome.events.push_back(std::move(event));
    }

    Work work;  // empty: the event alone
    Done done;
    Database::Write write;
  };

  bool push(Entry entry);
  void run();
  void make(std::vector<Entry>& entries);

  Database& database_;
  const std::size_t waiting_max_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> waiting_;
  bool stopping_ = false;
  bool idle_ = true;
  std::thread thread_;
};

}  // namespace agentauth
