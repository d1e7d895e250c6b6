#include "app/client_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/testing/client_fixture.h"

namespace agentauth::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using ClientCommandsTest = ClientFixture;

TEST_F(ClientCommandsTest, AListIsReadToItsLastPage) {
  server_.answer("GET /agents?limit=1000", 200, page(agent(weather_id, "WeatherBot"), R"("c/1")"));
  server_.answer("GET /agents?limit=1000&cursor=c%2F1", 200, page(agent("2", "StockBot")));
  EXPECT_EQ(run({"agent", "list"}).value(), exit_done);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("AGENT_ID"), HasSubstr("WeatherBot"), HasSubstr("StockBot")));
  EXPECT_THAT(server_.bearers, ElementsAre("", "jwt", "jwt"));
}

TEST_F(ClientCommandsTest, AListAsJsonIsOneDocumentOfAllPages) {
  server_.answer("GET /agents?limit=1000", 200, page(R"({"a":1,"b":null,"c":[true]})", R"("n")"));
  server_.answer("GET /agents?limit=1000&cursor=n", 200, page(R"({"a":"x\ny"})"));
  EXPECT_EQ(run({"agent", "list", "--json"}).value(), exit_done);
  EXPECT_EQ(out_.str(),
            "{\"items\":[{\"a\":1,\"b\":null,\"c\":[true]},{\"a\":\"x\\ny\"}],"
            "\"next_cursor\":null}\n");
}

TEST_F(ClientCommandsTest, ACursorThatDoesNotMoveEndsTheListWithAnError) {
  server_.answer("GET /agents?limit=1000", 200, page("", R"("n")"));
  server_.answer("GET /agents?limit=1000&cursor=n", 200, page("", R"("n")"));
  EXPECT_FALSE(run({"agent", "list"}));
}

TEST_F(ClientCommandsTest, AnAnswerWithoutAWordIsToldByItsStatusOnce) {
  server_.answer("GET /agents?limit=1000", 502, "");
  EXPECT_EQ(run({"agent", "list"}).error().message, "the server answered 502 (request header-id)");
}

TEST_F(ClientCommandsTest, FiltersAreSentEncoded) {
  server_.answer("GET /agents?name=a%20b&owner=o%40x&status=active&limit=1000", 200, page(""));
  EXPECT_TRUE(run({"agent", "list", "--name", "a b", "--owner", "o@x", "--status", "active"}));
}

TEST_F(ClientCommandsTest, AnAgentIsMeantByItsIdWithoutALookup) {
  server_.answer("GET " + path(), 200, agent(weather_id, "WeatherBot"));
  EXPECT_TRUE(run({"agent", "show", std::string(weather_id)}));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("agent_name   WeatherBot"), HasSubstr("team")));
}

TEST_F(ClientCommandsTest, AnAgentIsMeantByANameThatOneAgentHas) {
  server_.answer("GET /agents?name=WeatherBot&limit=1000", 200,
                 page(agent("7", "WeatherBot2") + "," + agent(weather_id, "WeatherBot")));
  server_.answer("POST " + path("/suspend"), 200, agent(weather_id, "WeatherBot"));
  EXPECT_TRUE(run({"agent", "suspend", "WeatherBot"}));
}

TEST_F(ClientCommandsTest, TokensAreRevokedWithoutAWord) {
  server_.answer("POST " + path("/revoke-tokens"), 204, "");
  EXPECT_TRUE(run({"agent", "revoke-tokens", std::string(weather_id)}));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ClientCommandsTest, ANameOfTwoAgentsChangesNeither) {
  server_.answer("GET /agents?name=Bot&limit=1000", 200,
                 page(agent("1", "Bot") + "," + agent("2", "Bot")));
  const auto code = run({"agent", "delete", "Bot"});
  ASSERT_FALSE(code);
  EXPECT_THAT(code.error().message, AllOf(HasSubstr("2 agents"), HasSubstr(": 1 2")));
  EXPECT_EQ(server_.calls.back(), "GET /agents?name=Bot&limit=1000");
}

TEST_F(ClientCommandsTest, AnAgentShowsItselfWithoutAnyPermission) {
  server_.answer("GET /agents/me", 200, agent(weather_id, "WeatherBot"));
  EXPECT_TRUE(run({"agent", "show", "me"}));
  EXPECT_THAT(out_.str(), HasSubstr("agent_name   WeatherBot"));
  EXPECT_THAT(server_.calls, ElementsAre("POST /auth/login", "GET /agents/me"));
}

