// Keeps the buckets of this node in step with those of the others, from a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "limits/limiter.h"
#include "limits/shared_buckets.h"

namespace agentauth {

// Requests are admitted by this node's buckets alone and wait for nobody. Each charge is passed on
// within a millisecond or two, and the answer, what all nodes charged together, raises the debt
// here. So nothing is lost in the long run; what may be admitted too much of one identity is one
// request on each node that has yet to ask about it, and what comes before it has the answer.
//
// While the others cannot be reached, each node goes on with its share: burst and rate divided by
// the number of nodes that were there last. What it admits meanwhile is passed on afterwards, as
// far as it is still owed.
class LimitSharing {
 public:
  // The limiter is the caller's, shares already, and outlives this.
  LimitSharing(Limiter& limiter, std::unique_ptr<SharedBuckets> shared, Log& log);
  ~LimitSharing();
  LimitSharing(const LimitSharing&) = delete;
  LimitSharing& operator=(const LimitSharing&) = delete;

  void start();
  void stop();

  bool is_up() const { return up_.load(std::memory_order_relaxed); }
  std::int64_t nodes() const { return nodes_.load(std::memory_order_relaxed); }

  // One exchange, and how long to wait for the next. For the thread, and for tests without one.
  std::chrono::microseconds exchange();

 private:
  void run();
  void lose(const Error& error);
  void find_again();

  Limiter& limiter_;
  const std::unique_ptr<SharedBuckets> shared_;
  Log& log_;

  // Of the thread.
  std::vector<BucketTable::Charge> charges_;
  std::chrono::steady_clock::time_point said_alive_{};
  std::chrono::steady_clock::time_point charged_{};
  bool said_lost_ = false;

  std::atomic<bool> up_{false};
  std::atomic<std::int64_t> nodes_{1};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace agentauth
