// What gateways are answered: each in its own headers, all by the same routes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/gateway_answer.h"
#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Headers = std::vector<std::pair<std::string, std::string>>;

class GatewayTest : public ApiFixture {
 protected:
  GatewayTest() {
    GatewayRoute open{{"GET"}, "*", "/healthz", {}, {}};
    put({{{"GET"}, "*", "/projects/{id}/weather", "read_weather", "project:{id}"},
         {{"PUT"}, "*", "/projects/{id}/weather", "write_weather", "project:{id}"},
         {{"*"}, "*", "/stock", "read_stock", {}},
         open});
  }

  void put(std::vector<GatewayRoute> routes) {
    value_of(replica.database().write(
        [&](Transaction& tx) { return gateway_routes.replace(tx, {std::move(routes)}); }));
    value_of(gateway_routes.follow(replica.directory().settings_revision()));
  }

  static Call nginx_call(std::string method, std::string uri, std::string with, Headers more = {}) {
    Call call{.method = Method::get, .target = "/gateway/auth-request", .token = std::move(with)};
    call.headers = {{"X-Original-Method", std::move(method)}, {"X-Original-URI", std::move(uri)}};
    call.headers.insert(call.headers.end(), more.begin(), more.end());
    return call;
  }
  Answer nginx(std::string method, std::string uri, std::string with = "", Headers more = {}) {
    return call(nginx_call(std::move(method), std::move(uri), std::move(with), std::move(more)));
  }
  Answer forwarded(std::string method, std::string uri, std::string with = "", Headers more = {}) {
    Call call{.method = Method::get, .target = "/gateway/forward-auth", .token = std::move(with)};
    call.headers = {{"X-Forwarded-Method", std::move(method)}, {"X-Forwarded-Uri", std::move(uri)}};
    call.headers.insert(call.headers.end(), more.begin(), more.end());
    return this->call(call);
  }
  Answer envoy(Method method, const std::string& path, std::string with = "", Headers more = {}) {
    return call({.method = method,
                 .target = "/gateway/ext-authz" + path,
                 .headers = std::move(more),
                 .token = std::move(with)});
  }
  static std::string reason(const Answer& answer) {
    EXPECT_EQ(answer.count("X-AgentAuth-Reason"), 1U);
    return std::to_string(answer.status) + ' ' + answer.header("X-AgentAuth-Reason");
  }

  // Grants over the API, with terms.
  void grant(AgentId to, const std::string& body) {
    const Answer answer =
        post("/agents/" + to.to_string() + "/permissions", body, token_with({"agentauth:*"}));
    EXPECT_EQ(answer.status, 201) << answer.body;
  }

  AgentId agent = replica.add_agent_with({"read_weather"});
  std::string token = token_of(agent);
};

TEST_F(GatewayTest, WhoMayIsLetThroughAndNamed) {
  for (const Answer& answer : {nginx("GET", "/projects/7/weather?day=1", token),
                               forwarded("GET", "/projects/7/weather?day=1", token),
                               envoy(Method::get, "/projects/7/weather?day=1", token)}) {
    EXPECT_EQ(reason(answer), "200 allowed");
    EXPECT_EQ(answer.pool, http::Pool::none) << "from memory";
    EXPECT_EQ(answer.header("X-Agent-Id"), agent.to_string());
    EXPECT_EQ(answer.body, "");
    for (const char* name : {"X-Agent-Id", "X-Agent-Name", "X-Agent-Owner", "X-Request-ID"})
      EXPECT_EQ(answer.count(name), 1U) << name;
  }
}