TEST_F(ClientCommandsTest, NobodyDeletesItselfByMistake) {
  const auto refused = run({"agent", "delete", "me"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("--yes"));
  EXPECT_TRUE(server_.calls.empty());

  server_.answer("GET /agents/me", 200, agent(weather_id, "WeatherBot"));
  server_.answer("DELETE " + path(), 204, "");
  EXPECT_TRUE(run({"agent", "delete", "me", "--yes"}));
}

TEST_F(ClientCommandsTest, ANameOfNobodyIsAnError) {
  server_.answer("GET /agents?name=Bot&limit=1000", 200, page(""));
  EXPECT_EQ(run({"agent", "show", "Bot"}).error().code, Errc::not_found);
}

TEST_F(ClientCommandsTest, CheckTellsAllowedFromDeniedByItsExitCode) {
  const std::string call = "GET " + path("/permissions/read_weather");
  server_.answer(call, 200, R"({"decision":true,"reason":"granted"})");
  server_.answer(call, 200, R"({"decision":false,"reason":"no grant"})");
  server_.answer("POST /auth/login", 200, R"({"access_token":"jwt"})");
  const std::vector<std::string> words = {"check", std::string(weather_id), "read_weather"};
  EXPECT_EQ(run(words).value(), exit_done);
  EXPECT_EQ(run(words).value(), exit_denied);
  EXPECT_EQ(out_.str(), "allowed: granted\ndenied: no grant\n");
}

TEST_F(ClientCommandsTest, CheckTakesOnlyABooleanForADecision) {
  const std::string call = "GET " + path("/permissions/p");
  server_.answer(call, 200, R"({"decision":"true"})");
  EXPECT_FALSE(run({"check", std::string(weather_id), "p"}));
}

TEST_F(ClientCommandsTest, CheckOfWhatIsNoPermissionIsAMistakeOfTheCommandLine) {
  EXPECT_EQ(run({"check", std::string(weather_id), "bad perm"}).error().code,
            Errc::invalid_argument);
  EXPECT_TRUE(server_.calls.empty());
}

TEST_F(ClientCommandsTest, CheckSendsTheResource) {
  server_.answer("GET " + path("/permissions/a:b?resource=project:7%2Fx"), 200,
                 R"({"decision":true})");
  EXPECT_EQ(run({"check", std::string(weather_id), "a:b", "project:7/x"}).value(), exit_done);
}

TEST_F(ClientCommandsTest, ReadinessIsAskedForWithoutACredential) {
  options_.api_key = Secret();
  server_.answer("GET /readyz", 200, R"({"status":"ready"})");
  EXPECT_EQ(*run({"ready"}), exit_done);
  EXPECT_EQ(out_.str(), "ready\n");
  EXPECT_THAT(server_.bearers, ElementsAre(""));
}

TEST_F(ClientCommandsTest, OnlyAnAnswerOfOursIsReady) {
  server_.answer("GET /readyz", 503, R"({"detail":"The database cannot be reached"})");
  server_.answer("GET /readyz", 200, "<html>");
  EXPECT_THAT(run({"ready"}).error().message, HasSubstr("The database cannot be reached"));
  EXPECT_THAT(run({"ready"}).error().message, HasSubstr("no AgentAuth server"));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ClientCommandsTest, AProblemIsToldWithItsCodeAndRequestId) {
  server_.answer("GET " + path(), 403,
                 R"({"detail":"Permission denied","code":"permission_denied","request_id":"r1"})");
  const auto code = run({"agent", "show", std::string(weather_id)});
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().message, "Permission denied (permission_denied, request r1)");
  EXPECT_NE(code.error().code, Errc::unavailable);
}

TEST_F(ClientCommandsTest, AnAnswerThatIsNoProblemIsToldByItsStatus) {
  server_.answer("GET " + path(), 502, "<html>Bad Gateway</html>");
  EXPECT_THAT(run({"agent", "show", std::string(weather_id)}).error().message,
              AllOf(HasSubstr("502"), HasSubstr("request header-id")));
}

TEST_F(ClientCommandsTest, FieldErrorsAreKept) {
  server_.answer("POST /agents/register", 422,
                 R"({"detail":"Invalid","errors":[{"field":"owner_email","message":"no @"}]})");
  const auto code = run({"agent", "create", "x", "--email", "y"});
  ASSERT_EQ(code.error().fields.size(), 1U);
  EXPECT_EQ(code.error().fields[0].field, "owner_email");
}

