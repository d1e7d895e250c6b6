// Revisions from outside: what writes say, what reads may ask for, and what followers are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::EventSource;
using http::Method;
using testing::HasSubstr;
using testing::Not;

class ChangesTest : public ApiFixture {
 protected:
  Call following(const std::string& target) const {
    return {.target = target, .headers = {{"Accept", "text/event-stream"}}, .token = follower};
  }
  std::string revision() { return std::to_string(replica.revision()); }
  static std::string read(EventSource& events) {
    std::string text;
    events.read(text);
    return text;
  }

  const AgentId follower_id = replica.add_agent_with({"agentauth:changes:read"});
  const std::string follower = token_of(follower_id);
  const AgentId bot = replica.add_agent("Bot");
  const std::string administrator = token_with({"agentauth:*"});
};

TEST_F(ChangesTest, AWriteSaysTheRevisionItHas) {
  const Answer answer = post("/agents/" + bot.to_string() + "/suspend", "", administrator);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("X-AgentAuth-Revision"), revision());
  EXPECT_EQ(get("/agents/me", administrator).count("X-AgentAuth-Revision"), 0U);
}

TEST_F(ChangesTest, ARefusedWriteHasNoRevision) {
  const Answer answer = post("/agents/" + bot.to_string() + "/suspend", "", follower);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.count("X-AgentAuth-Revision"), 0U);
}

TEST_F(ChangesTest, AReadWaitsForTheRevisionItsCallerHasSeen) {
  const std::string reader = token_of(bot);
  EXPECT_EQ(get("/data/weather", reader).status, 403);
  // Granted by another node: this one has not heard of it.
  const Revision granted = replica.grant_elsewhere(bot, "read_weather");
  EXPECT_EQ(get("/data/weather", reader).status, 403);
  const Answer answer = get("/data/weather?min_revision=" + std::to_string(granted), reader);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.pool, http::Pool::worker);
  const Answer again = get("/data/weather?min_revision=" + std::to_string(granted), reader);
  EXPECT_EQ(again.pool, http::Pool::none) << "it is known by now";
}

TEST_F(ChangesTest, ARevisionThatNobodyHasSeenIsRefused) {
  const std::string later = std::to_string(replica.revision() + 1);
  for (const std::string& value : {later, std::string("x"), std::string("-1"), std::string(),
                                   std::string("1&min_revision=1"), std::string(30, '9')}) {
    const Answer answer = get("/agents/me?min_revision=" + value, administrator);
    EXPECT_EQ(answer.status, 422) << value;
    EXPECT_THAT(answer.body, HasSubstr(R"("field":"min_revision")")) << value;
  }
}

TEST_F(ChangesTest, OnlyReadsThatNeedATokenTakeAMinRevision) {
  EXPECT_EQ(get("/healthz?min_revision=1").status, 400);
  EXPECT_EQ(
      post("/agents/" + bot.to_string() + "/suspend?min_revision=1", "", administrator).status,
      400);
}

TEST_F(ChangesTest, ADeniedCallerIsDeniedAtAnyRevision) {
  const Answer answer = get("/agents?min_revision=" + revision(), follower);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(get("/agents?min_revision=1").status, 401);
}

TEST_F(ChangesTest, PagesLeadFromOneRevisionToTheLast) {
  const std::string since = revision();
  replica.grant(bot, "a");
  replica.grant(bot, "b");
  replica.suspend(bot);
  std::string seen;
  std::string target = "/changes?limit=2&since=" + since;
  for (std::string next = target; !next.empty();) {
    const Answer answer = get(next, follower);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto page = parse_json(answer.body);
    for (const JsonValue& item : page->find("items")->items)
      seen += std::to_string(item.find("revision")->integer) +
              std::string(item.find("kind")->text) + " ";
    const std::string cursor = answer.text("next_cursor");
    next = cursor.empty() ? "" : target + "&cursor=" + cursor;
  }
  const Revision last = replica.revision();
  EXPECT_EQ(seen, std::to_string(last - 2) + "permission " + std::to_string(last - 1) +
                      "permission " + std::to_string(last) + "agent ");
}

TEST_F(ChangesTest, WhatWasForgottenIsGoneAndNeverSkipped) {
  replica.forget_changes_up_to(replica.revision() - 1);
  const Answer answer = get("/changes?since=0", follower);
  EXPECT_EQ(answer.status, 410);
  EXPECT_EQ(answer.code(), "gone");
  EXPECT_EQ(call(following("/changes?since=0")).status, 410);
  const std::string known = std::to_string(replica.revision() - 1);
  EXPECT_EQ(get("/changes?since=" + known, follower).status, 200);
}