TEST_F(GatewayTest, WhoMayNotIsDeniedAndToldWhatIsMissing) {
  for (const Answer& answer :
       {nginx("PUT", "/projects/7/weather", token), forwarded("PUT", "/projects/7/weather", token),
        envoy(Method::put, "/projects/7/weather", token)}) {
    EXPECT_EQ(reason(answer), "403 permission_denied");
    EXPECT_EQ(answer.text("detail"), "Permission denied");
    EXPECT_EQ(answer.header("WWW-Authenticate"),
              R"(Bearer realm="agentauth", error="insufficient_scope", scope="write_weather")");
    EXPECT_EQ(answer.count("X-Agent-Id"), 0U);
  }
}

TEST_F(GatewayTest, NobodyIsAskedToSayWhoItIs) {
  for (const Answer& answer :
       {nginx("GET", "/stock"), forwarded("GET", "/stock"), envoy(Method::get, "/stock")}) {
    EXPECT_EQ(reason(answer), "401 unauthenticated");
    EXPECT_EQ(answer.header("WWW-Authenticate"), R"(Bearer realm="agentauth")");
  }
  const Answer wrong = nginx("GET", "/stock", "x.y.z");
  EXPECT_EQ(reason(wrong), "401 unauthenticated");
  EXPECT_EQ(wrong.header("WWW-Authenticate"), R"(Bearer realm="agentauth", error="invalid_token")");
}

TEST_F(GatewayTest, ASuspensionBitesAtTheNextRequest) {
  EXPECT_EQ(reason(nginx("GET", "/projects/7/weather", token)), "200 allowed");
  replica.suspend(agent);
  EXPECT_EQ(reason(nginx("GET", "/projects/7/weather", token)), "401 unauthenticated");
}

TEST_F(GatewayTest, APermissionThatWasGivenCountsAtTheNextRequest) {
  EXPECT_EQ(reason(nginx("GET", "/stock", token)), "403 permission_denied");
  replica.grant(agent, "read_stock");
  EXPECT_EQ(reason(nginx("GET", "/stock", token)), "200 allowed");
}

TEST_F(GatewayTest, ThePermissionIsNeededOnTheResourceThatThePathNames) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"read_weather","resource":"project:7"})");
  const std::string its = token_of(other);
  EXPECT_EQ(reason(nginx("GET", "/projects/7/weather", its)), "200 allowed");
  EXPECT_EQ(reason(nginx("GET", "/projects/%37/weather/", its)), "200 allowed");
  EXPECT_EQ(reason(nginx("GET", "/projects/8/weather", its)), "403 permission_denied");
  EXPECT_EQ(reason(nginx("GET", "/projects/*/weather", its)), "403 bad_resource");
}

// A deny of user:a@b must not miss it when it is spelled a%40b.
TEST_F(GatewayTest, ADenyHoldsHoweverThePathIsSpelled) {
  grant(agent, R"({"permission":"read_weather","resource":"project:a@b","effect":"deny"})");
  EXPECT_EQ(reason(nginx("GET", "/projects/a/weather", token)), "200 allowed");
  for (const char* spelling : {"a@b", "a%40b", "%61%40%62", "a@b/weather/?x=#"})
    EXPECT_EQ(nginx("GET", "/projects/" + std::string(spelling) + "/weather", token).status, 403)
        << spelling;
}

TEST_F(GatewayTest, ConditionsSeeTheOriginalRequest) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"write_weather","when":"context.method == \"PUT\" && )"
               R"(context.host == \"api.example.com\""})");
  const std::string its = token_of(other);
  const Headers host = {{"X-Original-Host", "API.example.com:443"}};
  EXPECT_EQ(reason(nginx("PUT", "/projects/b/weather", its, host)), "200 allowed");
  EXPECT_EQ(reason(nginx("PUT", "/projects/b/weather", its, {{"X-Original-Host", "b"}})),
            "403 permission_denied");
  EXPECT_EQ(reason(nginx("PUT", "/projects/b/weather", its)), "403 permission_denied");
}

