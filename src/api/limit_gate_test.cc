// Where a request meets the rate limits, through the dispatcher.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;
using testing::HasSubstr;

class LimitGateTest : public ApiFixture {
 protected:
  // One limit of two requests, and one more each second.
  void limit(LimitScope scope, const std::string& route, LimitCount count = LimitCount::all) {
    const LimitSet set{{{"test", scope, {route}, count, 1, "1s", 2}}};
    value_of(check_limits(set, limiter.routes()));
    limiter.replace(set);
  }
  Answer from(const std::string& address, Call request) {
    peer = value(parse_ip_address(address));
    return call(request);
  }
  Answer log_in(const std::string& key, const std::string& address = "192.0.2.1") {
    return from(address, {.method = Method::post,
                          .target = "/auth/login",
                          .body = R"({"api_key":")" + key + R"("})"});
  }
  Answer register_agent(const std::string& owner, const std::string& address = "192.0.2.1") {
    return from(address, {.method = Method::post,
                          .target = "/agents/register",
                          .body = R"({"agent_name":"Bot","owner_email":")" + owner + R"("})"});
  }
  Answer refresh(const std::string& token, std::chrono::seconds later = {}) {
    return call({.method = Method::post,
                 .target = "/auth/refresh",
                 .body = R"({"refresh_token":")" + token + R"("})",
                 .later = later});
  }
  // The same kid and a good checksum, with a secret that is wrong.
  std::string wrong_secret(const std::string& key, char digit) {
    std::string start = key.substr(0, 3 + key_kid_length + 1);
    start += std::string(key_secret_length, digit);
    return start + base62_encode(crc32(start), key_checksum_length);
  }
  static IpAddress value(std::optional<IpAddress> address) { return address.value(); }
};

TEST_F(LimitGateTest, TheThirdOfTwoIsRefusedWithAllThatSaysWhenToComeBack) {
  limit(LimitScope::address, "GET /healthz");
  for (int left = 1; left >= 0; --left) {
    const Answer answer = from("192.0.2.1", {.target = "/healthz"});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("RateLimit-Policy"), R"("test";q=2;w=2)");
    EXPECT_THAT(answer.header("RateLimit"), HasSubstr(R"("test";r=)" + std::to_string(left)));
  }
  const Answer refused = from("192.0.2.1", {.target = "/healthz"});
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "rate_limited");
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(refused.header("RateLimit"), R"("test";r=0;t=1)");
  EXPECT_EQ(refused.header("RateLimit-Policy"), R"("test";q=2;w=2)");
  EXPECT_EQ(from("192.0.2.1", {.target = "/healthz", .later = std::chrono::seconds{1}}).status,
            200);
}

TEST_F(LimitGateTest, ARouteWithoutLimitsSaysNothingOfThem) {
  limit(LimitScope::address, "GET /healthz");
  const Answer answer = get("/metrics");
  EXPECT_EQ(answer.count("RateLimit"), 0U);
  EXPECT_EQ(answer.count("RateLimit-Policy"), 0U);
}

TEST_F(LimitGateTest, AnAddressCountsByItsIpv4OrItsIpv6NetworkHoweverItIsSpelled) {
  limit(LimitScope::address, "GET /healthz");
  const Call health{.target = "/healthz"};
  EXPECT_EQ(from("192.0.2.1", health).status, 200);
  EXPECT_EQ(from("::ffff:192.0.2.1", health).status, 200);
  EXPECT_EQ(from("192.0.2.1", health).status, 429);
  EXPECT_EQ(from("192.0.2.2", health).status, 200);
  EXPECT_EQ(from("2001:db8::1", health).status, 200);
  EXPECT_EQ(from("2001:DB8:0:0:ffff::1", health).status, 200);
  EXPECT_EQ(from("2001:db8::2", health).status, 429);
  EXPECT_EQ(from("2001:db8:0:1::1", health).status, 200);
}

TEST_F(LimitGateTest, AnAgentCountsByItselfWhateverItsTokenAndOnlyOnceItIsProved) {
  limit(LimitScope::agent, "GET /data/weather");
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const std::string token = token_of(agent);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/data/weather", token + "x").status, 401);
  EXPECT_EQ(get("/data/weather", token).status, 200);
  EXPECT_EQ(get("/data/weather", token_of(agent)).status, 200);
  EXPECT_EQ(get("/data/weather", token).status, 429);
  EXPECT_EQ(get("/data/weather", token_with({"read_weather"})).status, 200);
}

TEST_F(LimitGateTest, ARegistrationOfOneOwnerIsTheSameWhateverTheCase) {
  limit(LimitScope::owner, "POST /agents/register");
  EXPECT_EQ(register_agent("ops@example.com").status, 201);
  EXPECT_EQ(register_agent("OPS@Example.com").status, 201);
  const auto before = everything();
  EXPECT_EQ(register_agent("Ops@example.COM").status, 429);
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(register_agent("others@example.com").status, 201);
}

