#include "api/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;
using testing::HasSubstr;
using testing::Not;

class DispatcherTest : public ApiFixture {
 protected:
  std::string id_of(const Answer& answer) { return answer.header("X-Request-ID"); }
  std::string sent_id(const std::string& id) {
    return id_of(call({.target = "/healthz", .headers = {{"X-Request-ID", id}}}));
  }
  Answer log_in(const std::string& key) {
    return post("/auth/login", R"({"api_key":")" + key + R"("})");
  }
};

TEST_F(DispatcherTest, AValidRequestIdComesBack) {
  for (const char* id : {"a", "7b1c2d3e-4f5a-6b7c-8d9e-0f1a2b3c4d5e", "00-4bf92f-01", "a.b:c/d+e="})
    EXPECT_EQ(sent_id(id), id);
  EXPECT_EQ(sent_id(std::string(128, 'x')), std::string(128, 'x'));
}

TEST_F(DispatcherTest, AnInvalidRequestIdIsReplaced) {
  for (const std::string& id : {std::string(), std::string(129, 'x'), std::string("a b"),
                                std::string("a\"b"), std::string("<script>"),
                                std::string("\xC3\xA9"), std::string("a\tb"), std::string("a,b")}) {
    EXPECT_NE(sent_id(id), id);
    EXPECT_FALSE(sent_id(id).empty());
  }
}

TEST_F(DispatcherTest, ACredentialIsNoRequestId) {
  const std::string key = key_of(replica.add_agent());
  for (const std::string& id : {key, "id-" + key, key.substr(0, 40),
                                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0." + std::string(43, 'S')}) {
    EXPECT_NE(sent_id(id), id);
    EXPECT_THAT(log_text(), Not(HasSubstr(id)));
  }
}

TEST_F(DispatcherTest, EveryRequestHasAnIdOfItsOwnAndTheProblemNamesIt) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const Answer answer = get("/nowhere");
    EXPECT_EQ(answer.text("request_id"), id_of(answer));
    EXPECT_TRUE(ids.insert(id_of(answer)).second);
  }
}

TEST_F(DispatcherTest, TheDataOfTheSeedSystemIsAnsweredAsPromised) {
  const AgentId weather_bot = replica.add_agent_with({"read_weather"});
  const Answer weather = get("/data/weather", token_of(weather_bot));
  EXPECT_EQ(weather.status, 200);
  EXPECT_EQ(weather.body, R"({"message":"Protected weather data","agent_id":")" +
                              weather_bot.to_string() + "\"}");
  EXPECT_EQ(weather.header("Content-Type"), "application/json");
  const Answer stock = get("/data/stock", token_of(weather_bot));
  EXPECT_EQ(stock.status, 403);
  EXPECT_EQ(stock.text("detail"), "Permission denied");
}

class LargeBodiesTest : public DispatcherTest {
 protected:
  Answer put(
      const std::string& token, std::function<void()> arriving = [] {}) {
    return call({.method = Method::put,
                 .target = "/policy?dry_run=true",
                 .body = R"({"roles":[]})",
                 .token = token,
                 .has_large_body = true,
                 .arriving = std::move(arriving)});
  }
};

TEST_F(LargeBodiesTest, OnlyThoseOfWhomMayDoItAreLetIn) {
  const AgentId boss = replica.add_agent_with({"agentauth:*"});
  EXPECT_EQ(put(token_of(boss)).status, 200);
  const std::vector<http::LargeBodySender> only_boss{boss.uuid.bytes};
  EXPECT_EQ(large_body_senders, only_boss);
  const std::string suspended = token_of(boss);
  for (const std::string& nobody : {std::string(), std::string("a.b.c"), key_of(boss)})
    EXPECT_EQ(put(nobody).status, 401);
  const AgentId reader = replica.add_agent_with({"agentauth:policy:read"});
  const Answer denied = put(token_of(reader));
  EXPECT_EQ(denied.status, 403);
  EXPECT_THAT(denied.header("WWW-Authenticate"), HasSubstr(R"(scope="agentauth:policy:write")"));
  EXPECT_EQ(denied.count("X-Request-ID"), 1U);
  replica.suspend(boss);
  EXPECT_EQ(put(suspended).status, 401);
  EXPECT_EQ(large_body_senders, only_boss);
}

