#include "audit/budget.h"

#include <gtest/gtest.h>

namespace agentauth::audit {
namespace {

constexpr Budget::Rate rate{3, 1};

AgentId agent(std::uint32_t number) {
  AgentId id{};
  for (std::size_t i = 0; i < 4; ++i)
    id.uuid.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

int taken(AgentBudgets& budgets, AgentId id, Timestamp now) {
  int count = 0;
  while (count < 100 && budgets.take(id, rate, now)) ++count;
  return count;
}

TEST(AgentBudgets, EachOfAFewAgentsHasAllOfItsOwn) {
  AgentBudgets budgets{SipHashKey{1}};
  const Timestamp now{std::chrono::hours{1}};
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(taken(budgets, agent(i), now), 3) << i;
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(taken(budgets, agent(i), now), 0) << i;
  EXPECT_EQ(taken(budgets, agent(7), now + Seconds{2}), 2);
}

// Whatever sets they are found in: who spends nothing is in nobody's way.
TEST(AgentBudgets, WhoWasQuietFindsAllOfIts) {
  AgentBudgets budgets{SipHashKey{1}};
  const Timestamp now{std::chrono::hours{1}};
  for (std::uint32_t i = 0; i < 5'000; ++i) (void)taken(budgets, agent(i), now);
  EXPECT_EQ(taken(budgets, agent(5'000), now + Seconds{3}), 3);
}

TEST(AgentBudgets, ManyAgentsTakeNoMoreThanTheTableHas) {
  AgentBudgets budgets{SipHashKey{1}};
  const Timestamp now{std::chrono::hours{1}};
  int all = 0;
  for (int round = 0; round < 3; ++round)
    for (std::uint32_t i = 0; i < 5'000; ++i) all += taken(budgets, agent(i), now);
  EXPECT_LE(all, 1024 * rate.burst);
}

// An agent that shares a set with others under one key shares it with others under another.
TEST(AgentBudgets, NobodyKnowsWithWhomItSharesASet) {
  const auto crowd_of = [](std::uint8_t key) {
    // Those that find nothing left once a thousand others have taken all they could.
    AgentBudgets budgets{SipHashKey{key}};
    const Timestamp now{std::chrono::hours{1}};
    for (std::uint32_t i = 0; i < 1'000; ++i) (void)taken(budgets, agent(i), now);
    std::vector<std::uint32_t> crowded;
    for (std::uint32_t i = 10'000; i < 10'200; ++i) {
      AgentBudgets copy = budgets;
      if (taken(copy, agent(i), now) == 0) crowded.push_back(i);
    }
    return crowded;
  };
  EXPECT_NE(crowd_of(1), crowd_of(2));
}

}  // namespace
}  // namespace agentauth::audit