// All agents of an owner together, whatever case its name was registered in.
TEST_F(LimitGateTest, CallsLoginsAndRefreshesCountForTheOwnerOfTheAgent) {
  const auto of_owner = [&](const std::string& owner) {
    const Answer made = register_agent(owner);
    const AgentId agent = *AgentId::parse(made.text("agent_id"));
    return std::pair(made.text("api_key"), token_of(agent));
  };
  const auto [one_key, one] = of_owner("ops@example.com");
  const auto [two_key, two] = of_owner("OPS@example.com");
  const auto [other_key, other] = of_owner("others@example.com");
  limit(LimitScope::owner, "GET /agents/me");
  EXPECT_EQ(get("/agents/me", one).status, 200);
  EXPECT_EQ(get("/agents/me", two).status, 200);
  EXPECT_EQ(get("/agents/me", one).status, 429);
  EXPECT_EQ(get("/agents/me", other).status, 200);
  limit(LimitScope::owner, "POST /auth/login");
  EXPECT_EQ(log_in(one_key).status, 200);
  const std::string refresh_token = log_in(two_key).text("refresh_token");
  EXPECT_EQ(log_in(one_key).status, 429);
  EXPECT_EQ(log_in(other_key).status, 200);
  limit(LimitScope::owner, "POST /auth/refresh");
  const std::string next = refresh(refresh_token).text("refresh_token");
  EXPECT_EQ(refresh(next).status, 200);
  EXPECT_EQ(refresh(next).status, 429);
}

TEST_F(LimitGateTest, FailedLoginsOfAnAddressUpToTheLimitAreToldSoAndThenRefused) {
  limit(LimitScope::address, "POST /auth/login", LimitCount::failures);
  const std::string key = key_of(replica.add_agent());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in(key).status, 200) << "successes are not counted";
  EXPECT_EQ(log_in("no key at all").status, 401);
  const Answer last = log_in(wrong_secret(key, '1'));
  EXPECT_EQ(last.status, 401);
  EXPECT_EQ(last.header("RateLimit"), R"("test";r=0;t=1)");
  EXPECT_EQ(log_in(wrong_secret(key, '2')).status, 429);
  EXPECT_EQ(log_in(key).status, 429) << "the address has to wait, whatever it presents";
  EXPECT_EQ(log_in(key, "192.0.2.2").status, 200);
}

// Knowing a kid is easy: it is public.
TEST_F(LimitGateTest, UsingUpTheFailuresOfAKeyDoesNotLockOutWhoHasIt) {
  limit(LimitScope::key, "POST /auth/login", LimitCount::failures);
  const std::string key = key_of(replica.add_agent());
  EXPECT_EQ(log_in(wrong_secret(key, '1'), "192.0.2.1").status, 401);
  EXPECT_EQ(log_in(wrong_secret(key, '2'), "192.0.2.2").status, 401);
  EXPECT_EQ(log_in(wrong_secret(key, '3'), "192.0.2.3").status, 429);
  const Answer first = log_in(key);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.pool, http::Pool::hashing);
  EXPECT_EQ(log_in(key).status, 200);
}

TEST_F(LimitGateTest, AnUnknownKidIsLimitedLikeAKnownOne) {
  limit(LimitScope::key, "POST /auth/login", LimitCount::failures);
  const std::string unknown = wrong_secret("aa_unknown00001_", '1');
  EXPECT_EQ(log_in(unknown).status, 401);
  EXPECT_EQ(log_in(unknown).status, 401);
  EXPECT_EQ(log_in(unknown).status, 429);
}

TEST_F(LimitGateTest, SuccessfulLoginsAreLimitedByKeyWhenThatIsConfigured) {
  limit(LimitScope::key, "POST /auth/login");
  const std::string key = key_of(replica.add_agent());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in(wrong_secret(key, '1')).status, 401);
  EXPECT_EQ(log_in(key).status, 200);
  EXPECT_EQ(log_in(key).status, 200);
  EXPECT_EQ(log_in(key).status, 429);
}

// Whichever of its agent's keys it was got with.
TEST_F(LimitGateTest, ATokenCountsByTheKeyThatItWasGotWith) {
  limit(LimitScope::key, "GET /data/weather");
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const std::string one = key_of(agent);
  const std::string other = key_of(agent);
  const auto weather = [&](const std::string& key) {
    return get("/data/weather", log_in(key).text("access_token"));
  };
  EXPECT_EQ(weather(one).status, 200);
  EXPECT_EQ(weather(one).header("RateLimit"), R"("test";r=0;t=1)");
  EXPECT_EQ(weather(one).status, 429) << "a new token is no new bucket";
  EXPECT_EQ(weather(other).status, 200);
}

TEST_F(LimitGateTest, RefreshesCountByKeyToo) {
  limit(LimitScope::key, "POST /auth/refresh");
  std::string token = log_in(key_of(replica.add_agent())).text("refresh_token");
  for (int i = 0; i < 2; ++i) token = refresh(token).text("refresh_token");
  EXPECT_EQ(refresh(token).status, 429);
}