TEST_F(LargeBodiesTest, WhoIsRefusedThereIsRefusedAsAnybodyElse) {
  const std::string token = token_with({"agentauth:policy:read"});
  const Answer early = put(token);
  const Answer late =
      call({.method = Method::put, .target = "/policy", .body = R"({"roles":[]})", .token = token});
  EXPECT_EQ(early.status, late.status);
  EXPECT_EQ(early.code(), late.code());
  EXPECT_EQ(early.text("detail"), late.text("detail"));
  EXPECT_EQ(early.header("WWW-Authenticate"), late.header("WWW-Authenticate"));
  const auto events = audit_events(2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].action, events[1].action);
  EXPECT_EQ(events[0].outcome, events[1].outcome);
  EXPECT_EQ(events[0].agent_id, events[1].agent_id);
}

TEST_F(LargeBodiesTest, WhatEndsWhileTheyArriveIsNotDecidedByAnyMore) {
  const AgentId boss = replica.add_agent_with({"agentauth:*"});
  const std::string token = token_of(boss);
  EXPECT_EQ(put(token, [&] { replica.revoke(boss, "agentauth:*"); }).status, 403);
  replica.grant(boss, "agentauth:*");
  EXPECT_EQ(put(token, [&] { replica.suspend(boss); }).status, 401);
  replica.set_status(boss, AgentStatus::active);
  EXPECT_EQ(put(token).status, 200);
}

TEST_F(LargeBodiesTest, TheyCountOnce) {
  limiter.replace({{{"test", LimitScope::agent, {"PUT /policy"}, LimitCount::all, 1, "1s", 2},
                    {"net", LimitScope::address, {"PUT /policy"}, LimitCount::all, 1, "1s", 2}}});
  const std::string token = token_with({"agentauth:*"});
  const Answer first = put(token);
  EXPECT_EQ(first.status, 200);
  EXPECT_THAT(first.header("RateLimit"), HasSubstr(R"("test";r=1)"));
  EXPECT_THAT(first.header("RateLimit"), HasSubstr(R"("net";r=1)"));
  EXPECT_EQ(put(token).status, 200);
  const Answer refused = put(token);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_THAT(refused.header("RateLimit"), HasSubstr(R"("net";r=0)"));
  EXPECT_EQ(large_body_senders.size(), 2U);
}

TEST_F(DispatcherTest, ARememberedTokenIsDecidedAnewOnEachUse) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const std::string token = token_of(agent);
  EXPECT_EQ(get("/data/weather", token).status, 200);
  replica.revoke(agent, "read_weather");
  EXPECT_EQ(get("/data/weather", token).status, 403);
  replica.grant(agent, "read_weather");
  EXPECT_EQ(get("/data/weather", token).status, 200);
  replica.suspend(agent);
  EXPECT_EQ(get("/data/weather", token).status, 401);
  replica.set_status(agent, AgentStatus::active);
  EXPECT_EQ(get("/data/weather", token).status, 200);
  clock.advance(std::chrono::seconds{900});
  EXPECT_EQ(get("/data/weather", token).status, 401);
}

TEST_F(DispatcherTest, ARememberedTokenEndsWithTheKeyThatSignedIt) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const std::string token = token_of(agent);
  EXPECT_EQ(get("/data/weather", token).status, 200);
  tokens.use_keys(signing_keys());
  EXPECT_EQ(get("/data/weather", token).status, 200);
  tokens.use_keys(signing_keys("another secret: q7Lw2Tt5Yb8Nc1Kd6Hf"));
  EXPECT_EQ(get("/data/weather", token).status, 401);
  EXPECT_EQ(get("/data/weather", token_of(agent)).status, 200);
}

