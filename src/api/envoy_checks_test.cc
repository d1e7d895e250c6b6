// Envoy over gRPC is answered as Envoy over HTTP is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <list>
#include <map>
#include <optional>

#include "api/envoy_checks.h"
#include "api/testing/api_fixture.h"
#include "http/client_address.h"
#include "http/worker_pool.h"

namespace agentauth::api {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Not;
using Headers = std::vector<std::pair<std::string, std::string>>;

// What the listener would make of one message, and what it was told.
class FakeCall final : public envoy::Call {
 public:
  FakeCall(std::string method, std::string path, Headers sent = {})
      : method_(std::move(method)), path_(std::move(path)), sent_(std::move(sent)) {}

  const envoy::Question& question() const override {
    views_.clear();
    for (const auto& [name, value] : sent_) views_.push_back({name, value});
    question_ = {method_, host, path_, views_, peer, source, message_bytes};
    return question_;
  }
  bool is_cancelled() const override { return cancelled; }
  void answer(const envoy::Verdict& verdict) noexcept override {
    EXPECT_EQ(status, 0) << "answered once";
    passes = verdict.passes;
    status = verdict.status;
    for (const auto& [name, value] : verdict.headers)
      EXPECT_TRUE(headers.emplace(name, value).second) << name;
    removed.assign(verdict.removed.begin(), verdict.removed.end());
    body = verdict.body;
    done = true;
  }

  std::string reason() {
    return std::to_string(status) + ' ' + (passes ? "passes" : headers["X-AgentAuth-Reason"]);
  }

  std::string host = "localhost";
  std::string peer = "192.0.2.7";
  std::string source = "198.51.100.1";
  std::size_t message_bytes = 0;
  bool cancelled = false;

  // Whether the rest can be read, by whatever thread.
  struct Done : std::atomic<bool> {
    Done() : std::atomic<bool>(false) {}
    Done(const Done& other) : std::atomic<bool>(other.load()) {}
    using std::atomic<bool>::operator=;
  };
  Done done;
  bool passes = false;
  int status = 0;
  std::map<std::string, std::string> headers;
  std::vector<std::string> removed;
  std::string body;

 private:
  std::string method_;
  std::string path_;
  Headers sent_;
  mutable std::vector<envoy::Header> views_;
  mutable envoy::Question question_;
};

class EnvoyChecksTest : public ApiFixture {
 protected:
  EnvoyChecksTest() {
    replica.grant(agent, "read_weather");
    GatewayRoute open{{"GET"}, "*", "/public/**", {}, {}};
    put({{{"GET"}, "*", "/projects/{id}/weather", "read_weather", "project:{id}"},
         {{"POST"}, "*", "/projects/{id}/weather", "write_weather", "project:{id}"},
         {{"*"}, "api.example.com", "/stock", "read_stock", {}},
         open});
  }

  void put(std::vector<GatewayRoute> routes) {
    value_of(replica.database().write(
        [&](Transaction& tx) { return gateway_routes.replace(tx, {std::move(routes)}); }));
    value_of(gateway_routes.follow(replica.directory().settings_revision()));
  }
  void grant(AgentId to, const std::string& body) {
    const Answer answer =
        post("/agents/" + to.to_string() + "/permissions", body, token_with({"agentauth:*"}));
    EXPECT_EQ(answer.status, 201) << answer.body;
  }
  static Headers with(const std::string& token, Headers more = {}) {
    more.emplace_back("authorization", "Bearer " + token);
    return more;
  }
  FakeCall ask(FakeCall call) {
    checks.check(call);
    return call;
  }
  std::string reason_of(const FakeCall& call) { return ask(call).reason(); }

