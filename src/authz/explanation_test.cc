#include "authz/explanation.h"

#include <gtest/gtest.h>

#include <functional>

#include "authz/permission_service.h"
#include "authz/search.h"
#include "directory/testing/replica.h"

namespace agentauth {
namespace {

using std::chrono::minutes;

template <auto Member, class Value>
Terms with(Value value) {
  Terms terms;
  terms.*Member = std::move(value);
  return terms;
}
Terms for_resource(std::string resource) { return with<&Terms::resource>(std::move(resource)); }

struct ExplainedReplica {
  template <class F>
  void write(const std::string& subject, F work) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(work(tx));
      return note_change(tx, subject);
    }));
  }
  void grant(const std::string& subject, const Terms& terms, const std::string& action = "pay") {
    write(subject, [&](Transaction& tx) -> Result<void> {
      GrantSubject to{subject, agent_of(subject)};
      if (policy::is_role_or_group(subject)) to.role_id = TRY(tx.roles().find(subject)).id;
      TRY(tx.grants().insert(to, action, terms));
      return {};
    });
  }
  void add_role(const std::string& role) {
    write(role, [&](Transaction& tx) -> Result<void> {
      TRY(tx.roles().insert(role, ""));
      return {};
    });
  }
  void join(const std::string& member, const std::string& role,
            std::optional<Timestamp> expires_at = {}) {
    write(member, [&](Transaction& tx) -> Result<void> {
      const auto id = TRY(tx.roles().find(role)).id;
      TRY(tx.roles().put_member(member, agent_of(member), id, expires_at));
      return {};
    });
  }
  Explanation why(const std::string& subject = "user:alice") {
    const Directory::View view(replica.directory());
    Question question = question_of(view, "pay", now);
    question.resource = "bill:1";
    const auto agent = agent_of(subject);
    const Subject about =
        agent ? Subject(Actor(view.find_agent(*agent))) : Subject(std::string_view(subject));
    return explain(view, about, subject, question);
  }

  // What it tells, in its order, without ids.
  static std::vector<std::string> told_by(const Explanation& explanation) {
    std::vector<std::string> lines;
    for (const ConsideredRule& rule : explanation.considered) {
      std::string line;
      for (const std::string& name : rule.path) line += name + " > ";
      lines.push_back(line + rule.grant.permission + " " + rule.grant.resource.value_or("-") + " " +
                      std::string(to_string(rule.outcome)));
    }
    for (const LivingMembership& one : explanation.memberships)
      lines.push_back(one.member + " of " + one.of);
    if (explanation.nearest_miss)
      lines.push_back(explanation.nearest_miss->rule.grant.permission + ": " +
                      explanation.nearest_miss->message);
    return lines;
  }

  Replica replica;
  const Timestamp now =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
};

class ExplanationTest : public testing::Test, protected ExplainedReplica {};

TEST_F(ExplanationTest, EachRuleSaysWhatBecameOfIt) {
  struct Case {
    Terms terms;
    std::string_view outcome;
    std::string_view detail;
  };
  std::vector<Case> table = {{{}, "matches", ""}};
  table.push_back({for_resource("bill:2"), "other_resource", "it is for bill:2"});
  table.push_back({with<&Terms::not_before>(now + minutes{90}), "not_yet", "begins in 1 hour"});
  table.push_back({with<&Terms::expires_at>(now - minutes{3}), "expired", "expired 3 minutes ago"});
  table.push_back({with<&Terms::effect>(Effect::audit), "audit_only", ""});
  table.push_back({with<&Terms::when>(R"(action.name == "fly")"), "condition_false",
                   R"(action.name == "fly" is false: "pay")"});
  int number = 0;
  for (const Case& row : table) {
    const std::string subject = "user:" + std::to_string(++number);
    grant(subject, row.terms);
    const Explanation told = why(subject);
    ASSERT_EQ(told.considered.size(), 1U) << row.outcome;
    EXPECT_EQ(to_string(told.considered[0].outcome), row.outcome);
    EXPECT_EQ(told.considered[0].detail, row.detail);
    EXPECT_EQ(told.considered[0].path, Path{subject});
    const bool misses = row.outcome != "matches" && row.outcome != "audit_only";
    EXPECT_EQ(told.nearest_miss.has_value(), misses) << row.outcome;
    if (misses) {
      EXPECT_EQ(told.nearest_miss->message,
                "a grant to it would allow: " + std::string(row.detail));
    }
  }
}

