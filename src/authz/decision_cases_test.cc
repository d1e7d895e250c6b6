// The rules of decisions by example, and what one must not be able to do with them.
#include <gtest/gtest.h>

#include <algorithm>

#include "authz/testing/stated_policy.h"
#include "tests/cases/decisions.h"

namespace agentauth {
namespace {

using testing::StatedPolicy;

template <std::size_t N>
void expect_answers(const cases::DecisionCase (&rows)[N]) {
  for (const cases::DecisionCase& row : rows) {
    Replica replica;
    StatedPolicy stated(replica);
    // Whoever is asked about is there, even when nothing was granted to it.
    for (const char* name : {"agent:bot", "agent:other"}) stated.agent(name);
    stated.state(row.policy);
    EXPECT_EQ(stated.answer(row.question), row.answer) << row.rule << "\n"
                                                       << row.policy << "\n"
                                                       << row.question;
    // A node that is told everything at once knows the same.
    Directory other(replica.database(), std::chrono::hours{1});
    ASSERT_TRUE(other.load());
    EXPECT_EQ(stated.answer(other, row.question), row.answer) << "loaded: " << row.rule << "\n"
                                                              << row.policy;
  }
}

TEST(DecisionCases, OfPlainGrants) { expect_answers(cases::plain_cases); }
TEST(DecisionCases, OfMembers) { expect_answers(cases::member_cases); }
TEST(DecisionCases, OfResources) { expect_answers(cases::resource_cases); }
TEST(DecisionCases, OfDenies) { expect_answers(cases::deny_cases); }
TEST(DecisionCases, OfConditions) { expect_answers(cases::condition_cases_of_grants); }
TEST(DecisionCases, OfTerms) { expect_answers(cases::term_cases); }

// The order of rows in a policy is no rule.
TEST(DecisionCases, OfDeniesInAnyOrder) {
  for (const cases::DecisionCase& row : cases::deny_cases) {
    Replica replica;
    StatedPolicy stated(replica);
    auto lines = testing::lines_of(row.policy);
    std::reverse(lines.begin(), lines.end());
    for (const std::string& line : lines) stated.state(line);
    EXPECT_EQ(stated.answer(row.question), row.answer) << row.rule << "\n" << row.policy;
  }
}

// More than any service lets one become a member of: written past them all.
TEST(DecisionCases, MoreMembershipsThanAreLookedAtAllowNothing) {
  Replica replica;
  StatedPolicy stated(replica);
  stated.state("allow agent:bot read\nallow agent:bot *");
  const std::string bot = stated.principal("agent:bot");
  const auto join = [&](int from, int to) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      for (int i = from; i < to; ++i) {
        const std::string name = "role:r" + std::to_string(i);
        TRY(tx.roles().insert(name, ""));
        TRY(tx.roles().put_member(bot, agent_of(bot), TRY(tx.roles().find(name)).id, {}));
        TRY(note_change(tx, name));
      }
      return note_change(tx, bot);
    }));
  };
  join(0, 255);
  EXPECT_EQ(stated.answer("agent:bot read"), "granted") << "256 with its own";
  join(255, 256);
  EXPECT_EQ(stated.answer("agent:bot read"), "too_many_memberships");
  stated.state("allow agent:* read");
  EXPECT_EQ(stated.answer("agent:bot read"), "too_many_memberships");
  stated.end_membership("agent:bot", "role:r0");
  EXPECT_EQ(stated.answer("agent:bot read"), "too_many_memberships") << "agent:* is one more";
  stated.end_membership("agent:bot", "role:r1");
  EXPECT_EQ(stated.answer("agent:bot read"), "granted");
}

TEST(DecisionCases, ARoleThatIsMadeAgainHasNoMembers) {
  Replica replica;
  StatedPolicy stated(replica);
  stated.state("allow role:r read\nmember agent:bot of role:r\nmember role:r of role:top");
  stated.erase_role("role:r");
  EXPECT_EQ(stated.answer("agent:bot read"), "not_granted");
  stated.state("allow role:r read\nallow role:top write");
  EXPECT_EQ(stated.answer("agent:bot read"), "not_granted");
  EXPECT_EQ(stated.answer("role:r write"), "not_granted") << "nor is it a member as it was";
  stated.state("member agent:bot of role:r");
  EXPECT_EQ(stated.answer("agent:bot read"), "granted");
}

TEST(DecisionCases, ANewRuleIsInForceAtTheNextQuestion) {
  Replica replica;
  StatedPolicy stated(replica);
  stated.state("member agent:bot of role:r\nallow role:r read when resource.properties.open");
  EXPECT_EQ(stated.answer("agent:bot read on record:1"), "not_granted");
  stated.state(R"(know record:1 {"open": true})");
  EXPECT_EQ(stated.answer("agent:bot read on record:1"), "granted");
  stated.state(R"(know record:1 {"open": false})");
  EXPECT_EQ(stated.answer("agent:bot read on record:1"), "not_granted");
  stated.state(R"(know record:1 {"open": true})");
  stated.forget_entity("record", "1");
  EXPECT_EQ(stated.answer("agent:bot read on record:1"), "not_granted");
  stated.state("allow role:r read");
  EXPECT_EQ(stated.answer("agent:bot read on record:1"), "granted");
  stated.state("deny agent:* read on record:1");
  EXPECT_EQ(stated.answer("agent:bot read on record:1"), "denied");
  stated.erase_grant(stated.last_grant());
  EXPECT_EQ(stated.answer("agent:bot read on record:1"), "granted");
  stated.end_membership("agent:bot", "role:r");
  EXPECT_EQ(stated.answer("agent:bot read on record:1"), "not_granted");
}

}  // namespace
}  // namespace agentauth