  AgentId agent = replica.add_agent("Weather Bot", "ops@example.com");
  std::string token = token_of(agent);
  std::vector<Network> trusted;
  std::vector<std::function<void()>> jobs;
  bool workers_take_jobs = true;
  EnvoyChecks checks{dispatcher, 0, trusted, [this](EnvoyChecks::Job& job) {
                       if (workers_take_jobs) jobs.push_back(std::move(job));
                       return workers_take_jobs;
                     }};
};

TEST_F(EnvoyChecksTest, WhoMayIsLetThroughAndNamedInPlaceOfWhatTheClientSaid) {
  const FakeCall call =
      ask({"GET", "/projects/7/weather?day=1", with(token, {{"x-agent-id", "somebody-else"}})});
  EXPECT_TRUE(call.passes);
  const std::map<std::string, std::string> named = {{"x-agent-id", agent.to_string()},
                                                    {"x-agent-name", "Weather Bot"},
                                                    {"x-agent-owner", "ops@example.com"}};
  EXPECT_EQ(call.headers, named);
  EXPECT_THAT(call.removed, IsSupersetOf({"x_agent_id", "x-agent_owner", "x-rewrite-url"}));
  // Envoy removes after it has replaced.
  for (const auto& [name, value] : call.headers) EXPECT_THAT(call.removed, Not(Contains(name)));
}

TEST_F(EnvoyChecksTest, WhereNobodyIsKnownTheIdentityIsRemoved) {
  const FakeCall call = ask({"GET", "/public/page", {{"X-Agent-Id", "somebody-else"}}});
  EXPECT_TRUE(call.passes);
  EXPECT_TRUE(call.headers.empty());
  EXPECT_THAT(call.removed, IsSupersetOf({"x-agent-id", "x-agent-name", "x-agent-owner"}));
}

TEST_F(EnvoyChecksTest, WhoMayNotIsToldTheSameAsOverHttp) {
  const auto over_http = [&](http::Method method, const std::string& path, const std::string& key) {
    return this->call({.method = method, .target = "/gateway/ext-authz" + path, .token = key});
  };
  for (const auto& [method, text, path, key] :
       std::vector<std::tuple<http::Method, std::string, std::string, std::string>>{
           {http::Method::post, "POST", "/projects/7/weather", token},
           {http::Method::get, "GET", "/projects/7/weather", ""},
           {http::Method::get, "GET", "/projects/7/weather", "forged"},
           {http::Method::delete_, "DELETE", "/projects/7/weather", token},
           {http::Method::get, "GET", "/nowhere", token},
           {http::Method::get, "GET", "/public/%2e%2e/stock", token},
           {http::Method::get, "GET", "/public//stock", token},
           {http::Method::get, "GET", "/public/..%2fstock", token},
           {http::Method::get, "GET", "/stock", token}}) {
    const Answer expected = over_http(method, path, key);
    FakeCall call = ask({text, path, key.empty() ? Headers() : with(key)});
    EXPECT_FALSE(call.passes);
    EXPECT_EQ(call.status, expected.status) << path;
    for (const char* name : {"X-AgentAuth-Reason", "WWW-Authenticate", "Content-Type"})
      EXPECT_EQ(call.headers[name], expected.header(name)) << path;
    EXPECT_EQ(parse_json(call.body)->find("detail")->text, expected.text("detail"));
    EXPECT_EQ(parse_json(call.body)->find("code")->text, expected.code());
    EXPECT_TRUE(call.removed.empty());
  }
}

TEST_F(EnvoyChecksTest, WhatIsToldInTwoWaysMustBeTheSame) {
  const Headers same = {{":authority", "api.example.com"},
                        {":path", "/public/a?b"},
                        {":method", "GET"},
                        {"x-original-uri", "/public/a?b"},
                        {"x-forwarded-uri", "/public/a"},
                        {"x-forwarded-method", "GET"}};
  FakeCall agreed("GET", "/public/a?b", same);
  agreed.host = "api.example.com";
  EXPECT_EQ(reason_of(agreed), "200 passes");
  for (const auto& [name, value] : Headers{{":authority", "other.example.com"},
                                           {"host", "other.example.com"},
                                           {"Host", "localhost."},
                                           {":path", "/public/b"},
                                           {":method", "DELETE"},
                                           {"x-original-uri", "/public/b"},
                                           {"x-forwarded-uri", "/public/b"},
                                           {"x-original-method", "DELETE"},
                                           {"x-forwarded-method", "DELETE"}})
    EXPECT_EQ(reason_of({"GET", "/public/a", {{name, value}}}), "403 repeated_header") << name;
}

TEST_F(EnvoyChecksTest, TheHostIsTheOneOfTheQuestion) {
  FakeCall call("GET", "/stock", with(token_with({"read_stock"})));
  call.host = "API.example.com:443";
  EXPECT_EQ(reason_of(call), "200 passes");
  call.host = "other.example.com";
  EXPECT_EQ(reason_of(call), "403 unlisted_path");
  call.host = "a, b";
  EXPECT_EQ(reason_of(call), "403 bad_host");
  call.host = "";
  EXPECT_EQ(reason_of(call), "403 bad_host");
}

TEST_F(EnvoyChecksTest, WhatIsNoHttpRequestIsDenied) {
  EXPECT_EQ(reason_of({"", ""}), "403 bad_method");
  EXPECT_EQ(reason_of({"GET", ""}), "403 not_a_path");
  EXPECT_EQ(reason_of({"GET", "*"}), "403 not_a_path");
  EXPECT_EQ(reason_of({"GET", "http://a/public/b"}), "403 not_a_path");
  EXPECT_EQ(reason_of({"get", "/public/b"}), "403 bad_method");
  EXPECT_EQ(reason_of({"GET", "/public/b?c\rd"}), "403 path_control_character");
  EXPECT_EQ(reason_of({"GET", "/public/" + std::string(3000, 'a')}), "403 path_too_long");
  for (const char* name : {"X-Rewrite-URL", "x-original-url", "x_original_url"})
    EXPECT_EQ(reason_of({"GET", "/public/b", {{name, "/stock"}}}), "403 override_header") << name;
}

TEST_F(EnvoyChecksTest, MoreThanIsReadIsRefused) {
  EXPECT_EQ(ask({"GET", "/public/b", {{"filler", std::string(17'000, 'a')}}}).status, 431);
  Headers many;
  for (int i = 0; i < 101; ++i) many.emplace_back("filler", "a");
  EXPECT_EQ(ask({"GET", "/public/b", many}).status, 431);
  FakeCall large("GET", "/public/b");
  large.message_bytes = 65 * 1024;
  EXPECT_EQ(ask(large).status, 413);
}

TEST_F(EnvoyChecksTest, TwoTokensAreNone) {
  EXPECT_EQ(reason_of({"GET", "/projects/7/weather", with(token, with(token))}),
            "401 unauthenticated");
  EXPECT_EQ(reason_of({"GET", "/projects/7/weather", with(token + ",Bearer " + token)}),
            "401 unauthenticated");
}

TEST_F(EnvoyChecksTest, ASuspensionBitesAtTheNextCall) {
  EXPECT_EQ(reason_of({"GET", "/projects/7/weather", with(token)}), "200 passes");
  replica.suspend(agent);
  EXPECT_EQ(reason_of({"GET", "/projects/7/weather", with(token)}), "401 unauthenticated");
}

TEST_F(EnvoyChecksTest, WhatMayBeUsedOnceIsCountedOnAWorkerBeforeTheAnswer) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"read_weather","max_uses":1})");
  FakeCall first("GET", "/projects/7/weather", with(token_of(other)));
  checks.check(first);
  EXPECT_EQ(first.status, 0) << "not yet";
  ASSERT_EQ(jobs.size(), 1U);
  jobs[0]();
  EXPECT_EQ(first.reason(), "200 passes");
  FakeCall second("GET", "/projects/7/weather", with(token_of(other)));
  checks.check(second);
  jobs[1]();
  EXPECT_EQ(second.reason(), "403 permission_denied");
}

TEST_F(EnvoyChecksTest, ForAnAnswerThatNobodyWaitsForNothingIsUsedUp) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"read_weather","max_uses":1})");
  FakeCall gone("GET", "/projects/7/weather", with(token_of(other)));
  checks.check(gone);
  gone.cancelled = true;
  jobs[0]();
  EXPECT_EQ(gone.reason(), "503 unavailable");
  FakeCall here("GET", "/projects/7/weather", with(token_of(other)));
  checks.check(here);
  jobs[1]();
  EXPECT_EQ(here.reason(), "200 passes");
}

TEST_F(EnvoyChecksTest, WhereNoWorkerIsFreeItIsDeniedAndNotAnError) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"read_weather","max_uses":1})");
  workers_take_jobs = false;
  EXPECT_EQ(reason_of({"GET", "/projects/7/weather", with(token_of(other))}), "503 unavailable");
}