TEST_F(GatewayTest, WhatMayBeUsedOnceIsCountedBeforeTheAnswer) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"read_stock","max_uses":1})");
  const std::string its = token_of(other);
  const Answer first = nginx("GET", "/stock", its);
  EXPECT_EQ(reason(first), "200 allowed");
  EXPECT_EQ(first.pool, http::Pool::worker);
  EXPECT_EQ(first.header("X-Agent-Id"), other.to_string());
  EXPECT_EQ(reason(nginx("GET", "/stock", its)), "403 permission_denied");
}

TEST_F(GatewayTest, WhoIsSuspendedWhileItWaitsIsNotLetThrough) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"read_stock","max_uses":1})");
  Call call = nginx_call("GET", "/stock", token_of(other));
  call.meanwhile = [&] { replica.suspend(other); };
  EXPECT_EQ(reason(this->call(call)), "401 unauthenticated");
}

TEST_F(GatewayTest, TheAgentIsNamedAsAHeaderCanHoldIt) {
  const AgentId other = replica.add_agent("J\xC3\xBCrgen 100%", "ops@example.com");
  const Answer answer = nginx("GET", "/healthz", token_of(other));
  EXPECT_EQ(answer.header("X-Agent-Name"), "J%C3%BCrgen 100%25");
  EXPECT_EQ(answer.header("X-Agent-Owner"), "ops@example.com");
}

TEST_F(GatewayTest, WhatIsNotListedIsDeniedToEverybody) {
  const std::string administrator = token_with({"*"});
  EXPECT_EQ(reason(nginx("GET", "/nowhere", administrator)), "403 unlisted_path");
  EXPECT_EQ(reason(nginx("GET", "/nowhere")), "403 unlisted_path");
  EXPECT_EQ(reason(nginx("DELETE", "/projects/7/weather", administrator)), "403 unlisted_method");
  EXPECT_EQ(nginx("GET", "/nowhere", administrator).count("WWW-Authenticate"), 0U)
      << "nothing it could bring would help";
  put({});
  EXPECT_EQ(reason(nginx("GET", "/healthz", administrator)), "403 unlisted_path");
}

TEST_F(GatewayTest, AnOpenRouteIsForEverybodyAndNamesWhoIsKnown) {
  const Answer anonymous = nginx("GET", "/healthz");
  EXPECT_EQ(reason(anonymous), "200 open");
  EXPECT_EQ(anonymous.count("X-Agent-Id"), 1U) << "so that the client's own is replaced";
  EXPECT_EQ(anonymous.header("X-Agent-Id"), "");
  EXPECT_EQ(nginx("GET", "/healthz", token).header("X-Agent-Id"), agent.to_string());
}

TEST_F(GatewayTest, ATokenThatProvesNothingIsAsGoodAsNoneOnAnOpenRoute) {
  replica.suspend(agent);
  for (const std::string& other : {token, std::string("of-the-backend")}) {
    const Answer answer = nginx("GET", "/healthz", other);
    EXPECT_EQ(reason(answer), "200 open");
    EXPECT_EQ(answer.header("X-Agent-Id"), "");
  }
  const Answer two = nginx("GET", "/healthz", token, {{"Authorization", "Bearer " + token}});
  EXPECT_EQ(reason(two), "200 open");
  EXPECT_EQ(two.header("X-Agent-Id"), "");
}

TEST_F(GatewayTest, TwoAuthorizationHeadersProveNobody) {
  const Headers again = {{"Authorization", "Bearer " + token}};
  EXPECT_EQ(reason(nginx("GET", "/projects/7/weather", token, again)), "401 unauthenticated");
  EXPECT_EQ(reason(forwarded("GET", "/projects/7/weather", token, again)), "401 unauthenticated");
}

