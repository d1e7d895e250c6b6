// Takes events from threads that must not wait, and makes them durable together.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/time.h"
#include "model/audit_event.h"
#include "store/database.h"

namespace agentauth::audit {

// Why an event is not in the trail: counted, never silent.
enum class Dropped : std::uint8_t {
  queue_full,  // more denials than the database takes
  flood,       // credentials that do not work, faster than unknown_a_second
  database,    // the database refused it
};
inline constexpr std::size_t dropped_count = 3;
std::string_view to_string(Dropped why);

// One thread of its own, from construction to stop(). Everything else may be called from any
// thread.
class Recorder {
 public:
  struct Options {
    std::size_t waiting_max = 8192;
    // Anybody can fail to log in as often as the network carries: without a bound that fills the
    // disk. What known callers are denied has no bound but the queue's.
    std::int64_t unknown_burst = 10'000;
    std::int64_t unknown_a_second = 100;
  };
  Recorder(Database& database, const Clock& clock) : Recorder(database, clock, Options{}) {}
  Recorder(Database& database, const Clock& clock, const Options& options);
  ~Recorder() { stop(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // `done` is told, on the recorder's thread, whether the event is durable: nothing it stands for
  // may be answered before. False when the queue is full: `done` will not be called then.
  using Done = std::function<void(const Result<void>&)>;
  bool record(AuditEvent event, Done done);
  // Whether it becomes durable is nobody's to wait for. Takes at most half of the queue.
  void record_denial(AuditEvent event);
  // On this thread, which waits. For threads that may.
  Result<void> record_now(AuditEvent event);
  // Events that their writes recorded themselves: for the metrics.
  void count(const AuditEvent& event);

  // Writes what waits, refuses what comes after, ends the thread.
  void stop();

  struct State {
    std::size_t depth = 0;
    std::array<std::array<std::uint64_t, audit_outcome_count>, audit_action_count> recorded{};
    std::array<std::uint64_t, dropped_count> dropped{};
  };
  State state() const;

 private:
  struct Entry {
    AuditEvent event;
    Done done;  // empty: nobody waits
  };

  void run();
  void write(std::vector<Entry>& entries);
  bool admits_unknown();  // requires the lock
  void drop(Dropped why, std::uint64_t events) {
    dropped_[static_cast<std::size_t>(why)] += events;
  }

  Database& database_;
  const Clock& clock_;
  const Options options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> queue_;
  bool stopping_ = false;
  bool idle_ = true;
  std::int64_t unknown_left_;
  Timestamp unknown_since_;

  std::array<std::array<std::atomic<std::uint64_t>, audit_outcome_count>, audit_action_count>
      recorded_{};
  std::array<std::atomic<std::uint64_t>, dropped_count> dropped_{};
  std::thread thread_;
};

}  // namespace agentauth::audit