TEST_F(EnvoyChecksTest, ACallThatIsDroppedIsAnsweredWithNo) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"read_weather","max_uses":1})");
  FakeCall dropped("GET", "/projects/7/weather", with(token_of(other)));
  checks.check(dropped);
  jobs.clear();
  EXPECT_EQ(dropped.status, 503);
  EXPECT_FALSE(dropped.passes);
}

TEST_F(EnvoyChecksTest, LimitsOfTheOperationHoldForBothWaysToAskIt) {
  limiter.replace(
      {{{"few", LimitScope::agent, {"ANY /gateway/ext-authz/*"}, LimitCount::all, 1, "1h", 1}}});
  EXPECT_EQ(reason_of({"GET", "/projects/7/weather", with(token)}), "200 passes");
  FakeCall call = ask({"GET", "/projects/7/weather", with(token)});
  EXPECT_EQ(call.reason(), "429 rate_limited");
  EXPECT_EQ(call.headers.count("Retry-After"), 1U);
  EXPECT_EQ(this->call({.target = "/gateway/ext-authz/projects/7/weather", .token = token}).status,
            429);
}

// Threads of gRPC ask at once, and workers answer some of them.
TEST_F(EnvoyChecksTest, ManyThreadsAskAtOnce) {
  const AgentId other = replica.add_agent();
  grant(other, R"({"permission":"write_weather","max_uses":10})");
  const std::string counted = token_of(other);
  std::list<FakeCall> calls;
  std::vector<FakeCall*> all;
  for (int i = 0; i < 240; ++i) {
    const bool is_counted = i % 2 == 1;
    all.push_back(&calls.emplace_back(is_counted ? "POST" : "GET", "/projects/7/weather",
                                      with(is_counted ? counted : token)));
  }
  // Gone after the workers.
  http::WorkerPool* pool = nullptr;
  EnvoyChecks busy(dispatcher, 0, trusted,
                   [&](EnvoyChecks::Job& job) { return pool->try_submit(job); });
  http::WorkerPool workers({.threads = 2});
  pool = &workers;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> next{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < all.size(); at = next++) busy.check(*all[at]);
    });
  for (std::thread& thread : threads) thread.join();
  const auto passed = [&](std::string_view method) {
    return std::count_if(calls.begin(), calls.end(), [&](const FakeCall& call) {
      return call.passes && call.question().method == method;
    });
  };
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  const auto all_answered = [&] {
    return std::all_of(calls.begin(), calls.end(), [](const FakeCall& call) { return call.done; });
  };
  while (!all_answered() && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  ASSERT_TRUE(all_answered());
  EXPECT_EQ(passed("GET"), 120);
  EXPECT_EQ(passed("POST"), 10);
}