TEST_F(DispatcherTest, ATokenStandsOnlyAsLongAsTheKeyItWasGotWith) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const std::string key = key_of(agent);
  const std::string token = log_in(key).text("access_token");
  const std::string by_another_key = token_of(agent);
  EXPECT_EQ(get("/data/weather", token).status, 200);
  const ApiKey stored = value_of(replica.database().read([&](Transaction& tx) -> Result<ApiKey> {
    for (const ApiKey& candidate : TRY(tx.keys().list(agent, {}, 10)))
      if (candidate.kid == key.substr(3, key_kid_length)) return candidate;
    return failure(Errc::not_found, "no such key");
  }));
  const std::string path = "/agents/" + agent.to_string() + "/keys/" + stored.key_id.to_string();
  EXPECT_EQ(call({.method = Method::delete_, .target = path, .token = by_another_key}).status, 204);
  const Answer refused = get("/data/weather", token);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.text("detail"), "The access token is not valid");
  EXPECT_EQ(get("/data/weather", by_another_key).status, 200);
}

TEST_F(DispatcherTest, ATokenEndsWithItsKeyAndNotLater) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const Answer created =
      post("/agents/" + agent.to_string() + "/keys", R"({"expires_in":60})", token_of(agent));
  const std::string token = log_in(created.text("api_key")).text("access_token");
  clock.advance(std::chrono::milliseconds{58'999});
  EXPECT_EQ(get("/data/weather", token).status, 200) << "exp is the whole second before";
  clock.advance(std::chrono::milliseconds{1'001});
  EXPECT_EQ(get("/data/weather", token).status, 401);
}

TEST_F(DispatcherTest, ATokenByTheKeyOfAnotherAgentIsRefused) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const AgentId other = replica.add_agent_with({"read_weather"});
  std::string token;
  tokens.issue({.agent_id = agent, .key = replica.any_key_of(other)}, clock.now(), token);
  EXPECT_EQ(get("/data/weather", token).status, 401);
}

TEST_F(DispatcherTest, TheSchemeBearerIsReadWithoutCase) {
  const std::string token = token_with({"read_weather"});
  const auto with = [&](const std::string& header) {
    return call({.target = "/data/weather", .headers = {{"authorization", header}}}).status;
  };
  EXPECT_EQ(with("Bearer " + token), 200);
  EXPECT_EQ(with("bearer " + token), 200);
  EXPECT_EQ(with("BEARER " + token), 200);
  EXPECT_EQ(with("Bearer   " + token), 200) << "RFC 6750 2.1: 1*SP";
  for (const std::string& other :
       {"Basic " + token, token, "Bearer" + token, "Bearer\t" + token, std::string("Bearer "),
        std::string("Bearer"), std::string(), "Token " + token, "Bearer " + token + ", x"})
    EXPECT_EQ(with(other), 401) << other.substr(0, 10);
}

TEST_F(DispatcherTest, TwoAuthorizationHeadersAreOneTooMany) {
  const std::string token = token_with({"read_weather"});
  const Answer answer = call({.target = "/data/weather",
                              .headers = {{"Authorization", "Bearer " + token}},
                              .token = token});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("WWW-Authenticate"),
            R"(Bearer realm="agentauth", error="invalid_request")");
}

TEST_F(DispatcherTest, ATokenInTheQueryIsNoCredential) {
  const std::string token = token_with({"agentauth:*"});
  EXPECT_EQ(get("/agents?access_token=" + token).status, 401);
}

TEST_F(DispatcherTest, ALoginGivesATokenThatWorksAndIsNotStored) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const Answer answer = log_in(key_of(agent));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.text("token_type"), "bearer");
  EXPECT_THAT(answer.body, HasSubstr("\"expires_in\":900"));
  EXPECT_EQ(get("/data/weather", answer.text("access_token")).status, 200);
}