TEST_F(ClientCommandsTest, RegisteringNeedsNoKeyWhereItIsOpen) {
  options_.api_key = Secret();
  server_.answer("POST /agents/register", 201, R"({"agent_id":"1","api_key":"aa_x"})");
  EXPECT_TRUE(run({"agent", "create", "x", "--email", "o@example.com", "--json"}));
  EXPECT_THAT(server_.calls, ElementsAre("POST /agents/register"));
  EXPECT_THAT(server_.bearers, ElementsAre(""));
  EXPECT_EQ(server_.bodies[0], R"({"agent_name":"x","owner_email":"o@example.com"})");
  EXPECT_EQ(out_.str(), "{\"agent_id\":\"1\",\"api_key\":\"aa_x\"}\n");
}

TEST_F(ClientCommandsTest, RegisteringUsesTheRegistrationTokenWhenThereIsOne) {
  options_.registration_token = Secret("sesame-sesame");
  server_.answer("POST /agents/register", 201, R"({"agent_id":"1","api_key":"aa_x"})");
  EXPECT_TRUE(run({"agent", "create", "x", "--email", "o@example.com"}));
  EXPECT_THAT(server_.bearers, ElementsAre("sesame-sesame"));
}

TEST_F(ClientCommandsTest, WithoutAKeyNothingIsSent) {
  options_.api_key = Secret();
  const auto code = run({"agent", "list"});
  EXPECT_EQ(code.error().code, Errc::invalid_argument);
  EXPECT_THAT(server_.calls, ElementsAre());
}

TEST_F(ClientCommandsTest, AnUpdateSendsOnlyWhatChanges) {
  server_.answer("PATCH " + path(), 200, agent(weather_id, "New"));
  EXPECT_TRUE(run({"agent", "update", std::string(weather_id), "--name", "New", "--label", "a=1",
                   "--label", "b=x=y"}));
  EXPECT_EQ(server_.bodies.back(), R"({"agent_name":"New","labels":{"a":"1","b":"x=y"}})");
}

TEST_F(ClientCommandsTest, AnUpdateOfNothingOrOfABrokenLabelSendsNothing) {
  const std::string id(weather_id);
  EXPECT_EQ(run({"agent", "update", id}).error().code, Errc::invalid_argument);
  EXPECT_THAT(run({"agent", "update", id, "--label", "x"}).error().message, HasSubstr("--label"));
  EXPECT_THAT(run({"agent", "update", id, "--label", "x=1", "--label", "x=2"}).error().message,
              HasSubstr("twice"));
  EXPECT_THAT(server_.calls, ElementsAre());
}

TEST_F(ClientCommandsTest, EveryLabelCanBeTakenAway) {
  server_.answer("PATCH " + path(), 200, agent(weather_id, "a"));
  EXPECT_TRUE(run({"agent", "update", std::string(weather_id), "--label", ""}));
  EXPECT_EQ(server_.bodies.back(), R"({"labels":{}})");
}

TEST_F(ClientCommandsTest, AKeyIsCreatedWithWhatIsKnownOfIt) {
  server_.answer("POST " + path("/keys"), 201, R"({"key_id":"k","api_key":"aa_secret"})");
  EXPECT_TRUE(
      run({"key", "create", std::string(weather_id), "--name", "laptop", "--expires-in", "60"}));
  EXPECT_EQ(server_.bodies.back(), R"({"name":"laptop","expires_in":60})");
  EXPECT_THAT(out_.str(), HasSubstr("aa_secret"));
}

TEST_F(ClientCommandsTest, AKeyIsCreatedWithAllThatItIsNarrowedTo) {
  server_.answer("POST " + path("/keys"), 201, "{}");
  EXPECT_TRUE(run({"key", "create", std::string(weather_id), "--expires-at", "2030-01-31T12:00:00Z",
                   "--not-before", "2030-01-01T00:00:00Z", "--allowed-cidr", "10.0.0.0/8",
                   "--allowed-cidr", "2001:db8::7", "--permission", "read_weather"}));
  EXPECT_EQ(server_.bodies.back(),
            R"({"expires_at":"2030-01-31T12:00:00Z","not_before":"2030-01-01T00:00:00Z",)"
            R"("allowed_cidrs":["10.0.0.0/8","2001:db8::7"],"permissions":["read_weather"]})");
}

