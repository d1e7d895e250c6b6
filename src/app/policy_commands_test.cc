#include "app/policy_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "app/testing/client_fixture.h"

namespace agentauth::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class PolicyCommandsTest : public ClientFixture {
 protected:
  ~PolicyCommandsTest() override { std::filesystem::remove(file_); }

  std::string file(const std::string& text) {
    std::ofstream(file_) << text;
    return file_;
  }
  std::string told() {
    std::string text = out_.str();
    out_.str("");
    return text;
  }

  const std::string file_ = testing::TempDir() + "/policy-" + std::to_string(::getpid()) + ".json";
};

constexpr const char* some_diff =
    R"({"added":["role:a"],"removed":["user:b: allow x"],"changed":["c"],"applied":true})";

TEST_F(PolicyCommandsTest, AnApplySendsTheFileAndPrintsWhatChanged) {
  server_.answer("PUT /policy?dry_run=false", 200, some_diff);
  EXPECT_EQ(run({"policy", "apply", file(R"({"roles":[]})")}).value(), exit_done);
  EXPECT_EQ(out_.str(), "+ role:a\n- user:b: allow x\n~ c\n");
  EXPECT_EQ(server_.bodies.back(), R"({"roles":[]})");
}

TEST_F(PolicyCommandsTest, ADryRunAndADiffAreTheSameQuestion) {
  const std::string nothing = R"({"added":[],"removed":[],"changed":[],"applied":false})";
  server_.answer("PUT /policy?dry_run=true", 200, some_diff);
  server_.answer("PUT /policy?dry_run=true&keep=true", 200, nothing);
  EXPECT_EQ(run({"policy", "apply", file("{}"), "--dry-run"}).value(), exit_done);
  server_.answer("POST /auth/login", 200, R"({"access_token":"jwt"})");
  told();
  EXPECT_EQ(run({"policy", "diff", file("{}"), "--keep"}).value(), exit_done);
  EXPECT_EQ(told(), "no changes\n");
}

TEST_F(PolicyCommandsTest, AnExplanationSendsTheContextAndShowsEveryGrant) {
  server_.answer(
      "POST /access/v1/explain", 200,
      R"({"decision":false,"reason":"denied","grants":[{"id":"7"}],"considered":[{"grant":{"id":"7","action":"read",)"
      R"("resource":null,"effect":"deny"},"path":["agent:1","agent:*"],"outcome":"matches",)"
      R"("detail":""}],"nearest_miss":{"message":"x is false: 9"}})");
  EXPECT_EQ(run({"explain", "user:a", "read", "--context", R"({"address":"10.0.0.1"})"}).value(),
            exit_done);
  EXPECT_EQ(server_.bodies.back(),
            R"({"subject":{"type":"user","id":"a"},"action":{"name":"read"},)"
            R"("resource":{"type":"none","id":"none"},"context":{"address":"10.0.0.1"}})");
  EXPECT_THAT(told(),
              AllOf(HasSubstr("denied: denied\ndecided by grant 7\n"), HasSubstr("matches"),
                    HasSubstr("agent:1 > agent:*"), HasSubstr("nearest miss: x is false: 9\n")));
}

TEST_F(PolicyCommandsTest, AContextThatIsNoObjectIsNotSent) {
  for (const char* const wrong : {"[]", "address=10.0.0.1", "{"})
    EXPECT_EQ(run({"explain", "user:a", "read", "c:d", "--context", wrong}).error().code,
              Errc::invalid_argument);
  EXPECT_TRUE(server_.calls.empty());
}

TEST_F(PolicyCommandsTest, AnExplanationWithoutADecisionIsNone) {
  server_.answer("POST /access/v1/explain", 200, R"({"decision":"yes","considered":[]})");
  EXPECT_FALSE(run({"explain", "user:a", "read"}));
}

