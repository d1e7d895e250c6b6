// The audit trail, live: whoever comes back is told of all that followed, or that it is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::EventSource;
using http::Method;
using ::testing::HasSubstr;
using ::testing::Not;

class AuditStreamTest : public ApiFixture {
 protected:
  // One event each.
  void record(int count) {
    for (int i = 0; i < count; ++i)
      ASSERT_EQ(call({.method = Method::patch,
                      .target = "/agents/" + bot.to_string(),
                      .body = R"({"agent_name":"Bot )" + std::to_string(i) + "\"}",
                      .token = administrator})
                    .status,
                200);
  }
  Answer follow(const std::string& last_event_id = "") {
    Call call_once{.target = "/audit/stream", .token = administrator};
    if (!last_event_id.empty()) call_once.headers = {{"Last-Event-ID", last_event_id}};
    return call(call_once);
  }
  // As a database is that was put back from a copy.
  void go_back_to(std::int64_t sequence) {
    replica.execute("DELETE FROM audit_log WHERE sequence > $1", {sequence});
    replica.execute(
        "UPDATE audit_head SET sequence = $1, "
        "hash = (SELECT hash FROM audit_log WHERE sequence = $1)",
        {sequence});
  }
  void forget_up_to(std::int64_t sequence) {
    replica.execute("DELETE FROM audit_log WHERE sequence <= $1", {sequence});
  }
  void look() { ASSERT_TRUE(keeper.round()); }
  static std::string read(EventSource& events) {
    std::string text;
    events.read(text);
    return text;
  }

  const AgentId bot = replica.add_agent("Bot");
  const std::string administrator = token_with({"agentauth:*"});
};

TEST_F(AuditStreamTest, AFollowerThatWasCutOffGoesOnWhereItWas) {
  record(3);
  const auto events = follow("2").events;
  ASSERT_NE(events, nullptr);
  look();
  EXPECT_EQ(events->state(), EventSource::State::has_events);
  const std::string text = read(*events);
  EXPECT_THAT(text, HasSubstr("id: 3\n"));
  EXPECT_THAT(text, Not(HasSubstr("id: 2\n")));
  EXPECT_EQ(events->state(), EventSource::State::waiting);
}

TEST_F(AuditStreamTest, AnEventThatTheTrailNeverHadIsGone) {
  record(3);
  EXPECT_EQ(follow("3").status, 200);
  for (const std::string& id : {std::string("4"), std::string("9223372036854775807")}) {
    const Answer answer = follow(id);
    EXPECT_EQ(answer.status, 410) << id;
    EXPECT_EQ(answer.code(), "gone");
    EXPECT_THAT(answer.text("detail"), HasSubstr("ends with event 3, before event " + id));
    EXPECT_EQ(answer.events, nullptr);
  }
}

TEST_F(AuditStreamTest, WhatWasForgottenIsGoneAndNeverSkipped) {
  record(4);
  forget_up_to(2);
  for (const std::string& id : {std::string("0"), std::string("1")}) {
    const Answer answer = follow(id);
    EXPECT_EQ(answer.status, 410) << id;
    EXPECT_THAT(answer.text("detail"), HasSubstr("go on after event 2"));
  }
  EXPECT_EQ(follow("2").status, 200);
  forget_up_to(4);
  EXPECT_EQ(follow("3").status, 410);
  EXPECT_EQ(follow("4").status, 200);
  EXPECT_EQ(follow().status, 200);
}

TEST_F(AuditStreamTest, AStreamEndsWhenTheTrailGoesBackBehindIt) {
  record(3);
  look();
  const auto events = follow().events;
  ASSERT_NE(events, nullptr);
  EXPECT_EQ(events->state(), EventSource::State::waiting);
  go_back_to(1);
  look();
  EXPECT_EQ(events->state(), EventSource::State::waiting);
  clock.advance(std::chrono::seconds{1});
  EXPECT_EQ(events->state(), EventSource::State::has_events);
  EXPECT_EQ(read(*events), "");
  EXPECT_EQ(events->state(), EventSource::State::ended);
}

TEST_F(AuditStreamTest, AStreamEndsWhenWhatFollowsItIsForgotten) {
  record(1);
  const auto events = follow().events;
  ASSERT_NE(events, nullptr);
  record(3);
  forget_up_to(3);
  look();
  EXPECT_EQ(events->state(), EventSource::State::has_events);
  EXPECT_EQ(read(*events), "");
  EXPECT_EQ(events->state(), EventSource::State::ended);
}

// A follower knows of an event before the keeper does.
TEST_F(AuditStreamTest, AHeadThatIsSeenLateEndsNothingAndIsWaitedFor) {
  record(3);
  const auto events = follow().events;
  ASSERT_NE(events, nullptr);
  EXPECT_EQ(events->state(), EventSource::State::waiting);
  EXPECT_EQ(read(*events), "");
  EXPECT_EQ(events->state(), EventSource::State::waiting);
  look();
  EXPECT_EQ(events->state(), EventSource::State::waiting);
}

}  // namespace
}  // namespace agentauth::api