TEST_F(EnvoyChecksTest, ADenialIsOnRecordAndCounted) {
  ask({"POST", "/projects/7/weather", with(token)});
  const auto events = audit_events(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].operation.view(), "answerEnvoy");
  EXPECT_EQ(events[0].detail.view(), "write_weather");
  EXPECT_EQ(events[0].agent_id, agent);
  EXPECT_THAT(get("/metrics").body,
              ::testing::HasSubstr("gateway_answers_total{reason=\"permission_denied\"} 1\n"));
}

// Whose request it is: limits, networks of keys, conditions and the trail go by this.
TEST(EnvoyClient, IsWhomTrustedProxiesName) {
  const std::vector<Network> trusted = {*Network::parse("10.0.0.0/8")};
  const auto client = [&](std::string peer, std::string source, std::string forwarded) {
    FakeCall call("GET", "/", {{"x-forwarded-for", std::move(forwarded)}});
    call.peer = std::move(peer);
    call.source = std::move(source);
    ApiExchange exchange;
    EXPECT_TRUE(ask(call.question(), trusted, exchange).has_value());
    return format_ip_address(http::client_address(exchange.request, trusted));
  };
  EXPECT_EQ(client("10.0.0.1", "198.51.100.1", "203.0.113.9, 198.51.100.1"), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", "198.51.100.1", "203.0.113.9"), "198.51.100.1") << "a claim";
  EXPECT_EQ(client("10.0.0.1", "10.0.0.2", "203.0.113.9"), "203.0.113.9") << "of another proxy";
  EXPECT_EQ(client("10.0.0.1", "10.0.0.2", "203.0.113.9, 10.0.0.2"), "203.0.113.9");
  EXPECT_EQ(client("192.0.2.7", "198.51.100.1", "203.0.113.9"), "192.0.2.7") << "not trusted";
  EXPECT_EQ(client("10.0.0.1", "", "203.0.113.9"), "203.0.113.9") << "as over HTTP";
  EXPECT_EQ(client("10.0.0.1", "/run/envoy.sock", "x, 203.0.113.9"), "203.0.113.9");
}

}  // namespace
}  // namespace agentauth::api