TEST_F(ExplanationTest, ThePathGoesByGroupsAndRoles) {
  for (const char* name : {"group:x", "role:y", "role:z"}) add_role(name);
  join("user:alice", "group:x");
  join("group:x", "role:y");
  grant("role:y", {});
  const Explanation told = why();
  EXPECT_EQ(told.reason, Reason::granted);
  ASSERT_TRUE(told.decided_by);
  EXPECT_EQ(told.decided_by->path, (Path{"user:alice", "group:x", "role:y"}));
  EXPECT_EQ(told.memberships.size(), 2U);
  EXPECT_FALSE(told.nearest_miss);
}

TEST_F(ExplanationTest, AMembershipThatEndedIsNearerThanARoleOfOthers) {
  for (const char* name : {"role:a", "role:y"}) add_role(name);
  grant("role:a", {});
  grant("role:y", {});
  EXPECT_EQ(why().nearest_miss->message, "role:a would allow: user:alice is not a member");
  join("user:alice", "role:y", now - minutes{3});
  const Explanation told = why();
  EXPECT_EQ(told.reason, Reason::not_granted);
  EXPECT_EQ(told.nearest_miss->message,
            "role:y would allow: the membership of role:y expired 3 minutes ago");
  EXPECT_EQ(told.nearest_miss->rule.path, (Path{"user:alice", "role:y"}));
  EXPECT_TRUE(told.memberships.empty());
}

TEST_F(ExplanationTest, AnAgentsPlainPermissionDecidesUnlessSomethingDenies) {
  const AgentId agent = replica.add_agent_with({"pay"});
  const std::string subject = subject_of(agent);
  EXPECT_TRUE(why(subject).decided_by->is_plain);
  Terms deny = with<&Terms::when>("context.amount > 1");
  deny.effect = Effect::deny;
  grant(std::string(policy::every_agent), deny);
  const Explanation told = why(subject);
  EXPECT_EQ(told.reason, Reason::denied);
  EXPECT_EQ(told.decided_by->path, (Path{subject, "agent:*"}));
  EXPECT_TRUE(told.decided_by->detail.starts_with("whoever denies takes it as true: "));
  EXPECT_FALSE(told.nearest_miss);
  EXPECT_EQ(why(subject_of(AgentId{})).reason, Reason::agent_unknown);
}

