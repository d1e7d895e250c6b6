#include "audit/recorder.h"

namespace agentauth::audit {
namespace {

constexpr std::array<std::string_view, dropped_count> dropped_names = {"queue_full", "flood",
                                                                       "database"};

bool is_of_stranger(const AuditEvent& denial) {
  return denial.outcome == AuditOutcome::failure || !denial.agent_id;
}

}  // namespace

std::string_view to_string(Dropped why) { return dropped_names[static_cast<std::size_t>(why)]; }

bool Recorder::record(AuditEvent&& event, Done done) {
  return queue_.push(std::move(event),
                     [this, done = std::move(done)](const Database::Write& written) {
                       if (written.result) count(written.outcome.events.front());
                       done(written.result);
                     });
}

void Recorder::record_denial(AuditEvent event) {
  {
    const std::lock_guard lock(mutex_);
    if (!admits(event)) return drop(Dropped::flood);
  }
  std::atomic<std::size_t>& waiting =
      is_of_stranger(event) ? denials_of_strangers_ : denials_of_agents_;
  push(std::move(event), waiting);
}

void Recorder::record_denial_asked(AgentId asker, AgentId about, FunctionRef<AuditEvent()> make) {
  {
    const std::lock_guard lock(mutex_);
    const Timestamp now = clock_.now();
    if (!askers_.take(asker, options_.each_asker, now) ||
        !asked_about_.take(about, options_.each_asked_about, now))
      return drop(Dropped::flood);
  }
  push(make(), denials_asked_);
}

void Recorder::push(AuditEvent denial, std::atomic<std::size_t>& waiting) {
  const auto done = [this, &waiting](const Database::Write& written) {
    --waiting;
    if (!written.result) return drop(Dropped::database);
    count(written.outcome.events.front());
  };
  if (waiting++ < queue_.waiting_max() / 4 && queue_.push_unawaited(std::move(denial), done))
    return;
  --waiting;
  drop(Dropped::queue_full);
}

bool Recorder::admits(const AuditEvent& denial) {
  const Timestamp now = clock_.now();
  if (is_of_stranger(denial)) return strangers_.take(options_.strangers, now);
  const AgentId agent = *denial.agent_id;
  return denial.reason == AuditReason::audit_grant
             ? matched_.take(agent, options_.each_agent_matched, now)
             : denied_.take(agent, options_.each_agent, now);
}

Result<void> Recorder::record_now(const AuditEvent& event) {
  TRY(database_.record({event}));
  count(event);
  return {};
}

void Recorder::count(const AuditEvent& event) {
  ++recorded_[static_cast<std::size_t>(event.action)][static_cast<std::size_t>(event.outcome)];
}

Recorder::State Recorder::state() const {
  State state;
  state.depth = queue_.depth();
  for (std::size_t action = 0; action < audit_action_count; ++action)
    for (std::size_t outcome = 0; outcome < audit_outcome_count; ++outcome)
      state.recorded[action][outcome] = recorded_[action][outcome];
  for (std::size_t why = 0; why < dropped_count; ++why) state.dropped[why] = dropped_[why];
  return state;
}

}  // namespace agentauth::audit
