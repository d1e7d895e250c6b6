// What decisions leave on record and in the metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/access_fixture.h"

namespace agentauth::api {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class AccessRecordsTest : public AccessFixture {
 protected:
  // Of so many events, those of grants that decide nothing.
  std::vector<AuditEvent> matches_among(std::size_t count) {
    std::vector<AuditEvent> events = audit_events(count);
    std::erase_if(events,
                  [](const AuditEvent& event) { return event.reason != AuditReason::audit_grant; });
    return events;
  }
};

// Whoever matches a grant that decides nothing at will must not hide what it is denied.
TEST_F(AccessRecordsTest, AQuestionAboutOneselfLeavesNothingOnRecord) {
  const AgentId self = replica.add_agent("Selfish");
  Terms marking;
  marking.effect = Effect::audit;
  grant("agent:*", "look", marking);
  const std::string look = R"({"name":"look"})";
  for (const std::string& name : {self.to_string(), std::string("Selfish")})
    EXPECT_EQ(ask(evaluation, question(agent(name), look), token_of(self)).status, 200);
  EXPECT_EQ(ask(evaluation, question(agent(self.to_string()), look), gate).status, 200);
  // The match, and the denial.
  const auto events = audit_events(2);
  ASSERT_EQ(events.size(), 2U);
  for (const AuditEvent& event : events) EXPECT_NE(event.agent_id, self);
}

// On a core, and on a worker, where something is to be counted.
TEST_F(AccessRecordsTest, WhatAnAuditGrantMatchesIsOnRecordWithWhomAndWhatItWasAbout) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  const AgentId weather = replica.add_agent("WeatherBot");
  Terms marking;
  marking.effect = Effect::audit;
  marking.resource = "record:*";
  const std::string all = grant("user:alice", "*", marking).to_string();
  const std::string paying = grant("user:alice", "pay", marking).to_string();
  const std::string its = grant(subject_of(weather), "pay", marking).to_string();
  Terms counted;
  counted.max_uses = 5;
  grant("user:alice", "pay", counted);
  grant(subject_of(weather), "pay", counted);
  const std::string pay = R"({"name":"pay"})";
  const std::string token = token_of(enforcer);
  EXPECT_EQ(told(ask(evaluation, question(alice, read), token)), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, pay), token)), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(agent("WeatherBot"), pay), token)), "true granted");
  ask(evaluations,
      R"({"evaluations":[)" + question(alice, read, R"({"type":"record","id":"2"})") + "]}", token);
  const auto events = audit_events(4);
  ASSERT_EQ(events.size(), 4U);
  for (const AuditEvent& event : events) {
    EXPECT_EQ(event.reason, AuditReason::audit_grant);
    EXPECT_EQ(event.outcome, AuditOutcome::success);
    EXPECT_EQ(event.agent_id, enforcer);
    EXPECT_EQ(event.target_type, AuditTargetType::resource);
  }
  const auto row = [](const AuditEvent& event) {
    return std::string(event.on_behalf_of.view()) + " " + std::string(event.target_id.view()) +
           " " + std::string(event.detail.view());
  };
  const std::string granted = " as_allow=granted";
  EXPECT_EQ(row(events[0]), "user:alice record:1 permission=read grants=" + all + granted);
  EXPECT_EQ(row(events[1]),
            "user:alice record:1 permission=pay grants=" + paying + "," + all + granted);
  EXPECT_EQ(row(events[2]),
            subject_of(weather) + " record:1 permission=pay grants=" + its + granted);
  EXPECT_EQ(row(events[3]), "user:alice record:2 permission=read grants=" + all + granted);
  EXPECT_EQ(events[0].target_agent_id, std::nullopt);
  EXPECT_EQ(events[2].target_agent_id, weather);
}

// Our own routes are about nothing in particular.
TEST_F(AccessRecordsTest, WhatAnAuditGrantMatchesOfACallIsOnRecordWithTheGrant) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  Terms marking;
  marking.effect = Effect::audit;
  const GrantId marks = grant(subject_of(enforcer), "agentauth:*", marking);
  EXPECT_EQ(told(ask(evaluation, question(alice, read), token_of(enforcer))), "true granted");
  const auto events = audit_events(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].on_behalf_of.view(), "");
  EXPECT_EQ(events[0].target_type, AuditTargetType::permission);
  EXPECT_EQ(events[0].target_id.view(), "agentauth:access:evaluate");
  EXPECT_EQ(events[0].target_agent_id, enforcer);
  EXPECT_EQ(events[0].detail.view(), "permission=agentauth:access:evaluate grants=" +
                                         marks.to_string() + " as_allow=granted");
}