TEST_F(DispatcherTest, NoTokenSaysThatItOutlivesItsKey) {
  const AgentId agent = replica.add_agent();
  const std::string key =
      post("/agents/" + agent.to_string() + "/keys", R"({"expires_in":60})", token_of(agent))
          .text("api_key");
  const auto expect_end_in = [](const Answer& answer, const std::string& seconds) {
    ASSERT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr("\"expires_in\":" + seconds + ","));
    EXPECT_THAT(answer.body, HasSubstr("\"refresh_expires_in\":" + seconds + "}"));
  };
  const Answer login = log_in(key);
  expect_end_in(login, "60");
  clock.advance(std::chrono::milliseconds{10'500});
  expect_end_in(log_in(key), "49");
  expect_end_in(
      post("/auth/refresh", R"({"refresh_token":")" + login.text("refresh_token") + R"("})"), "49");
}

TEST_F(DispatcherTest, AFirstLoginIsComputedUnderItsOwnNameAndTheSecondIsNot) {
  const std::string key = key_of(replica.add_agent());
  const Answer first = log_in(key);
  EXPECT_EQ(first.pool, http::Pool::hashing);
  EXPECT_NE(first.share, http::ShareName{});
  const Answer second = log_in(key);
  EXPECT_EQ(second.pool, http::Pool::none);
  EXPECT_EQ(second.status, 200);
}

TEST_F(DispatcherTest, AKeyThatAnotherNodeHasJustMadeLogsInAtOnce) {
  const AgentId agent = replica.add_agent();
  const MintedKey minted = value_of(keys.mint());
  const std::string key(minted.text.reveal());
  EXPECT_EQ(log_in(key).status, 401);
  replica.elsewhere(agent,
                    [&](Transaction& tx) { return keys.store(tx, minted, {.agent_id = agent}); });
  EXPECT_EQ(log_in(key).status, 200);
}

TEST_F(DispatcherTest, AnAgentThatAnotherNodeHasJustResumedLogsInAtOnce) {
  const AgentId agent = replica.add_agent();
  const std::string key = key_of(agent);
  ASSERT_EQ(log_in(key).status, 200);
  replica.suspend(agent);
  EXPECT_EQ(log_in(key).status, 401);
  replica.elsewhere(agent, [&](Transaction& tx) {
    return tx.agents().set_status(agent, AgentStatus::active, Timestamp{});
  });
  EXPECT_EQ(log_in(key).status, 200);
}

TEST_F(DispatcherTest, EveryFailedLoginIsTheSameAnswerAndTakesTheSameWay) {
  const AgentId suspended = replica.add_agent();
  const std::string of_suspended = key_of(suspended);
  replica.suspend(suspended);
  const AgentId erased = replica.add_agent();
  const std::string of_erased = key_of(erased);
  replica.erase(erased);
  std::string wrong = key_of(replica.add_agent());
  wrong[20] = wrong[20] == '0' ? '1' : '0';
  const std::string unknown(value_of(keys.mint()).text.reveal());

  std::set<std::string> answers;
  for (const std::string& key :
       {of_suspended, of_erased, wrong, unknown, std::string(), std::string("x"),
        std::string(5000, 'x'), std::string("\\u0000")}) {
    Answer answer = log_in(key);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.pool, parse_key(key) ? http::Pool::hashing : http::Pool::none) << key;
    EXPECT_EQ(answer.share, http::ShareName{}) << "there is nothing to compute";
    std::string seen = answer.body;
    seen.replace(seen.find(id_of(answer)), id_of(answer).size(), "ID");
    for (const auto& [name, value] : answer.headers)
      if (name != "X-Request-ID") seen += "\n" + name + ": " + value;
    // The length of the body follows the length of the id, which is always the same.
    answers.insert(seen);
  }
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_THAT(*answers.begin(), HasSubstr("Invalid credentials"));
}

