// Keeps the directory current with what other processes write, and the tables short.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "app/outage.h"
#include "base/log.h"
#include "directory/directory.h"
#include "store/database.h"

namespace agentauth::app {

// How often the change log is asked for what others wrote: a revocation on another node, or by the
// command line, bites within this, announced or not.
inline constexpr std::chrono::milliseconds poll_interval{100};

// A thread that asks the database what was committed: at once when it hears of something, and at
// every poll interval in any case. Nothing rests on being told.
class Follower {
 public:
  // `on_followed` is called on the thread, each time the directory knows all that is committed.
  Follower(Database& database, Directory& directory, Log& log, std::function<void()> on_followed)
      : database_(database),
        directory_(directory),
        log_(log),
        outage_(log, "database_lost", "database_back"),
        on_followed_(std::move(on_followed)) {}
  ~Follower() { stop(); }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Done beside pruning the change log: a small batch, and whether there is more. Before start().
  void also_prune(std::function<Result<bool>()> batch) { others_.push_back(std::move(batch)); }

  void start();
  void stop();

 private:
  using Steady = std::chrono::steady_clock;

  void run();
  void wait_for_news();
  void listen_until(Steady::time_point until);
  // True when the thread is to end.
  bool sleep_until(Steady::time_point until);
  void follow();
  void prune();
  Result<bool> prune_batch();

  Database& database_;
  Directory& directory_;
  Log& log_;
  Outage outage_;
  std::vector<std::function<Result<bool>()>> others_;
  const std::function<void()> on_followed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;

  // Of the thread.
  std::unique_ptr<Watch> watch_;
  Steady::time_point watch_at_{};  // when to ask for a watch, if there is none
  bool lost_ = false;
  Steady::time_point prune_at_{};

  std::thread thread_;
};

}  // namespace agentauth::app