TEST_F(PolicyCommandsTest, PlacesOfMistakesAreKept) {
  server_.answer("PUT /policy?dry_run=false", 422,
                 R"({"detail":"The policy is wrong in 1 place",)"
                 R"("errors":[{"field":"roles[0].name","message":"is required"}]})");
  const auto refused = run({"policy", "apply", file("{}")});
  ASSERT_EQ(refused.error().fields.size(), 1U);
  EXPECT_EQ(refused.error().fields[0].field, "roles[0].name");
}

TEST_F(PolicyCommandsTest, AnExportHasALineForEachEntry) {
  server_.answer("GET /policy", 200,
                 R"({"roles":[{"name":"a","permissions":["x",{"permission":"y","max_uses":2}],)"
                 R"("members":[]}],"grants":[{"subject":"user:b","action":"x"}],"entities":[]})");
  EXPECT_EQ(run({"policy", "export"}).value(), exit_done);
  EXPECT_EQ(out_.str(), R"({
  "roles": [
    {
      "name": "a",
      "permissions": [
        "x",
        {"permission":"y","max_uses":2}
      ],
      "members": []
    }
  ],
  "grants": [
    {"subject":"user:b","action":"x"}
  ],
  "entities": []
}
)");
}

TEST_F(PolicyCommandsTest, AnExportGoesToTheFileThatIsNamed) {
  server_.answer("GET /policy", 200, R"({"roles":[]})");
  EXPECT_EQ(run({"policy", "export", file_}).value(), exit_done);
  EXPECT_EQ(out_.str(), "");
  std::ifstream written(file_);
  std::stringstream text;
  text << written.rdbuf();
  EXPECT_EQ(text.str(), "{\n  \"roles\": []\n}\n");
}

constexpr const char* tests = R"({"tests":[
  {"allow":{"subject":"user:alice","action":"read","resource":"city:berlin"}},
  {"deny":{"subject":"user:bob","action":"read","context":{"amount":5}}},
  {"list":{"subject":"user:alice","resource":"city:berlin","actions":["write","read"]}}]})";
constexpr const char* evaluations = "POST /access/v1/evaluations";
constexpr const char* actions = "POST /access/v1/search/action";

TEST_F(PolicyCommandsTest, TestsAskEachRowAndPassSilently) {
  server_.answer(evaluations, 200, R"({"evaluations":[{"decision":true},{"decision":false}]})");
  server_.answer(actions, 200, R"({"results":[{"name":"read"}],"page":{"next_token":"t"}})");
  server_.answer(actions, 200, R"({"results":[{"name":"write"}],"page":{"next_token":""}})");
  EXPECT_EQ(run({"policy", "test", file(tests)}).value(), exit_done);
  EXPECT_EQ(out_.str(), "3 tests, 0 failed\n");
  const std::string alice = R"("subject":{"type":"user","id":"alice"})";
  const std::string berlin = R"("resource":{"type":"city","id":"berlin"})";
  EXPECT_EQ(server_.bodies[1], "{" + alice + "," + berlin + "}");
  EXPECT_EQ(server_.bodies[2], "{" + alice + "," + berlin + R"(,"page":{"token":"t"}})");
  EXPECT_EQ(server_.bodies[3],
            R"({"evaluations":[{)" + alice + R"(,"action":{"name":"read"},)" + berlin +
                R"(},{"subject":{"type":"user","id":"bob"},"action":{"name":"read"},)"
                R"("resource":{"type":"none","id":"none"},"context":{"amount":5}}]})");
}

TEST_F(PolicyCommandsTest, ARowThatFailsSaysWhyAndInTheOrderOfTheFile) {
  server_.answer(evaluations, 200,
                 R"({"evaluations":[{"decision":false,"context":{"reason":"not_granted"}},)"
                 R"({"decision":true}]})");
  server_.answer(actions, 200, R"({"results":[{"name":"read"},{"name":"sing"}]})");
  EXPECT_EQ(run({"policy", "test", file(tests)}).value(), exit_failed);
  EXPECT_EQ(out_.str(),
            "FAIL tests[0].allow: user:alice read on city:berlin is denied (not_granted)\n"
            "FAIL tests[1].deny: user:bob read with {\"amount\":5} is allowed\n"
            "FAIL tests[2].list: user:alice on city:berlin may not write, may also sing\n"
            "3 tests, 3 failed\n");
}