TEST_F(GatewayTest, WhatIsSaidTwiceOrNotAtAllIsDenied) {
  const std::string uri = "/projects/7/weather";
  for (const char* name : {"X-Original-URI", "x-original-uri", "X-Original-Method"}) {
    const Answer answer =
        nginx("GET", uri, token, {{name, name[2] == 'O' && name[11] == 'M' ? "GET" : uri}});
    EXPECT_EQ(reason(answer), "403 repeated_header") << name << " says the same twice";
  }
  EXPECT_EQ(reason(nginx("GET", uri, token, {{"X-Original-Host", "a"}, {"X-Original-Host", "a"}})),
            "403 repeated_header");
  EXPECT_EQ(reason(forwarded("GET", uri, token, {{"X-Forwarded-Uri", uri}})),
            "403 repeated_header");
  EXPECT_EQ(reason(forwarded("GET", uri, token, {{"X-Forwarded-Method", "GET"}})),
            "403 repeated_header");
  Call call = nginx_call("GET", uri, token);
  call.headers.pop_back();
  EXPECT_EQ(reason(this->call(call)), "403 missing_header");
  call.headers.clear();
  EXPECT_EQ(reason(this->call(call)), "403 missing_header");
  call.headers = {{"X_Original_Method", "GET"}, {"X_Original_URI", uri}};
  EXPECT_EQ(reason(this->call(call)), "403 missing_header");
}

TEST_F(GatewayTest, ARequestThatCouldBeReadInTwoWaysIsDenied) {
  const std::string administrator = token_with({"*"});
  EXPECT_EQ(reason(nginx("GET", "/healthz/..%2fstock", administrator)), "403 path_encoded_slash");
  EXPECT_EQ(reason(nginx("GET", "/healthz/../stock", administrator)), "403 path_dot_segment");
  EXPECT_EQ(reason(nginx("get", "/stock", administrator)), "403 bad_method");
  EXPECT_EQ(reason(nginx("", "/stock", administrator)), "403 bad_method");
  EXPECT_EQ(reason(nginx("GET", "/stock", administrator, {{"X-Original-Host", "a, b"}})),
            "403 bad_host");
  for (const char* name : {"X-HTTP-Method-Override", "x-http-method", "X-Method-Override",
                           "X-Rewrite-URL", "X-Original-URL", "x_original_url", "X-Rewrite_URL"}) {
    for (const char* value : {"/healthz", "/stock", "GET", ""}) {
      const Headers more = {{name, value}};
      EXPECT_EQ(reason(nginx("GET", "/stock", administrator, more)), "403 override_header") << name;
      EXPECT_EQ(reason(forwarded("GET", "/stock", administrator, more)), "403 override_header");
      EXPECT_EQ(reason(envoy(Method::get, "/stock", administrator, more)), "403 override_header");
    }
  }
  const Answer answer = forwarded("GET", "/healthz/..%2fstock", administrator);
  EXPECT_EQ(reason(answer), "403 path_encoded_slash");
  EXPECT_EQ(answer.text("detail"), "The path has an encoded slash");
}

TEST_F(GatewayTest, TheHostIsTheOneThatTheGatewayNames) {
  put({{{"GET"}, "api.example.com", "/x", "read_weather", {}},
       {{"GET"}, "*", "/x", "read_stock", {}}});
  EXPECT_EQ(reason(nginx("GET", "/x", token, {{"X-Original-Host", "API.example.com:443"}})),
            "200 allowed");
  EXPECT_EQ(reason(nginx("GET", "/x", token, {{"X-Original-Host", "other"}})),
            "403 permission_denied");
  EXPECT_EQ(reason(nginx("GET", "/x", token)), "403 bad_host")
      << "nobody gets another host's route by leaving the host out";
  EXPECT_EQ(reason(forwarded("GET", "/x", token, {{"X-Forwarded-Host", "api.example.com"}})),
            "200 allowed");
  EXPECT_EQ(reason(envoy(Method::get, "/x", token)), "403 permission_denied") << "Host: localhost";
}