TEST_F(AccessRecordsTest, OfMoreAuditGrantsThanAnEventHoldsItSaysThatThereAreMore) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  Terms marking;
  marking.effect = Effect::audit;
  for (int i = 0; i < 9; ++i) {
    marking.resource = "record:" + std::string(static_cast<std::size_t>(i), '1') + "*";
    grant("user:bob", "read", marking);
  }
  const std::string bob = R"({"type":"user","id":"bob"})";
  const std::string token = token_of(enforcer);
  ask(evaluation, question(bob, read, R"({"type":"record","id":"11111111"})"), token);
  ask(evaluation, question(bob, read, R"({"type":"record","id":"1111111"})"), token);
  const std::vector<AuditEvent> matches = matches_among(4);
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_THAT(std::string(matches[0].detail.view()), EndsWith(" as_allow=granted more=true"));
  EXPECT_THAT(std::string(matches[1].detail.view()), EndsWith(" as_allow=granted"));
}

// As an allow it would have changed nothing: there is a deny.
TEST_F(AccessRecordsTest, WhatAnAuditGrantWouldHaveDecidedIsOnRecord) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  Terms marking, denying;
  marking.effect = Effect::audit;
  denying.effect = Effect::deny;
  denying.resource = "record:2";
  grant("user:bob", "read", marking);
  grant("user:bob", "read", denying);
  const std::string token = token_of(enforcer);
  const std::string bob = R"({"type":"user","id":"bob"})";
  const std::string second = R"({"type":"record","id":"2"})";
  EXPECT_EQ(told(ask(evaluation, question(bob, read), token)), "false not_granted");
  EXPECT_EQ(told(ask(evaluation, question(bob, read, second), token)), "false denied");
  const std::vector<AuditEvent> matches = matches_among(4);
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_THAT(std::string(matches[0].detail.view()), EndsWith(" as_allow=granted"));
  EXPECT_THAT(std::string(matches[1].detail.view()), EndsWith(" as_allow=denied"));
  for (const AuditEvent& event : matches) EXPECT_EQ(event.outcome, AuditOutcome::denied);
}

// It is admitted on the core and answered by a worker.
TEST_F(AccessRecordsTest, ACallThatGoesOnToAWorkerIsOnRecordOnce) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  Terms marking;
  marking.effect = Effect::audit;
  grant(subject_of(enforcer), "agentauth:access:evaluate", marking);
  Terms counted;
  counted.max_uses = 5;
  grant("user:alice", "pay", counted);
  const std::string pay = question(alice, R"({"name":"pay"})");
  EXPECT_EQ(told(ask(evaluation, pay, token_of(enforcer))), "true granted");
  EXPECT_EQ(told(ask(evaluation, question(alice, read), token_of(enforcer))), "true granted");
  const auto events = audit_events(2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(to_string(events[0].reason), "audit_grant");
  EXPECT_EQ(to_string(events[1].reason), "audit_grant");
  EXPECT_NE(events[0].request_id.view(), events[1].request_id.view());
}

