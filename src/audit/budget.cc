#include "audit/budget.h"

#include <algorithm>

#include "crypto/random.h"

namespace agentauth::audit {

std::int64_t Budget::left(const Rate& rate, Timestamp now) {
  const auto seconds = std::chrono::floor<Seconds>(now - since_);
  if (seconds > Seconds{0}) {
    since_ += seconds;
    left_ = std::min(rate.burst,
                     left_ + std::min<std::int64_t>(seconds.count(), rate.burst) * rate.a_second);
  }
  return left_;
}

bool Budget::take(const Rate& rate, Timestamp now) {
  if (left(rate, now) <= 0) return false;
  --left_;
  return true;
}

AgentBudgets::AgentBudgets()
    : AgentBudgets(SystemRandom().bytes<std::tuple_size_v<SipHashKey>>()) {}

bool AgentBudgets::take(AgentId agent, const Budget::Rate& rate, Timestamp now) {
  Set& set = sets_[siphash(key_, agent.uuid.bytes) % sets_.size()];
  return entry_of(set, agent, rate, now).budget.take(rate, now);
}

AgentBudgets::Entry& AgentBudgets::entry_of(Set& set, AgentId agent, const Budget::Rate& rate,
                                            Timestamp now) {
  Entry* most = &set.front();
  for (Entry& entry : set) {
    if (entry.agent == agent) return entry;
    if (entry.budget.left(rate, now) > most->budget.left(rate, now)) most = &entry;
  }
  most->agent = agent;
  return *most;
}

}  // namespace agentauth::audit
