// How much of what anybody can cause is put on record.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/siphash.h"
#include "base/time.h"
#include "model/agent.h"

namespace agentauth::audit {

// So many at once, and as many a second as come back.
class Budget {
 public:
  struct Rate {
    std::int64_t burst;
    std::int64_t a_second;
  };
  bool take(const Rate& rate, Timestamp now);
  std::int64_t left(const Rate& rate, Timestamp now);

 private:
  std::int64_t left_ = 0;
  Timestamp since_{};  // long ago: all of it has come back
};

// One for each of the agents that took from theirs lately, in sets of eight that are found by a
// keyed hash: nobody can register an agent that shares another's set on purpose. A newcomer to a
// full set takes the budget of which most is left, as it is: who was not heard of for a while has
// all of it left and loses nothing, and all together record no more than the table has budgets for.
// For one thread at a time.
class AgentBudgets {
 public:
  AgentBudgets();
  explicit AgentBudgets(const SipHashKey& key) : key_(key), sets_(sets_count) {}

  bool take(AgentId agent, const Budget::Rate& rate, Timestamp now);

 private:
  static constexpr std::size_t sets_count = 128;
  struct Entry {
    std::optional<AgentId> agent;
    Budget budget;
  };
  using Set = std::array<Entry, 8>;

  static Entry& entry_of(Set& set, AgentId agent, const Budget::Rate& rate, Timestamp now);

  const SipHashKey key_;
  std::vector<Set> sets_;
};

}  // namespace agentauth::audit