TEST_F(ClientCommandsTest, WhatAKeyCannotBeNarrowedToIsRefusedBeforeTheServerIsAsked) {
  for (const auto& [flag, value] :
       {std::pair{"--expires-at", "tomorrow"}, std::pair{"--not-before", "2030-01-01"},
        std::pair{"--allowed-cidr", "10.1.2.3/8"}, std::pair{"--permission", "not a permission"}}) {
    const std::vector<std::string> words{"key", "create", std::string(weather_id), flag, value};
    const auto line = parse_command_line(words);
    ASSERT_FALSE(line) << flag;
    EXPECT_THAT(line.error().message, HasSubstr(flag));
  }
}

TEST_F(ClientCommandsTest, AListOfKeysShowsWhatTheyAreNarrowedToAndWhenTheyWereUsed) {
  server_.answer(
      "GET " + path("/keys?limit=1000"), 200,
      page(R"({"key_id":"1","allowed_cidrs":["10.0.0.0/8","2001:db8::7"],)"
           R"("permissions":["read_weather"],"not_before":"2030-01-01T00:00:00.000Z",)"
           R"("last_used_at":"2026-01-31T12:00:00.000Z","last_used_address":"192.0.2.7"},)"
           R"({"key_id":"2","allowed_cidrs":null,"last_used_at":null})"));
  EXPECT_TRUE(run({"key", "list", std::string(weather_id)}));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("2030-01-01T00:00:00.000Z"),
                                HasSubstr("10.0.0.0/8, 2001:db8::7  read_weather  "
                                          "2026-01-31T12:00:00.000Z  192.0.2.7\n"),
                                HasSubstr("\n2"), Not(HasSubstr("null"))));
}

TEST_F(ClientCommandsTest, AKeyIsRevokedByItsKid) {
  const std::string id(weather_id);
  server_.answer("GET " + path("/keys?limit=1000"), 200,
                 page(R"({"key_id":"11111111-1111-4111-8111-111111111111","kid":"abcdefABCDEF"})"));
  server_.answer("DELETE " + path("/keys/11111111-1111-4111-8111-111111111111"), 204, "");
  EXPECT_EQ(run({"key", "revoke", id, "abcdefABCDEF"}).value(), exit_done);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ClientCommandsTest, TextOfOthersCannotDriveTheTerminal) {
  server_.answer("GET " + path(), 200, R"({"agent_name":"a\u001b[2Jb\u009bc"})");
  EXPECT_TRUE(run({"agent", "show", std::string(weather_id)}));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("a?[2Jb?c"), Not(HasSubstr("\x1b"))));
}

TEST_F(ClientCommandsTest, AServerOutOfReachIsToldApart) {
  EXPECT_EQ(run({"agent", "show", std::string(weather_id)}).error().code, Errc::unavailable);
}

TEST_F(ClientCommandsTest, AKeyIsRotatedByItsKidWithTheOverlapAskedFor) {
  server_.answer("GET " + path("/keys?limit=1000"), 200,
                 page(R"({"key_id":"k-1","kid":"4fKc93hTq0Zx"})"));
  server_.answer("POST " + path("/keys/k-1/rotate"), 201, R"({"api_key":"aa_new"})");
  EXPECT_EQ(
      run({"key", "rotate", std::string(weather_id), "4fKc93hTq0Zx", "--overlap", "60"}).value(),
      exit_done);
  EXPECT_EQ(server_.bodies.back(), R"({"overlap_seconds":60})");
  EXPECT_THAT(out_.str(), HasSubstr("aa_new"));
}

TEST_F(ClientCommandsTest, TheKeyInUseIsRotatedWithoutNamingIt) {
  server_.answer("POST /auth/rotate", 201, R"({"api_key":"aa_new"})");
  EXPECT_EQ(run({"key", "rotate", "me"}).value(), exit_done);
  EXPECT_FALSE(run({"key", "rotate", "WeatherBot"})) << "which of its keys?";
}

TEST_F(ClientCommandsTest, AllAgentsOfAnOwnerAreSuspendedInOneCall) {
  server_.answer("POST /owners/ops%40example.com/suspend", 200,
                 R"({"owner_email":"ops@example.com","agents":12})");
  EXPECT_EQ(run({"agent", "suspend", "--owner", "ops@example.com"}).value(), exit_done);
  EXPECT_THAT(out_.str(), HasSubstr("12"));
  EXPECT_FALSE(run({"agent", "suspend"})) << "whom?";
  EXPECT_FALSE(run({"agent", "resume", "WeatherBot", "--owner", "ops@example.com"}));
}

}  // namespace
}  // namespace agentauth::app
