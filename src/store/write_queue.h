// Writes of threads that must not wait: one thread makes them, as many together as is good.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <limits>
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
  bool push(AuditEvent&& event, Done done);
  // Whose turn nobody waits for: it is not refused because others before it had no answer.
  bool push_unawaited(AuditEvent&& event, Done done);

  std::size_t depth() const;
  std::size_t waiting_max() const { return waiting_max_; }

  // Makes what waits, refuses what comes after, ends the thread.
  void stop();

  // What the next commit waits for, when `answered` were told of the last one, which took `took`,
  // and `waiting` came meanwhile. Who keeps this thread busy asks again when he has his answer, and
  // a commit costs the same for one as for all: so most of them share it, and the rest are worked
  // on while it is made. Few are not waited for: whoever comes now and then is answered at once.
  using Steady = std::chrono::steady_clock;
  struct Linger {
    std::size_t until = 1;  // so many wait
    Steady::duration at_most{};
  };
  static Linger linger_after(std::size_t answered, Steady::duration took, std::size_t waiting);

 private:
  struct Entry {
    Entry(Work does, Done told) : work(std::move(does)), done(std::move(told)) {}
    Entry(AuditEvent&& event, Done told) : done(std::move(told)) {
      write.outcome.events.push_back(std::move(event));
    }

    Work work;  // empty: the event alone
    Done done;
    Database::Write write;
  };

  // How many have to wait for the thread to be woken.
  static constexpr std::size_t any = 1;
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

  bool push(Entry&& entry);
  void run();
  void await_turn(std::unique_lock<std::mutex>& lock, std::size_t answered, Steady::duration took);
  void make(std::vector<Entry>& entries);

  Database& database_;
  const std::size_t waiting_max_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> waiting_;
  bool stopping_ = false;
  std::size_t wake_at_ = any;
  std::thread thread_;
};

}  // namespace agentauth