TEST_F(GatewayTest, NoHeaderTellsOfAnotherHost) {
  put({{{"GET"}, "open.example", "/x", {}, {}}});
  const auto nginx_asks = [&](const std::string& name, const std::string& value) {
    return reason(nginx("GET", "/x", "", {{"X-Original-Host", "open.example"}, {name, value}}));
  };
  const auto other_asks = [&](const std::string& name, const std::string& value) {
    return reason(
        forwarded("GET", "/x", "", {{"X-Forwarded-Host", "open.example"}, {name, value}}));
  };
  for (const std::string name : {"X_Original_Host", "X-Original_Host", "X_Forwarded_Host"}) {
    EXPECT_EQ(nginx_asks(name, "safe.example"), "403 repeated_header") << name;
    EXPECT_EQ(other_asks(name, "safe.example"), "403 repeated_header") << name;
    EXPECT_EQ(nginx_asks(name, "OPEN.example:80"), "200 open") << name;
  }
  EXPECT_EQ(nginx_asks("X-Forwarded-Host", "safe.example"), "403 repeated_header");
  EXPECT_EQ(nginx_asks("X-Forwarded-Host", "open.example, safe.example"), "403 repeated_header");
  EXPECT_EQ(other_asks("X-Original-Host", "safe.example"), "403 repeated_header");
  EXPECT_EQ(reason(envoy(Method::get, "/x", "", {{"X-Forwarded-Host", "safe.example"}})),
            "403 repeated_header");
}

TEST_F(GatewayTest, EnvoysPathIsWhatFollowsThePrefixAsItWasSent) {
  const std::string administrator = token_with({"*"});
  put({{{"GET"}, "*", "/", "root", {}}, {{"GET"}, "*", "/{a}/{b}", "two", {}}});
  EXPECT_EQ(reason(envoy(Method::get, "/", administrator)), "200 allowed");
  EXPECT_EQ(reason(envoy(Method::get, "/a/b", administrator)), "200 allowed");
  EXPECT_EQ(reason(envoy(Method::get, "//a/b", administrator)), "403 path_empty_segment");
  EXPECT_EQ(reason(envoy(Method::get, "/../auth-request", administrator)), "403 path_dot_segment");
  EXPECT_EQ(reason(envoy(Method::get, "/a/%2e%2e", administrator)), "403 path_dot_segment");
  EXPECT_EQ(envoy(Method::get, "", administrator).status, 404);
}

// What another gateway would have asked by is the client's here: it decides nothing, and where it
// tells of another request the question is denied.
TEST_F(GatewayTest, NoGatewayIsAskedInTheHeadersOfAnother) {
  const std::string administrator = token_with({"*"});
  const auto expect = [&](const std::string& with, const std::string& kind, const Headers& more,
                          const std::string& expected) {
    const bool is_nginxs = kind == "Original";
    EXPECT_EQ(reason(envoy(Method::get, "/stock?a", with, more)), expected) << more.front().first;
    EXPECT_EQ(reason(is_nginxs ? forwarded("GET", "/stock?a", with, more)
                               : nginx("GET", "/stock?a", with, more)),
              expected)
        << more.front().first;
  };
  for (const std::string kind : {"Original", "Forwarded"}) {
    const std::string uri = kind == "Original" ? "X-Original-URI" : "X-Forwarded-Uri";
    const std::string method = "X-" + kind + "-Method";
    for (const char* value : {"/stock", "/stock?a", "/stock?b"})
      expect(administrator, kind, {{uri, value}, {method, "GET"}}, "200 allowed");
    expect("", kind, {{uri, "/stock"}, {method, "GET"}}, "401 unauthenticated");
    for (const char* value : {"/healthz", "/stock/", "/STOCK", "http://a/stock", ""})
      expect(administrator, kind, {{uri, value}}, "403 repeated_header");
    expect(administrator, kind, {{uri, "/stock"}, {uri, "/healthz"}}, "403 repeated_header");
    expect("", kind, {{uri, "/healthz"}}, "403 repeated_header");
    for (const char* value : {"POST", "get", ""})
      expect(administrator, kind, {{method, value}}, "403 repeated_header");
  }
  expect(administrator, "Original", {{"x_original_uri", "/healthz"}}, "403 repeated_header");
}

