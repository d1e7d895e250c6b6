// A bounded pool of threads: a full queue refuses, it never grows.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "http/application.h"

namespace agentauth::http {

class WorkerPool {
 public:
  struct Options {
    std::size_t threads = 1;
    std::size_t queue_max = 1024;
    int nice = 0;  // above 0: gives way to the cores that serve
  };

  explicit WorkerPool(const Options& options);
  // Finishes what is in work and drops what is queued.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  using Job = std::function<void()>;
  // False when the queue is full; the job is then untouched.
  bool try_submit(Job& job, const ShareName& share = {}, Turn turn = Turn::in_order);

  std::size_t depth() const;  // jobs that wait
  std::size_t threads() const { return threads_.size(); }

 private:
  struct Queued {
    Job job;
    ShareName share;
    Turn turn;
  };

  void run();
  // The first job whose name is not in work; requires the lock.
  std::deque<Queued>::iterator next_runnable();

  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Queued> queue_;  // those that come after others stand last
  std::set<ShareName> in_work_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace agentauth::http