TEST_F(LimitGateTest, DenialsCountByKeyAndStopNothingThatIsAllowed) {
  limit(LimitScope::key, "*", LimitCount::failures);
  const std::string token =
      log_in(key_of(replica.add_agent_with({"read_stock"}))).text("access_token");
  EXPECT_EQ(get("/data/weather", token).status, 403);
  EXPECT_EQ(get("/data/weather", token).status, 403);
  EXPECT_EQ(get("/data/weather", token).status, 429);
  EXPECT_EQ(get("/data/stock", token).status, 200);
}

// A limit that is taken counts: nobody is to believe in one that does not.
TEST_F(LimitGateTest, EveryRouteSaysByWhomItIsCounted) {
  using enum LimitScope;
  const auto scopes = [](std::string_view name, Registration registration, LimitCount count) {
    for (const LimitedRoute& route : limited_routes(registration))
      if (route.name == name) return route.counted(count).bits();
    return std::uint8_t{0};
  };
  const auto expect = [&](std::string_view name, LimitScopes all, LimitScopes failures,
                          Registration registration = Registration::open) {
    EXPECT_EQ(scopes(name, registration, LimitCount::all), all.bits()) << name;
    EXPECT_EQ(scopes(name, registration, LimitCount::failures), failures.bits()) << name;
  };
  expect("POST /auth/login", {address, agent, key, owner}, {address, key});
  expect("POST /auth/refresh", {address, agent, key, owner}, {address});
  expect("GET /data/weather", {address, agent, key, owner}, {address, agent, key});
  expect("GET /agents/me", {address, agent, key, owner}, {address, agent, key});
  expect("GET /healthz", {address}, {address});
  expect("POST /agents/register", {address, owner}, {address});
  expect("POST /agents/register", {address, agent, key, owner}, {address, agent, key},
         Registration::closed);
}

TEST_F(LimitGateTest, ARefreshOverItsLimitSpendsNothing) {
  limit(LimitScope::agent, "POST /auth/refresh");
  std::string token = log_in(key_of(replica.add_agent())).text("refresh_token");
  for (int i = 0; i < 2; ++i) token = refresh(token).text("refresh_token");
  const auto before = everything();
  const auto events = audit_events(3).size();
  const Answer refused = refresh(token);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(audit_events(events).size(), events) << "a success that nobody had";
  clock.advance(std::chrono::minutes{1});  // longer than a retry has time
  EXPECT_EQ(refresh(token, std::chrono::minutes{1}).status, 200);
}

TEST_F(LimitGateTest, ATokenOfALoginThatWasEndedUsesUpNobodysRefreshes) {
  limit(LimitScope::agent, "POST /auth/refresh");
  const std::string key = key_of(replica.add_agent());
  const Answer ended = log_in(key);
  ASSERT_EQ(post("/auth/logout", "{}", ended.text("access_token")).status, 204);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(refresh(ended.text("refresh_token")).status, 401);
  EXPECT_EQ(refresh(log_in(key).text("refresh_token")).status, 200);
}

TEST_F(LimitGateTest, DenialsOfAnAgentCountAsFailures) {
  limit(LimitScope::agent, "GET /data/weather", LimitCount::failures);
  const std::string token = token_with({});
  EXPECT_EQ(get("/data/weather", token).status, 403);
  EXPECT_EQ(get("/data/weather", token).status, 403);
  const Answer refused = get("/data/weather", token);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.count("WWW-Authenticate"), 0U);
}

TEST_F(LimitGateTest, ARefusedRequestDoesNothing) {
  limit(LimitScope::address, "POST /agents/register");
  EXPECT_EQ(register_agent("a@example.com").status, 201);
  EXPECT_EQ(register_agent("b@example.com").status, 201);
  const auto before = everything();
  const Answer refused = register_agent("c@example.com");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.pool, http::Pool::none) << "before any work";
  EXPECT_EQ(everything(), before);
}

TEST_F(LimitGateTest, AConnectionUsedAgainKnowsNothingOfTheLimitsBefore) {
  limit(LimitScope::address, "GET /healthz");
  EXPECT_EQ(from("192.0.2.1", {.target = "/healthz"}).count("RateLimit"), 1U);
  EXPECT_EQ(get("/nowhere").count("RateLimit"), 0U);
}

TEST_F(LimitGateTest, LimitsAreShownAndReplacedAsAWhole) {
  const std::string token = token_with({"agentauth:limits:read", "agentauth:limits:write"});
  EXPECT_THAT(get("/limits", token).body, HasSubstr("failed-logins-by-address"));
  const std::string body =
      R"({"limits":[{"name":"weather","scope":"agent","routes":["GET /data/weather"],)"
      R"("count":"all","rate":100,"per":"1s","burst":200}]})";
  const Answer put =
      call({.method = Method::put, .target = "/limits", .body = body, .token = token});
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.body, body);
  EXPECT_EQ(get("/limits", token).body, body);
}

}  // namespace
}  // namespace agentauth::api