TEST_F(GatewayTest, TheQueryAndTheBodyAreTheOriginalRequestsOwn) {
  const std::string administrator = token_with({"*"});
  Call call{.method = Method::post,
            .target = "/gateway/ext-authz/stock?min_revision=99999999&unknown=%zz",
            .body = "not json",
            .headers = {{"Content-Type", "text/plain"}},
            .token = administrator};
  EXPECT_EQ(reason(this->call(call)), "200 allowed");
}

TEST_F(GatewayTest, NginxIsAnsweredInNoOtherStatus) {
  Call stale = nginx_call("GET", "/stock", token);
  stale.later = std::chrono::hours{2};
  EXPECT_EQ(reason(call(stale)), "403 unavailable");
  stale.target = "/gateway/forward-auth";
  EXPECT_EQ(call(stale).status, 503) << "others pass it on as it is";

  Call post = nginx_call("GET", "/stock", token);
  post.method = Method::post;
  EXPECT_EQ(reason(call(post)), "403 malformed_request");
}

TEST_F(GatewayTest, ARequestThatWasNotUnderstoodIsAVerdictForNginxToo) {
  const auto exchange = dispatcher.new_exchange(0);
  const auto refused = [&](std::string_view path, Errc code) {
    exchange->reset();
    exchange->response.clear();
    exchange->request.path = path;
    dispatcher.refuse(*exchange, {code, "The head is larger than 16 KiB"});
    return exchange->response.status();
  };
  EXPECT_EQ(refused("/gateway/auth-request", Errc::headers_too_large), 403);
  EXPECT_EQ(refused("/gateway/auth-request", Errc::malformed_request), 403);
  EXPECT_EQ(refused("/gateway/auth-request", Errc::unavailable), 403);
  EXPECT_EQ(refused("/gateway/forward-auth", Errc::headers_too_large), 431);
  EXPECT_EQ(refused("", Errc::headers_too_large), 431);
}

TEST_F(GatewayTest, TooManyRequestsAreAVerdictForNginxToo) {
  limiter.replace({{{"few",
                     LimitScope::agent,
                     {"GET /gateway/auth-request", "ANY /gateway/forward-auth"},
                     LimitCount::all,
                     1,
                     "1h",
                     1}}});
  EXPECT_EQ(reason(nginx("GET", "/projects/7/weather", token)), "200 allowed");
  EXPECT_EQ(reason(nginx("GET", "/projects/7/weather", token)), "403 rate_limited");
  const Answer other = forwarded("GET", "/projects/7/weather", token);
  EXPECT_EQ(reason(other), "429 rate_limited");
  EXPECT_EQ(other.count("Retry-After"), 1U);
}

TEST_F(GatewayTest, ADenialIsOnRecordWithWhatWasMissing) {
  nginx("GET", "/stock", token);
  const auto events = audit_events(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].action, AuditAction::request);
  EXPECT_EQ(events[0].outcome, AuditOutcome::denied);
  EXPECT_EQ(events[0].agent_id, agent);
  EXPECT_EQ(events[0].operation.view(), "answerNginx");
  EXPECT_EQ(events[0].detail.view(), "read_stock");
  EXPECT_EQ(events[0].target_type, AuditTargetType::path);
}

TEST_F(GatewayTest, WhoTriesToBeMisreadIsOnRecordAndWhoOnlyLooksAroundIsNot) {
  for (int i = 0; i < 3; ++i) nginx("GET", "/nowhere");
  nginx("GET", "/healthz/..%2fstock");
  nginx("GET", "/nowhere", token);
  // An id in the path is nobody's here.
  envoy(Method::get, "/" + agent.to_string(), token);
  const auto events = audit_events(3);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].detail.view(), "path_encoded_slash");
  EXPECT_FALSE(events[0].agent_id);
  EXPECT_EQ(events[1].detail.view(), "unlisted_path");
  EXPECT_EQ(events[1].agent_id, agent);
  EXPECT_FALSE(events[2].target_agent_id);
}