TEST_F(PolicyCommandsTest, AQuestionThatWasNotUnderstoodIsNoDenial) {
  server_.answer(evaluations, 200,
                 R"({"evaluations":[{"decision":false,"context":{"error":{"status":400,)"
                 R"("message":"subject must be an object"}}}]})");
  const std::string one = R"({"tests":[{"deny":{"subject":"user:a","action":"x"}}]})";
  EXPECT_EQ(run({"policy", "test", file(one)}).value(), exit_failed);
  EXPECT_THAT(out_.str(), HasSubstr("could not be asked: subject must be an object"));
}

TEST_F(PolicyCommandsTest, OnlyAPlainDecisionCounts) {
  const std::string one = R"({"tests":[{"deny":{"subject":"user:a","action":"x"}}]})";
  server_.answer(evaluations, 200, R"({"evaluations":[{"decision":"false"}]})");
  EXPECT_FALSE(run({"policy", "test", file(one)}));
  server_.answer("POST /auth/login", 200, R"({"access_token":"jwt"})");
  server_.answer(evaluations, 200, R"({"evaluations":[]})");
  EXPECT_FALSE(run({"policy", "test", file(one)}));
}

TEST_F(PolicyCommandsTest, ManyRowsAreAskedInBatches) {
  std::string text = R"({"tests":[)";
  std::string fifty;
  for (int i = 0; i < 60; ++i) {
    text += std::string(i == 0 ? "" : ",") + R"({"deny":{"subject":"user:a","action":"x"}})";
    if (i < 50) fifty += std::string(i == 0 ? "" : ",") + R"({"decision":false})";
  }
  const std::string ten = fifty.substr(0, 10 * 19 - 1);
  server_.answer(evaluations, 200, R"({"evaluations":[)" + fifty + "]}");
  server_.answer(evaluations, 200, R"({"evaluations":[)" + ten + "]}");
  EXPECT_EQ(run({"policy", "test", file(text + "]}")}).value(), exit_done);
  EXPECT_EQ(out_.str(), "60 tests, 0 failed\n");
}