TEST_F(ChangesTest, ARevisionThatIsYetToComeIsRefused) {
  EXPECT_EQ(get("/changes?since=" + std::to_string(replica.revision() + 1), follower).status, 422);
  EXPECT_EQ(get("/changes?since=" + revision(), follower).status, 200);
}

TEST_F(ChangesTest, MediaTypesHaveNoCase) {
  Call live = following("/changes");
  live.headers = {{"Accept", "application/json;q=0.1, TEXT/Event-Stream"}};
  EXPECT_NE(call(live).events, nullptr);
}

TEST_F(ChangesTest, AFollowerIsToldOfEachChangeOnce) {
  const Answer answer = call(following("/changes"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "text/event-stream");
  ASSERT_NE(answer.events, nullptr);
  EXPECT_EQ(answer.events->state(), EventSource::State::waiting);
  replica.grant(bot, "a");
  EXPECT_EQ(answer.events->state(), EventSource::State::has_events);
  EXPECT_EQ(read(*answer.events),
            "id: " + revision() + "\nevent: change\ndata: {\"revision\":" + revision() +
                R"(,"kind":"permission","agent_id":")" + bot.to_string() + "\"}\n\n");
  EXPECT_EQ(answer.events->state(), EventSource::State::waiting);
}

TEST_F(ChangesTest, AFollowerThatWasCutOffGoesOnWhereItWas) {
  const std::string before = revision();
  replica.grant(bot, "a");
  Call again = following("/changes?since=0");
  again.headers.emplace_back("Last-Event-ID", before);
  const Answer answer = call(again);
  ASSERT_NE(answer.events, nullptr);
  const std::string text = read(*answer.events);
  EXPECT_THAT(text, HasSubstr("id: " + revision() + "\n"));
  EXPECT_THAT(text, Not(HasSubstr("id: " + before + "\n")));
  again.headers.back().second = "12x";
  EXPECT_EQ(call(again).status, 400);
}

TEST_F(ChangesTest, AStreamEndsWithTheRightToIt) {
  const auto stream_of = [&] { return call(following("/changes")).events; };
  const auto by_permission = stream_of();
  const auto by_agent = stream_of();
  EXPECT_EQ(by_permission->state(), EventSource::State::waiting);
  replica.revoke(follower_id, "agentauth:changes:read");
  EXPECT_EQ(by_permission->state(), EventSource::State::ended);
  replica.grant(follower_id, "agentauth:changes:read");
  EXPECT_NE(by_agent->state(), EventSource::State::ended);
  replica.suspend(follower_id);
  EXPECT_EQ(by_agent->state(), EventSource::State::ended);
}

// It is let in again and again by all that it was let in by.
TEST_F(ChangesTest, AStreamThatWasLetInByItsMethodAndAddressLasts) {
  const AgentId conditional = replica.add_agent();
  const auto grant = [&](const std::string& when) {
    return post("/agents/" + conditional.to_string() + "/permissions",
                R"({"permission":"agentauth:changes:read","when":")" + when + R"("})",
                administrator)
        .status;
  };
  ASSERT_EQ(grant(R"(context.method == \"GET\" && has(context.address))"), 201);
  Call call_once = following("/changes");
  call_once.token = token_of(conditional);
  const Answer answer = call(call_once);
  ASSERT_NE(answer.events, nullptr);
  EXPECT_EQ(answer.events->state(), EventSource::State::waiting);
}

TEST_F(ChangesTest, AStreamEndsWithItsToken) {
  const auto events = call(following("/changes")).events;
  EXPECT_EQ(events->state(), EventSource::State::waiting);
  clock.advance(tokens.lifetime());
  EXPECT_EQ(events->state(), EventSource::State::ended);
}

TEST_F(ChangesTest, NoAgentTakesAllThePlaces) {
  std::vector<std::shared_ptr<EventSource>> streams;
  for (int i = 0; i < EventPlaces::places_of_agent_max; ++i)
    streams.push_back(call(following("/changes")).events);
  const Answer refused = call(following("/changes"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.events, nullptr);
  Call other = following("/changes");
  other.token = token_with({"agentauth:changes:read"});
  EXPECT_EQ(call(other).status, 200);
  streams.pop_back();
  EXPECT_EQ(call(following("/changes")).status, 200);
}

TEST(EventPlacesTest, AllTogetherTakeNoMoreThanThereAre) {
  EventPlaces places;
  std::vector<EventPlaces::Place> taken;
  SystemRandom random;
  for (int i = 0; i < EventPlaces::places_max; ++i) {
    AgentId agent;
    random.fill(agent.uuid.bytes);
    taken.push_back(places.take(agent));
    ASSERT_NE(taken.back(), nullptr);
  }
  EXPECT_EQ(places.take(AgentId{}), nullptr);
  taken.pop_back();
  EXPECT_NE(places.take(AgentId{}), nullptr);
}

}  // namespace
}  // namespace agentauth::api