TEST_F(GatewayTest, AnswersAreCountedByReason) {
  nginx("GET", "/projects/7/weather", token);
  nginx("GET", "/projects/8/weather", token);
  forwarded("GET", "/a/../b");
  const std::string text = get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("agentauth_gateway_answers_total{reason=\"allowed\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("agentauth_gateway_answers_total{reason=\"path_dot_segment\"} 1\n"));
}

TEST_F(GatewayTest, ADecisionIsCountedByItsReason) {
  nginx("GET", "/projects/7/weather", token);
  nginx("GET", "/stock", token);
  nginx("GET", "/nowhere", token);
  const std::string text = get("/metrics").body;
  for (const char* labels :
       {R"(decision="allow",reason="granted")", R"(decision="deny",reason="not_granted")",
        R"(decision="deny",reason="unlisted_path")"})
    EXPECT_THAT(text, HasSubstr(R"(agentauth_decisions_total{entry="gateway",)" +
                                std::string(labels) + "} 1\n"));
}

TEST_F(GatewayTest, ADenialSaysOnWhat) {
  for (const auto& answer :
       {nginx("PUT", "/projects/8/weather?day=1", token),
        envoy(Method::put, "/projects/8/weather", token), nginx("GET", "/stock", token),
        forwarded("GET", "/no%77here/at%20all?key=1", token)})
    EXPECT_EQ(answer.status, 403);
  const auto events = audit_events(4);
  ASSERT_EQ(events.size(), 4U);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(events[i].target_type, AuditTargetType::resource);
    EXPECT_EQ(events[i].target_id.view(), "project:8");
    EXPECT_EQ(events[i].detail.view(), "write_weather");
  }
  EXPECT_EQ(events[2].target_type, AuditTargetType::path);
  EXPECT_EQ(events[2].target_id.view(), "/stock");
  EXPECT_EQ(events[2].detail.view(), "read_stock");
  EXPECT_EQ(events[3].target_type, AuditTargetType::path);
  EXPECT_EQ(events[3].target_id.view(), "/nowhere/at all");
  EXPECT_EQ(events[3].detail.view(), "unlisted_path");
}

// From memory, and on a worker, where something is to be counted.
TEST_F(GatewayTest, WhatAnAuditGrantMatchesIsOnRecordWithTheResource) {
  const AgentId marked = replica.add_agent_with({"read_weather"});
  grant(marked, R"({"permission":"read_weather","resource":"project:*","effect":"audit"})");
  grant(marked, R"({"permission":"write_weather","effect":"audit"})");
  grant(marked, R"({"permission":"write_weather","max_uses":1})");
  grant(marked, R"({"permission":"read_stock","effect":"audit"})");
  const std::string its = token_of(marked);
  const std::size_t before = audit_events(4).size();
  EXPECT_EQ(nginx("GET", "/projects/7/weather", its).status, 200);
  EXPECT_EQ(nginx("PUT", "/projects/8/weather", its).status, 200);
  EXPECT_EQ(nginx("GET", "/stock", its).status, 403);
  const auto all = audit_events(before + 4);  // the last is denied, too
  ASSERT_EQ(all.size(), before + 4);
  const std::vector<AuditEvent> events(all.begin() + static_cast<std::ptrdiff_t>(before),
                                       all.end());
  for (const std::size_t i : {0U, 1U, 2U}) {
    EXPECT_EQ(events[i].reason, AuditReason::audit_grant);
    EXPECT_EQ(events[i].agent_id, marked);
    EXPECT_EQ(events[i].on_behalf_of.view(), "");
  }
  EXPECT_EQ(events[0].target_type, AuditTargetType::resource);
  EXPECT_EQ(events[0].target_id.view(), "project:7");
  EXPECT_THAT(std::string(events[0].detail.view()), StartsWith("permission=read_weather grants="));
  EXPECT_EQ(events[1].target_type, AuditTargetType::resource);
  EXPECT_EQ(events[1].target_id.view(), "project:8");
  EXPECT_THAT(std::string(events[1].detail.view()), StartsWith("permission=write_weather grants="));
  EXPECT_EQ(events[2].target_type, AuditTargetType::permission);
  EXPECT_EQ(events[2].target_id.view(), "read_stock");
  EXPECT_THAT(std::string(events[2].detail.view()), EndsWith(" as_allow=granted"));
  EXPECT_EQ(events[2].outcome, AuditOutcome::denied);
}