// The numbers of names, and what order rows come in, are other ones on each node.
TEST_F(ExplanationTest, ItTellsAllInOneOrderWhateverWasWrittenFirst) {
  const std::vector<std::function<void(ExplainedReplica&)>> steps = {
      [](ExplainedReplica& one) { one.grant("user:alice", for_resource("bill:*"), "*"); },
      [](ExplainedReplica& one) { one.grant("user:alice", for_resource("bill:2")); },
      [](ExplainedReplica& one) { one.grant("user:alice", for_resource("bill:1")); },
      [](ExplainedReplica& one) { one.grant("user:alice", {}); },
      [](ExplainedReplica& one) { one.grant("role:x", {}, "*"); },
      [](ExplainedReplica& one) { one.grant("role:x", for_resource("bill:1")); },
      [](ExplainedReplica& one) { one.grant("role:top", for_resource("bill:1")); },
      [](ExplainedReplica& one) { one.grant("role:old", for_resource("bill:1")); },
      [](ExplainedReplica& one) { one.grant("group:g", {}, "*"); },
      [](ExplainedReplica& one) { one.grant("group:g", for_resource("bill:*")); },
      [](ExplainedReplica& one) { one.join("user:alice", "role:x"); },
      [](ExplainedReplica& one) { one.join("user:alice", "group:g"); },
      [](ExplainedReplica& one) { one.join("role:x", "role:top"); },
      [](ExplainedReplica& one) { one.join("group:g", "role:top"); },
      [](ExplainedReplica& one) { one.join("user:alice", "role:old", Timestamp{}); },
  };
  const auto why_when = [&](bool is_reversed, std::string_view subject) {
    ExplainedReplica loaded;
    for (const char* role : {"role:x", "role:top", "role:old", "group:g"}) loaded.add_role(role);
    for (std::size_t i = 0; i < steps.size(); ++i)
      steps[is_reversed ? steps.size() - 1 - i : i](loaded);
    return told_by(loaded.why(std::string(subject)));
  };
  const std::vector<std::string> expected = {
      "user:alice > pay - matches",
      "user:alice > * bill:* matches",
      "user:alice > pay bill:1 matches",
      "user:alice > group:g > * - matches",
      "user:alice > group:g > pay bill:* matches",
      "user:alice > role:old > pay bill:1 membership_expired",
      "user:alice > role:x > * - matches",
      "user:alice > role:x > pay bill:1 matches",
      "user:alice > group:g > role:top > pay bill:1 matches",
      "user:alice > pay bill:2 other_resource",
      "user:alice of group:g",
      "user:alice of role:x",
      "group:g of role:top",
      "role:x of role:top",
  };
  EXPECT_EQ(why_when(false, "user:alice"), expected);
  EXPECT_EQ(why_when(true, "user:alice"), expected);
  const std::vector<std::string> missed = {"*: group:g would allow: user:bob is not a member"};
  EXPECT_EQ(why_when(false, "user:bob"), missed);
  EXPECT_EQ(why_when(true, "user:bob"), missed);
}

TEST_F(ExplanationTest, OfAnAgentsPermissionsTheOneThatNamesTheActionDecides) {
  for (const bool is_reversed : {false, true}) {
    const AgentId agent =
        is_reversed ? replica.add_agent_with({"*", "pay"}) : replica.add_agent_with({"pay", "*"});
    const Explanation told = why(subject_of(agent));
    EXPECT_EQ(told.decided_by->grant.permission, "pay");
    ASSERT_EQ(told.considered.size(), 2U);
    EXPECT_EQ(told.considered[0].grant.permission, "pay");
  }
}

TEST_F(ExplanationTest, AHundredRulesAreShownAndTheOneThatDecidesIsAmongThem) {
  for (int i = 0; i < 150; ++i) grant("user:alice", for_resource("bill:" + std::to_string(i)));
  const Explanation told = why();
  EXPECT_EQ(told.considered.size(), Explanation::considered_max);
  ASSERT_TRUE(told.decided_by);
  EXPECT_EQ(told.decided_by->grant.resource, "bill:1");
}

TEST_F(ExplanationTest, WhatIsKnownComesInStretchesThatHoldEachNameOnce) {
  for (int i = 0; i < 30; ++i) {
    const std::string id = std::to_string(100 + i * 7 % 30);
    grant("user:" + id, for_resource("bill:" + id));
    grant("user:" + id, for_resource("bill:" + id), "see");
  }
  const Directory::View view(replica.directory());
  std::vector<std::string> all;
  for (;;) {
    const auto next = known_resources(view, "bill", {all.empty() ? "" : all.back(), 7});
    if (next.empty()) break;
    all.insert(all.end(), next.begin(), next.end());
  }
  EXPECT_EQ(all.size(), 30U);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(known_subjects(view, "user", {"", 1000}), all);
  EXPECT_EQ(known_actions(view, {"", 1000}), (std::vector<std::string>{"pay", "see"}));
  EXPECT_TRUE(known_resources(view, "bil", {"", 1000}).empty());
}

}  // namespace
}  // namespace agentauth