TEST_F(AccessRecordsTest, ADeniedEvaluationIsOnRecordWithWhomItWasAbout) {
  const AgentId enforcer = replica.add_agent_with({"agentauth:access:evaluate"});
  const AgentId weather = replica.add_agent("WeatherBot");
  const std::string token = token_of(enforcer);
  const std::string write = R"({"name":"write"})";
  ask(evaluation, question(alice, read), token);
  ask(evaluation, question(agent(weather.to_string()), write), token);
  ask(evaluations,
      R"({"evaluations":[)" + question(alice, read) + "," +
          question(R"({"type":"user","id":"bob"})", read, R"({"type":"record","id":"2"})") + "," +
          question(agent("Nobody"), write) + ",7]}",
      token);
  const auto events = audit_events(3);
  ASSERT_EQ(events.size(), 3U);
  for (const AuditEvent& event : events) {
    EXPECT_EQ(event.action, AuditAction::request);
    EXPECT_EQ(event.outcome, AuditOutcome::denied);
    EXPECT_EQ(event.agent_id, enforcer);
    EXPECT_EQ(event.target_type, AuditTargetType::resource);
  }
  EXPECT_EQ(events[0].on_behalf_of.view(), subject_of(weather));
  EXPECT_EQ(events[0].target_agent_id, weather);
  EXPECT_EQ(events[0].target_id.view(), "record:1");
  EXPECT_EQ(events[0].detail.view(), "write");
  EXPECT_EQ(to_string(events[0].reason), "not_granted");
  EXPECT_EQ(events[1].on_behalf_of.view(), "user:bob");
  EXPECT_EQ(events[1].target_id.view(), "record:2");
  EXPECT_EQ(events[1].target_agent_id, std::nullopt);
  EXPECT_EQ(events[2].on_behalf_of.view(), "agent:Nobody");
  EXPECT_EQ(to_string(events[2].reason), "agent_unknown");
}

TEST_F(AccessRecordsTest, WhatIsNoEnforcementLeavesNothingOnRecord) {
  const AgentId self = replica.add_agent("Selfish");
  const std::string fly = R"({"name":"fly"})";
  for (const std::string& name : {self.to_string(), std::string("Selfish")})
    EXPECT_EQ(told(ask(evaluation, question(agent(name), fly), token_of(self))),
              "false not_granted");
  ask("/access/v1/explain", question(alice, fly), gate);
  ask("/access/v1/simulate", R"({"evaluations":[)" + question(alice, fly) + "]}", gate);
  ask("/access/v1/search/action",
      R"({"subject":)" + alice + R"(,"resource":{"type":"record","id":"1"}})", gate);
  ask(evaluation, question(alice, fly), gate);
  const auto events = audit_events(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].on_behalf_of.view(), "user:alice");
}

// The one that asks answers for principals that are no agents; an agent is denied in its own.
TEST_F(AccessRecordsTest, ABatchOfDenialsIsOnRecordWithinABudget) {
  const AgentId weather = replica.add_agent("WeatherBot");
  std::string items;
  for (int i = 0; i < 1000; ++i)
    items += (i == 0 ? "" : ",") + question(alice, R"({"name":"fly"})");
  for (int i = 0; i < 3; ++i) ask(evaluations, R"({"evaluations":[)" + items + "]}", gate);
  const auto dropped = [&](audit::Dropped why) {
    return recorder.state().dropped[static_cast<std::size_t>(why)];
  };
  EXPECT_EQ(dropped(audit::Dropped::flood), 2000U);
  const std::size_t kept = 1000 - dropped(audit::Dropped::queue_full);
  EXPECT_EQ(audit_events(kept).size(), kept);
  ask(evaluation, question(agent(weather.to_string()), R"({"name":"fly"})"), gate);
  EXPECT_EQ(audit_events(kept + 1).back().target_agent_id, weather)
      << "others have budgets of their own";
}

TEST_F(AccessRecordsTest, DecisionsAreCountedByEntryAndReason) {
  ask(evaluation, question(alice, read), gate);
  ask(evaluations,
      R"({"evaluations":[)" + question(alice, read) + "," + question(alice, R"({"name":"fly"})") +
          "," + question(agent("Nobody"), read) + ",7]}",
      gate);
  ask(evaluation, question(alice, read), token_with({}));
  const std::string text = get("/metrics").body;
  const auto counts = [&](std::string_view labels, int count) {
    EXPECT_THAT(text, HasSubstr("agentauth_decisions_total{" + std::string(labels) + "} " +
                                std::to_string(count) + "\n"));
  };
  counts(R"(entry="evaluation",decision="allow",reason="granted")", 2);
  counts(R"(entry="evaluation",decision="deny",reason="not_granted")", 1);
  counts(R"(entry="evaluation",decision="deny",reason="agent_unknown")", 1);
  counts(R"(entry="evaluation",decision="deny",reason="malformed")", 1);
  counts(R"(entry="route",decision="allow",reason="granted")", 2);
  counts(R"(entry="route",decision="deny",reason="not_granted")", 1);
}

}  // namespace
}  // namespace agentauth::api
