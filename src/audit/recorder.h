// Takes events from threads that must not wait, and has them made durable together.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <mutex>

#include "audit/budget.h"
#include "base/function_ref.h"
#include "model/audit_event.h"
#include "store/write_queue.h"

namespace agentauth::audit {

// Why an event is not in the trail: counted, never silent.
enum class Dropped : std::uint8_t {
  queue_full,  // more denials than the database takes
  flood,       // of one agent, or of strangers together, more than they may cause
  database,    // the database refused it
};
inline constexpr std::size_t dropped_count = 3;
std::string_view to_string(Dropped why);

// Safe to use from any thread. Ends its queue when it ends.
class Recorder {
 public:
  struct Options {
    // Anybody can fail to log in, and any agent be denied, as often as the network carries. Without
    // a bound that fills the disk, and hides what others do.
    Budget::Rate strangers{10'000, 100};
    Budget::Rate each_agent{1'000, 20};
    // And apart from what it is denied, so often may grants that decide nothing put an agent on
    // record: whoever matches one at will hides nothing by it.
    Budget::Rate each_agent_matched{1'000, 20};
    // So often is put on record what somebody else was denied by an enforcement point that asked:
    // of each whom it was about, and by each that asked. Neither hides what these are denied here.
    Budget::Rate each_asked_about{1'000, 20};
    Budget::Rate each_asker{4'000, 200};
  };
  Recorder(Database& database, WriteQueue& queue, const Clock& clock)
      : Recorder(database, queue, clock, Options{}) {}
  Recorder(Database& database, WriteQueue& queue, const Clock& clock, const Options& options)
      : database_(database), queue_(queue), clock_(clock), options_(options) {}
  ~Recorder() { queue_.stop(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // `done` is told, on the queue's thread, whether the event is durable: nothing it stands for may
  // be answered before. False when the queue is full: `done` will not be called then.
  using Done = std::function<void(const Result<void>&)>;
  bool record(AuditEvent&& event, Done done);
  // Whether it becomes durable is nobody's to wait for. Those of agents, those of strangers and
  // those that were asked for take at most a quarter of the queue each.
  void record_denial(AuditEvent event);
  // The same of what `about` was denied when `asker` asked: made only if both have room for it. Who
  // asked about nobody known is given as both.
  void record_denial_asked(AgentId asker, AgentId about, FunctionRef<AuditEvent()> make);
  // On this thread, which waits. For threads that may.
  Result<void> record_now(const AuditEvent& event);
  // Events that their writes recorded themselves: for the metrics.
  void count(const AuditEvent& event);

  struct State {
    std::size_t depth = 0;
    std::array<std::array<std::uint64_t, audit_outcome_count>, audit_action_count> recorded{};
    std::array<std::uint64_t, dropped_count> dropped{};
  };
  State state() const;

 private:
  // Requires the lock.
  bool admits(const AuditEvent& denial);
  void push(AuditEvent denial, std::atomic<std::size_t>& waiting);
  void drop(Dropped why) { ++dropped_[static_cast<std::size_t>(why)]; }

  Database& database_;
  WriteQueue& queue_;
  const Clock& clock_;
  const Options options_;

  std::mutex mutex_;
  Budget strangers_;
  AgentBudgets denied_;
  AgentBudgets matched_;
  AgentBudgets asked_about_;
  AgentBudgets askers_;
  std::atomic<std::size_t> denials_of_strangers_ = 0;  // that are not done yet
  std::atomic<std::size_t> denials_of_agents_ = 0;
  std::atomic<std::size_t> denials_asked_ = 0;

  std::array<std::array<std::atomic<std::uint64_t>, audit_outcome_count>, audit_action_count>
      recorded_{};
  std::array<std::atomic<std::uint64_t>, dropped_count> dropped_{};
};

}  // namespace agentauth::audit