TEST_F(GatewayTest, NothingOfOneQuestionIsLeftForTheNext) {
  nginx("GET", "/stock", token);
  EXPECT_EQ(get("/agents", token).count("X-AgentAuth-Reason"), 0U);
  EXPECT_EQ(get("/healthz").status, 200);
  const std::string text = get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("agentauth_gateway_answers_total{reason=\"permission_denied\"} 1\n"));
}

TEST_F(GatewayTest, RoutesAreReplacedOverTheApiAndOnRecord) {
  const std::string administrator = token_with({"agentauth:*"});
  const std::string body =
      R"({"routes":[{"methods":["GET"],"host":"*","path":"/projects/{id}/weather",)"
      R"("permission":"read_weather","resource":"project:{id}"}]})";
  Call put{.method = Method::put, .target = "/gateway/routes", .body = body};
  put.token = administrator;
  const Answer answer = call(put);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, body);
  EXPECT_EQ(get("/gateway/routes", administrator).body, body);
  const auto events = audit_events(1);
  EXPECT_EQ(events.back().action, AuditAction::gateway_replace);
  EXPECT_EQ(to_string(events.back().action), "gateway.replace");
}

TEST_F(GatewayTest, WrongRoutesAreRefusedByTheirIndexAndNothingChanges) {
  const std::string administrator = token_with({"agentauth:*"});
  const auto before = everything();
  Call put{.method = Method::put, .target = "/gateway/routes"};
  put.token = administrator;
  put.body =
      R"({"routes":[{"methods":["GET"],"host":"*","path":"/a","permission":null},)"
      R"({"methods":["GET"],"host":"*","path":"/a/{b}","permission":"p","resource":"x:{c}"}]})";
  const Answer answer = call(put);
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(answer.body, HasSubstr(R"("field":"routes[1].resource")"));
  put.body = R"({"routes":[{"methods":["GET"],"host":"*","path":"/a"}]})";
  EXPECT_THAT(call(put).body,
              HasSubstr(R"({"field":"routes[0].permission","message":"is required"})"));
  EXPECT_EQ(everything(), before);
}

TEST(HeaderText, HoldsNothingThatEndsALineOrIsReadInTwoWays) {
  const auto written = [](std::string_view text) {
    std::string out;
    append_header_text(text, out);
    return out;
  };
  EXPECT_EQ(written("WeatherBot 2"), "WeatherBot 2");
  EXPECT_EQ(written("ops@example.com"), "ops@example.com");
  EXPECT_EQ(written(""), "");
  EXPECT_EQ(written("a\r\nX-Agent-Id: b"), "a%0D%0AX-Agent-Id: b");
  EXPECT_EQ(written(std::string_view("a\0b\x7F", 4)), "a%00b%7F");
  EXPECT_EQ(written("J\xC3\xBCrgen"), "J%C3%BCrgen");
  EXPECT_EQ(written("100%41"), "100%2541") << "can be read back";
  EXPECT_EQ(written(" a "), "%20a%20");
  EXPECT_EQ(written(" "), "%20");
}

}  // namespace
}  // namespace agentauth::api