TEST_F(PolicyCommandsTest, EveryMistakeInAFileOfTestsIsNamedAndNothingIsSent) {
  const auto refused = run({"policy", "test",
                            file(R"({"tests":[{"allow":{"subject":"alice",)"
                                 R"("action":"x"}},{"permit":{}},)"
                                 R"({"deny":{"subject":"a:b"}},)"
                                 R"({"list":{"subject":"a:b","action":"x"}}]})")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  std::vector<std::string> places;
  for (const FieldError& wrong : refused.error().fields) places.push_back(wrong.field);
  EXPECT_THAT(places,
              testing::ElementsAre("tests[0].allow.subject", "tests[1]", "tests[2].deny.action",
                                   "tests[3].list.action", "tests[3].list.actions"));
  EXPECT_TRUE(server_.calls.empty());
}

TEST_F(PolicyCommandsTest, AFileThatCannotBeReadIsNoSlipOfTheCommandLine) {
  for (const char* const command : {"apply", "diff", "simulate", "test"})
    EXPECT_EQ(run({"policy", command, "/nowhere.json"}).error().code, Errc::conflict) << command;
  EXPECT_EQ(run({"gateway", "routes", "put", "/nowhere.json"}).error().code, Errc::conflict);
  EXPECT_EQ(run({"policy", "apply", testing::TempDir()}).error().code, Errc::conflict);
}

TEST_F(PolicyCommandsTest, AFileThatIsNoJsonIsToldWhere) {
  const std::string path = file("{\n  x}");
  EXPECT_THAT(run({"policy", "test", path}).error().message,
              HasSubstr("line 2, column 3: a name in double quotes was expected"));
  EXPECT_THAT(run({"policy", "simulate", path}).error().message,
              AllOf(HasSubstr(path), HasSubstr("line 2, column 3")));
}

TEST_F(PolicyCommandsTest, SearchesPrintOneALine) {
  server_.answer("POST /access/v1/search/subject", 200,
                 R"({"results":[{"type":"user","id":"alice"},{"type":"user","id":"bob"}]})");
  EXPECT_EQ(run({"policy", "who-can", "read", "city:berlin", "--type", "user"}).value(), exit_done);
  EXPECT_EQ(told(), "user:alice\nuser:bob\n");
  EXPECT_EQ(server_.bodies.back(), R"({"subject":{"type":"user"},"action":{"name":"read"},)"
                                   R"("resource":{"type":"city","id":"berlin"}})");
}

TEST_F(PolicyCommandsTest, AnAgentIsFoundByItsNameInASearch) {
  server_.answer("GET /agents?name=WeatherBot&limit=1000", 200,
                 page(agent(weather_id, "WeatherBot")));
  server_.answer(actions, 200, R"({"results":[{"name":"read"}]})");
  EXPECT_EQ(run({"policy", "what-can", "agent:WeatherBot"}).value(), exit_done);
  EXPECT_EQ(told(), "read\n");
  EXPECT_THAT(server_.bodies.back(), HasSubstr(weather_id));
}

constexpr const char* some_sides =
    R"({"revision":7,"evaluations":[{"before":{"decision":true,"reason":"granted"},)"
    R"("after":{"decision":false,"reason":"not_granted"}}]})";

TEST_F(PolicyCommandsTest, ASimulationShowsBothSides) {
  server_.answer("POST /access/v1/simulate", 200, some_sides);
  const std::string text =
      R"({"subject":{"type":"user","id":"a"},"change":{"grants":{"remove":["x"]}},)"
      R"("evaluations":[{"action":{"name":"b"},"resource":{"type":"c","id":"d"}}]})";
  EXPECT_EQ(run({"policy", "simulate", file(text)}).value(), exit_done);
  EXPECT_EQ(told(), "~ user:a b c:d: allowed (granted) -> denied (not_granted)\n");
  EXPECT_EQ(server_.bodies.back(), text);
}

TEST_F(PolicyCommandsTest, ASimulationTakesItsQuestionFromTheCommandLine) {
  server_.answer("POST /access/v1/simulate", 200, some_sides);
  const std::string change = R"({"change":{"grants":{"remove":["x"]}}})";
  EXPECT_EQ(run({"policy", "simulate", file(change), "user:a", "b", "c:d"}).value(), exit_done);
  EXPECT_EQ(server_.bodies.back(),
            R"({"change":{"grants":{"remove":["x"]}},"evaluations":[{"subject":{"type":"user",)"
            R"("id":"a"},"action":{"name":"b"},"resource":{"type":"c","id":"d"}}]})");
}

TEST_F(PolicyCommandsTest, ASimulationThatCannotBeAskedFails) {
  server_.answer("POST /access/v1/simulate", 200,
                 R"({"evaluations":[{"error":{"status":400,"message":"no subject"}}]})");
  EXPECT_EQ(run({"policy", "simulate", file(R"({"evaluations":[{}]})")}).value(), exit_failed);
  EXPECT_EQ(told(), "FAIL ? ? ?: no subject\n");
  for (const char* wrong : {"{}", "[", R"({"evaluations":{}})"})
    EXPECT_EQ(run({"policy", "simulate", file(wrong)}).error().code, Errc::invalid_argument);
  EXPECT_EQ(run({"policy", "simulate", file("{}"), "user:a"}).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace agentauth::app