TEST_F(DispatcherTest, ALoginWithoutAKeyIsInvalidRatherThanWrong) {
  EXPECT_EQ(post("/auth/login", "{}").status, 422);
  EXPECT_EQ(post("/auth/login", "").status, 422);
  EXPECT_EQ(post("/auth/login", R"({"api_key":7})").status, 422);
  EXPECT_EQ(post("/auth/login", R"({"api_key":null})").status, 422);
}

TEST_F(DispatcherTest, ABodyOfAnotherTypeIsUnsupported) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/json5",
                           "multipart/form-data; boundary=x", ""}) {
    ApiExchange exchange;
    exchange.request.method = Method::post;
    exchange.request.path = "/auth/login";
    exchange.request.body = R"({"api_key":"x"})";
    exchange.request.add_header("Content-Type", type);
    dispatcher.begin(exchange);
    EXPECT_EQ(exchange.response.status(), 415) << type;
  }
  for (const char* type : {"application/json", "Application/JSON",
                           "application/json; charset=utf-8", "application/json ;charset=utf-8"}) {
    ApiExchange exchange;
    exchange.request.method = Method::post;
    exchange.request.path = "/auth/login";
    exchange.request.body = R"({"api_key":"x"})";
    exchange.request.add_header("Content-Type", type);
    dispatcher.begin(exchange);
    EXPECT_EQ(exchange.response.status(), 401) << type;
  }
}

// Two readers of one request must not see two bodies.
TEST_F(DispatcherTest, ABodyIsOfOneTypeAndNotEncoded) {
  const auto status = [&](const char* header, const char* value) {
    return call({.method = Method::post,
                 .target = "/auth/login",
                 .body = R"({"api_key":"x"})",
                 .headers = {{header, value}}})
        .status;
  };
  EXPECT_EQ(status("Content-Encoding", "identity"), 401);
  for (const char* encoding : {"gzip", "br", "deflate", "identity, gzip", ""})
    EXPECT_EQ(status("Content-Encoding", encoding), 415) << encoding;
  EXPECT_EQ(status("Content-Type", "text/plain"), 415);
  EXPECT_EQ(status("Content-Type", ""), 415);
  EXPECT_EQ(status("Content-Type", "application/json; charset=utf-8"), 401) << "the same, twice";
}

TEST_F(DispatcherTest, AFieldErrorNamesEachField) {
  const Answer answer = post("/agents/register", R"({"agent_name":"","owner_email":"nobody"})");
  EXPECT_EQ(answer.status, 422);
  const auto json = parse_json(answer.body);
  ASSERT_TRUE(json);
  ASSERT_EQ(json->find("errors")->items.size(), 2U);
  EXPECT_EQ(json->find("errors")->items[0].find("field")->text, "agent_name");
  EXPECT_EQ(json->find("errors")->items[1].find("field")->text, "owner_email");
}

// GHSA-7qjx-gp9h-65qj: a key is the right to be that agent.
TEST_F(DispatcherTest, AKeyForAnAgentThatHoldsMoreIsDenied) {
  const std::string caller = token_with({"agentauth:keys:write", "read_weather"});
  const AgentId stronger = replica.add_agent_with({"read_weather", "read_stock"});
  const AgentId administrator = replica.add_agent_with({"agentauth:*"});
  const AgentId equal = replica.add_agent_with({"read_weather"});
  const auto before = everything();
  for (const AgentId other : {stronger, administrator}) {
    const Answer answer = post("/agents/" + other.to_string() + "/keys", "{}", caller);
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.text("detail"), "Permission denied");
  }
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(post("/agents/" + equal.to_string() + "/keys", "{}", caller).status, 201);
}

