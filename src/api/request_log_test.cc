// Which requests have a line in the log, and what is left of those for which there is no room.
#include "api/request_log.h"

#include <gmock/gmock.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class RequestLogTest : public ApiFixture {
 protected:
  // Answered with that status, that long after the start, to nobody known or to an agent.
  void answer(int status, std::chrono::milliseconds at = 0ms, std::optional<AgentId> agent = {}) {
    ApiExchange exchange;
    exchange.started = std::chrono::steady_clock::time_point(1h) + at;
    exchange.response.set_status(status);
    if (agent) exchange.caller = Caller{.agent_id = *agent};
    requests->write(exchange, 1us);
  }
  void flood(int status, int count) {
    for (int i = 0; i < count; ++i) answer(status);
  }
  std::size_t lines(const std::string& text) {
    const std::string all = log_text();
    std::size_t found = 0;
    for (std::size_t at = all.find(text); at != all.npos; at = all.find(text, at + 1)) ++found;
    return found;
  }
  std::string not_logged(int count) {
    return R"("event":"requests_not_logged","requests":)" + std::to_string(count) + ",";
  }

  std::unique_ptr<RequestLog> requests = std::make_unique<RequestLog>(log, metrics, 1);
};

TEST_F(RequestLogTest, StrangersHaveRoomForSoManyLinesAtOnceAndForMoreAsTimePasses) {
  flood(404, 1500);
  EXPECT_EQ(lines(R"("status":404)"), 1000U);
  answer(404, 49ms);
  EXPECT_EQ(lines(R"("status":404)"), 1000U);
  answer(404, 50ms);
  answer(404, 51ms);
  EXPECT_EQ(lines(R"("status":404)"), 1001U);
  for (int i = 0; i < 300; ++i) answer(400, 1s);
  EXPECT_EQ(lines(R"("status":400)"), 19U);
}

TEST_F(RequestLogTest, WhatIsNotLoggedIsCountedAndToldOnce) {
  flood(401, 1200);
  std::string metrics_text;
  metrics.write(metrics_text);
  EXPECT_THAT(metrics_text, HasSubstr("\nagentauth_requests_not_logged_total 200\n"));
  answer(200, 9'999ms);
  EXPECT_THAT(log_text(), Not(HasSubstr("requests_not_logged")));
  answer(200, 10s);
  EXPECT_EQ(lines(not_logged(200)), 1U);
  answer(200, 30s);
  EXPECT_EQ(lines("requests_not_logged"), 1U);
}

TEST_F(RequestLogTest, AFloodThatGoesOnIsToldOfEveryTenSeconds) {
  flood(404, 1001);
  for (int i = 1; i <= 2100; ++i) answer(404, i * 10ms);
  EXPECT_EQ(lines(R"("status":404)"), 1000U + 420U) << "20 a second";
  EXPECT_EQ(lines("requests_not_logged"), 2U);
  EXPECT_EQ(lines(not_logged(801)), 1U);
  EXPECT_EQ(lines(not_logged(800)), 1U);
}

TEST_F(RequestLogTest, TheEndTellsOfWhatIsStillUntold) {
  flood(404, 1007);
  requests.reset();
  EXPECT_EQ(lines(not_logged(7)), 1U);
}

TEST_F(RequestLogTest, WhoIsKnownAndWhatFailedHaveALineDuringAFloodToo) {
  flood(404, 2000);
  const auto flooder = AgentId::parse("0b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5b");
  for (int i = 0; i < 1100; ++i) answer(403, 0ms, flooder);
  EXPECT_EQ(lines(R"("agent_id":")" + flooder->to_string()), 1000U) << "one agent is bounded too";
  // Agents share what they are bounded by with others that nobody can choose: one of these might.
  std::size_t others = 0;
  for (const char* id :
       {"5b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5c", "6b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5d",
        "7b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5e"}) {
    answer(403, 0ms, AgentId::parse(id));
    others += lines(std::string(R"("agent_id":")") + id);
  }
  EXPECT_GE(others, 2U);
  flood(503, 2000);
  EXPECT_EQ(lines(R"("status":503)"), 1000U);
}

TEST_F(RequestLogTest, WhatFailedForAnAgentHasALineHoweverMuchItWasRefused) {
  const auto agent = AgentId::parse("0b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5b");
  for (int i = 0; i < 1100; ++i) answer(403, 0ms, agent);
  answer(503, 0ms, agent);
  EXPECT_EQ(lines(R"("status":503)"), 1U);
  for (int i = 0; i < 1100; ++i) answer(500, 0ms, agent);
  EXPECT_EQ(lines(R"("status":500)"), 999U) << "what fails for agents is bounded together";
  flood(503, 1);
  EXPECT_EQ(lines(R"("status":503)"), 2U) << "and apart from what fails for strangers";
}

}  // namespace
}  // namespace agentauth::api