TEST_F(DispatcherTest, AGrantOfWhatIsNotHeldIsDeniedAndNothingChanges) {
  const std::string caller = token_with({"agentauth:permissions:write"});
  const AgentId agent = replica.add_agent();
  const auto before = everything();
  for (const char* permission : {"read_weather", "agentauth:*", "*"}) {
    const Answer answer = post("/agents/" + agent.to_string() + "/permissions",
                               "{\"permission\":\"" + std::string(permission) + "\"}", caller);
    EXPECT_EQ(answer.status, 403) << permission;
    EXPECT_THAT(answer.header("WWW-Authenticate"), Not(HasSubstr("scope=\"")))
        << "it holds what the call needs";
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(DispatcherTest, APermissionThatIsHeldAlreadyIsGrantedWithoutBeingCreated) {
  const std::string administrator = token_with({"agentauth:*"});
  const std::string path = "/agents/" + replica.add_agent().to_string() + "/permissions";
  const char* body = R"({"permission":"read_weather"})";
  const Answer first = post(path, body, administrator);
  EXPECT_EQ(first.status, 201);
  const auto before = everything();
  const Answer second = post(path, body, administrator);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(everything(), before);
}

TEST_F(DispatcherTest, WhatWasCreatedIsToldOnceAndNeverAgain) {
  const std::string administrator = token_with({"agentauth:*"});
  const Answer registered =
      post("/agents/register", R"({"agent_name":"Bot","owner_email":"ops@example.com"})");
  ASSERT_EQ(registered.status, 201);
  EXPECT_EQ(registered.header("Cache-Control"), "no-store");
  const std::string key = registered.text("api_key");
  const std::string id = registered.text("agent_id");
  ASSERT_EQ(log_in(key).status, 200);
  const std::string secret = key.substr(16, 64);
  for (const std::string& path : {"/agents/" + id, "/agents/" + id + "/keys",
                                  std::string("/agents"), std::string("/metrics")})
    EXPECT_THAT(get(path, administrator).body, Not(HasSubstr(secret))) << path;
}

TEST_F(DispatcherTest, NoSecretEntersTheLog) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const std::string key = key_of(agent);
  const std::string token = log_in(key).text("access_token");
  get("/data/weather", token);
  get("/data/stock", token);
  log_in(key + "x");
  const std::string made =
      post("/agents/register", R"({"agent_name":"Bot","owner_email":"o@example.com"})")
          .text("api_key");
  const std::string text = log_text();
  EXPECT_THAT(text, HasSubstr("\"route\":\"/data/stock\""));
  for (const std::string& secret : {key.substr(16, 64), token, token.substr(token.rfind('.')),
                                    made.substr(16, 64), std::string("$2b$")})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
}

TEST_F(DispatcherTest, TheTraceOfARequestEntersTheLogWhenItIsValid) {
  const std::string traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  call({.target = "/healthz", .headers = {{"traceparent", traceparent}}});
  EXPECT_THAT(log_text(), HasSubstr(R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
                                    R"("parent_span_id":"00f067aa0ba902b7")"));
  EXPECT_EQ(call({.target = "/healthz", .headers = {{"traceparent", "00-\"}{"}}}).status, 200);
  EXPECT_THAT(log_text(), HasSubstr(R"("trace_id":"","parent_span_id":"")"));
}

TEST_F(DispatcherTest, TheDocumentationIsServedUnderAStrictPolicy) {
  const Answer page = get("/docs");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page.header("Content-Security-Policy"), Not(HasSubstr("script-src 'self' 'unsafe")));
  EXPECT_EQ(page.count("Access-Control-Allow-Origin"), 0U);
  EXPECT_EQ(get("/docs/nothing.js").status, 404);
  EXPECT_EQ(get("/docs/..%2Findex.html").status, 404);
}

TEST_F(DispatcherTest, TheExplorerIsServedUnderTheSamePolicy) {
  const Answer page = get("/explorer");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("Content-Security-Policy"), get("/docs").header("Content-Security-Policy"));
  EXPECT_EQ(get("/explorer/main.js").header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/explorer/explorer.css").header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(get("/explorer/init.js").status, 404) << "a file of another page";
  EXPECT_EQ(get("/explorer/..%2Fdocs").status, 404);
}

TEST_F(DispatcherTest, ReadinessTellsOfAnotherSchema) {
  EXPECT_EQ(get("/readyz").status, 200);
  replica.execute("UPDATE schema_migrations SET version = 999 WHERE version = 1");
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(DispatcherTest, AFailedWriteIsUnavailableAndNeverASuccess) {
  const std::string administrator = token_with({"agentauth:*"});
  const AgentId agent = replica.add_agent_with({"read_weather"});
  replica.execute("ALTER TABLE change_log RENAME TO put_away");
  const Answer answer =
      call({.method = Method::delete_,
            .target = "/agents/" + agent.to_string() + "/permissions/read_weather",
            .token = administrator});
  EXPECT_GE(answer.status, 400);
  replica.execute("ALTER TABLE put_away RENAME TO change_log");
  EXPECT_EQ(get("/data/weather", token_of(agent)).status, 200) << "nothing was taken away";
}

struct OpenTest : DispatcherTest {};
struct TokenTest : DispatcherTest {
  TokenTest() { settings.registration = Registration::token; }
};
struct ClosedTest : DispatcherTest {
  ClosedTest() { settings.registration = Registration::closed; }
};

constexpr const char* bot = R"({"agent_name":"Bot","owner_email":"ops@example.com"})";

TEST_F(OpenTest, EverybodyMayRegisterAndTheNewAgentMayDoNothing) {
  const Answer answer = post("/agents/register", bot);
  ASSERT_EQ(answer.status, 201);
  const std::string token = token_of(*AgentId::parse(answer.text("agent_id")));
  EXPECT_EQ(get("/data/weather", token).status, 403);
  EXPECT_EQ(get("/agents", token).status, 403);
  EXPECT_EQ(get("/agents/me", token).status, 200);
}

TEST_F(TokenTest, OnlyWhoKnowsTheTokenMayRegister) {
  const auto before = everything();
  EXPECT_EQ(post("/agents/register", bot).status, 401);
  for (const char* wrong :
       {"the registration toke", "the registration token ", "x", "The registration token"})
    EXPECT_EQ(post("/agents/register", bot, wrong).status, 401) << wrong;
  EXPECT_EQ(post("/agents/register", bot, token_with({})).status, 403);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM agents"), before[1] + 1);
  EXPECT_EQ(post("/agents/register", bot, "the registration token").status, 201);
  EXPECT_EQ(post("/agents/register", bot, token_with({"agentauth:agents:write"})).status, 201);
}

TEST_F(TokenTest, TheRegistrationTokenOpensNothingElse) {
  EXPECT_EQ(get("/agents", "the registration token").status, 401);
  EXPECT_EQ(get("/agents/me", "the registration token").status, 401);
}

TEST_F(TokenTest, WithoutCredentialsNoTokenIsCalledInvalid) {
  EXPECT_EQ(post("/agents/register", bot).header("WWW-Authenticate"),
            R"(Bearer realm="agentauth")");
}

TEST_F(ClosedTest, OnlyWhoMayWriteAgentsMayRegister) {
  const Answer anonymous = post("/agents/register", bot);
  EXPECT_EQ(anonymous.status, 403);
  EXPECT_EQ(anonymous.code(), "registration_closed");
  EXPECT_EQ(post("/agents/register", bot, "the registration token").status, 401);
  EXPECT_EQ(post("/agents/register", bot, token_with({"agentauth:agents:read"})).status, 403);
  EXPECT_EQ(post("/agents/register", bot, token_with({"agentauth:agents:write"})).status, 201);
}

}  // namespace
}  // namespace agentauth::api
