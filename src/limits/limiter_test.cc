#include "limits/limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agentauth {
namespace {

using testing::ElementsAre;

constexpr std::int64_t second = 1'000'000'000;

enum Route : std::size_t { login, weather, registration };

class LimiterTest : public testing::Test {
 protected:
  void use(std::vector<Limit> limits) {
    const LimitSet set{std::move(limits)};
    const auto checked = check_limits(set, limiter.routes());
    ASSERT_TRUE(checked) << checked.error().fields.at(0).message;
    limiter.replace(set);
  }
  bool admit(Route route, std::string_view who, LimitScope scope = LimitScope::address) {
    report = {};
    return admit(route, {{scope, as_bytes(who)}});
  }
  bool admit(Route route, std::initializer_list<Limiter::Party> parties) {
    report = {};
    return limiter.admit(route, parties, now, report);
  }
  bool fail(Route route, std::string_view who, LimitScope scope = LimitScope::address) {
    return limiter.count_failure(route, {scope, as_bytes(who)}, now, report);
  }
  std::string state() {
    std::string policy;
    std::string state;
    limiter.write_headers(report, policy, state);
    return policy + " | " + state;
  }
  static Limit a_limit(std::string name = "all") {
    return {std::move(name), LimitScope::address, {"*"}, LimitCount::all, 1, "1s", 2};
  }

  std::int64_t now = 1000 * second;
  Limiter limiter{{{"POST /auth/login"}, {"GET /data/weather"}, {"POST /agents/register"}},
                  {1, 2, 3}};
  LimitReport report;
};

TEST_F(LimiterTest, WhatOneLimitRefusesCountsForNoOther) {
  const auto short_one = a_limit("short");
  auto day = a_limit("day");
  day.per = "1d";
  day.burst = 5;
  auto of_agent = a_limit("agent");
  of_agent.scope = LimitScope::agent;
  of_agent.burst = 3;
  for (const auto& order : {std::vector{day, short_one, of_agent}, {of_agent, short_one, day}}) {
    use({});
    use(order);
    const auto ask = [&] {
      return admit(weather,
                   {{LimitScope::address, as_bytes("a")}, {LimitScope::agent, as_bytes("b")}});
    };
    EXPECT_TRUE(ask() && ask());
    for (int i = 0; i < 50; ++i) EXPECT_FALSE(ask()) << i;
    EXPECT_THAT(state(), testing::HasSubstr("\"day\";r=3;"));
    EXPECT_THAT(state(), testing::HasSubstr("\"agent\";r=1;"));
    EXPECT_EQ(report.retry_in_ns, second);
    now += 1'000'000 * second;
  }
}

TEST_F(LimiterTest, WithoutLimitsNothingIsWatched) {
  EXPECT_FALSE(limiter.watches(login));
  EXPECT_TRUE(admit(login, "a"));
  EXPECT_EQ(report.size, 0U);
}

TEST_F(LimiterTest, ALimitHoldsForItsRoutesItsScopeAndEachIdentity) {
  auto limit = a_limit();
  limit.routes = {"GET /data/weather"};
  use({limit});
  EXPECT_FALSE(limiter.watches(login));
  EXPECT_TRUE(limiter.watches(weather));
  EXPECT_TRUE(admit(weather, "a") && admit(weather, "a"));
  EXPECT_FALSE(admit(weather, "a"));
  EXPECT_EQ(report.retry_in_ns, second);
  EXPECT_TRUE(admit(weather, "b"));
  EXPECT_TRUE(admit(weather, "a", LimitScope::agent));
  EXPECT_TRUE(admit(login, "a"));
  now += second;
  EXPECT_TRUE(admit(weather, "a"));
  EXPECT_FALSE(admit(weather, "a"));
}

TEST_F(LimiterTest, AScopeWithoutALimitIsNotWatchedNorOneThatTheRouteCannotCount) {
  auto limit = a_limit();
  limit.scope = LimitScope::agent;
  Limiter some{{{"GET /healthz", {LimitScope::address}, {LimitScope::address}}, {"GET /x"}}, {}};
  some.replace({{limit}});
  EXPECT_FALSE(some.watches(0));
  EXPECT_TRUE(some.watches(1, LimitScope::agent));
  EXPECT_FALSE(some.watches(1, LimitScope::address));
  EXPECT_FALSE(some.watches(1, LimitScope::key));
}

TEST_F(LimiterTest, TheRoutesOfOneLimitShareABucket) {
  use({a_limit()});
  EXPECT_TRUE(admit(weather, "a") && admit(login, "a"));
  EXPECT_FALSE(admit(registration, "a"));
}

TEST_F(LimiterTest, EveryLimitOfARouteCounts) {
  auto per_minute = a_limit("minute");
  per_minute.per = "1m";
  per_minute.burst = 3;
  use({a_limit(), per_minute});
  EXPECT_TRUE(admit(login, "a") && admit(login, "a"));
  EXPECT_EQ(state(), R"("all";q=2;w=2, "minute";q=3;w=180 | "all";r=0;t=1, "minute";r=1;t=120)");
  now += 2 * second;
  EXPECT_TRUE(admit(login, "a"));
  EXPECT_FALSE(admit(login, "a"));
  EXPECT_EQ(report.retry_in_ns, 58 * second);
}

TEST_F(LimiterTest, FailuresAreLookedAtBeforeTheWorkAndChargedAfterIt) {
  auto failures = a_limit();
  failures.count = LimitCount::failures;
  use({failures});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(admit(login, "a"));
  EXPECT_TRUE(fail(login, "a") && fail(login, "a"));
  EXPECT_FALSE(admit(login, "a"));
  EXPECT_FALSE(fail(login, "a"));
  EXPECT_TRUE(admit(login, "b"));
  now += second;
  EXPECT_TRUE(admit(login, "a"));
}

TEST_F(LimiterTest, FailuresByKeyNeverStopWhoHasTheRightSecret) {
  auto failures = a_limit();
  failures.scope = LimitScope::key;
  failures.routes = {"POST /auth/login"};
  failures.count = LimitCount::failures;
  use({failures});
  EXPECT_TRUE(fail(login, "kid", LimitScope::key) && fail(login, "kid", LimitScope::key));
  EXPECT_FALSE(fail(login, "kid", LimitScope::key));
  EXPECT_TRUE(admit(login, "kid", LimitScope::key));
}

TEST_F(LimiterTest, ALimitThatStaysKeepsItsBucketsAndOneThatChangesStartsAnew) {
  use({a_limit()});
  EXPECT_TRUE(admit(login, "a") && admit(login, "a"));
  use({a_limit("other"), a_limit()});
  EXPECT_FALSE(admit(login, "a"));
  auto wider = a_limit();
  wider.burst = 4;
  use({wider});
  EXPECT_TRUE(admit(login, "a"));
}

TEST_F(LimiterTest, AReportOfOtherLimitsWritesNothing) {
  use({a_limit()});
  EXPECT_TRUE(admit(login, "a"));
  use({a_limit("other")});
  EXPECT_EQ(state(), " | ");
}

TEST_F(LimiterTest, WhatWasAskedAndRefusedIsCountedByName) {
  use({a_limit()});
  for (int i = 0; i < 5; ++i) (void)admit(login, "a");
  use({a_limit(), a_limit("second")});
  const auto totals = limiter.totals();
  ASSERT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals[0].name, "all");
  EXPECT_EQ(totals[0].checked, 5U);
  EXPECT_EQ(totals[0].limited, 3U);
  EXPECT_EQ(totals[1].checked, 0U);
}

TEST(LimitIdentity, AllAddressesOfAnIpv6NetworkOf64BitsAreOne) {
  std::array<std::uint8_t, 16> one = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
  auto other = one;
  other[15] = 2;
  other[8] = 7;
  EXPECT_EQ(address_limit_identity(one), address_limit_identity(other));
  other[7] = 2;
  EXPECT_NE(address_limit_identity(one), address_limit_identity(other));
}

TEST(LimitIdentity, EachIpv4AddressIsItsOwn) {
  std::array<std::uint8_t, 16> one = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 1};
  auto other = one;
  other[15] = 2;
  EXPECT_NE(address_limit_identity(one), address_limit_identity(other));
}

TEST(Period, IsANumberAndAUnit) {
  EXPECT_EQ(parse_period_seconds("1s"), 1);
  EXPECT_EQ(parse_period_seconds("10m"), 600);
  EXPECT_EQ(parse_period_seconds("2h"), 7200);
  EXPECT_EQ(parse_period_seconds("31d"), 31 * 86400);
  for (const char* wrong : {"", "1", "s", "0s", "-1s", "+1s", "1S", "1s ", " 1s", "1.5s", "1ss",
                            "32d", "2678401s", "99999999999999999999s", "1w"})
    EXPECT_FALSE(parse_period_seconds(wrong)) << wrong;
}

TEST(CheckLimits, NamesWhatIsWrong) {
  const std::vector<LimitedRoute> routes = {{"POST /auth/login"}};
  const Limit good{"a", LimitScope::address, {"POST /auth/login"}, LimitCount::all, 1, "1s", 1};
  auto twice = good;
  twice.routes = {"POST /auth/login", "POST /auth/login"};
  auto unknown = good;
  unknown.name = "b";
  unknown.routes = {"GET /nowhere"};
  auto endless = good;
  endless.name = "c";
  endless.per = "31d";
  endless.burst = 2;
  const auto refused = check_limits({{good, twice, unknown, endless}}, routes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  std::vector<std::string> fields;
  for (const FieldError& error : refused.error().fields) fields.push_back(error.field);
  EXPECT_THAT(fields, ElementsAre("limits[1].name", "limits[1].routes", "limits[2].routes",
                                  "limits[3].burst"));
  EXPECT_TRUE(check_limits({{good}}, routes));
  EXPECT_TRUE(check_limits({}, routes));
}

// A login, a registration, a call with a token and one that anybody may make.
std::vector<LimitedRoute> some_routes() {
  using enum LimitScope;
  return {{"POST /auth/login", {address, agent, key, owner}, {address, key}},
          {"GET /data/weather", {address, agent, key, owner}, {address, agent, key}},
          {"POST /agents/register", {address, owner}, {address}},
          {"GET /healthz", {address}, {address}}};
}

TEST(CheckLimits, RefuseWhatWouldNeverCountAndSayWhy) {
  const auto routes = some_routes();
  const auto wrong = [&](LimitScope scope, const char* route, LimitCount count) -> std::string {
    const auto checked = check_limits({{{"a", scope, {route}, count, 1, "1s", 1}}}, routes);
    return checked ? "" : checked.error().fields.at(0).message;
  };
  using enum LimitScope;
  using enum LimitCount;
  for (const LimitScope scope : {address, agent, key}) {
    EXPECT_EQ(wrong(scope, "POST /auth/login", all), "");
    EXPECT_EQ(wrong(scope, "*", all), "") << "wherever it is known";
    EXPECT_EQ(wrong(scope, "*", failures), "");
  }
  EXPECT_EQ(wrong(key, "POST /auth/login", failures), "");
  EXPECT_EQ(wrong(owner, "POST /agents/register", all), "");
  EXPECT_EQ(wrong(agent, "GET /healthz", all),
            "cannot be counted by agent: GET /healthz, where it is not known who calls");
  EXPECT_EQ(wrong(agent, "POST /auth/login", failures),
            "cannot be counted by agent: POST /auth/login, where it is not known who was refused");
  EXPECT_EQ(wrong(owner, "POST /auth/login", all), "");
  EXPECT_EQ(wrong(owner, "*", all), "");
  EXPECT_EQ(wrong(owner, "GET /healthz", all),
            "cannot be counted by owner: GET /healthz, where it is not known who calls");
  for (const char* route : {"POST /agents/register", "*"})
    EXPECT_EQ(wrong(owner, route, failures),
              "cannot be counted by owner: " + std::string(route) +
                  ", because strangers could lock out all agents of an owner by failing; count "
                  "failures by address, agent or key");
}

TEST(CheckLimits, WhatNeverCountsIsLeftOutOfWhatWasStored) {
  using enum LimitScope;
  const auto routes = some_routes();
  const LimitSet stored{{
      {"a", agent, {"GET /healthz", "POST /auth/login"}, LimitCount::all, 1, "1s", 1},
      {"b", agent, {"GET /healthz", "GET /nowhere"}, LimitCount::all, 1, "1s", 1},
  }};
  ASSERT_FALSE(check_limits(stored, routes));
  const LimitSet kept = without_what_never_counts(stored, routes);
  ASSERT_TRUE(check_limits(kept, routes));
  ASSERT_EQ(kept.limits.size(), 1U);
  EXPECT_THAT(kept.limits[0].routes, ElementsAre("POST /auth/login"));
}

TEST(CheckLimits, FewLimitsMeetOnARoute) {
  const std::vector<LimitedRoute> routes = {{"POST /auth/login"}};
  LimitSet set;
  for (std::size_t i = 0; i < limits_on_a_route_max; ++i)
    set.limits.push_back(
        {"l" + std::to_string(i), LimitScope::address, {"*"}, LimitCount::all, 1, "1s", 1});
  EXPECT_TRUE(check_limits(set, routes));
  set.limits.push_back(
      {"more", LimitScope::address, {"POST /auth/login"}, LimitCount::all, 1, "1s", 1});
  EXPECT_FALSE(check_limits(set, routes));
}

TEST(DefaultLimits, AreGoodAndWatchFailedLoginsAndRegistrationsOnly) {
  const std::vector<LimitedRoute> routes = {
      {"POST /auth/login"}, {"POST /agents/register"}, {"GET /x"}};
  const LimitSet defaults = default_limits(routes);
  EXPECT_TRUE(check_limits(defaults, routes));
  EXPECT_EQ(defaults.limits.size(), 3U);
  Limiter limiter(routes, {});
  limiter.replace(defaults);
  EXPECT_TRUE(limiter.watches(0));
  EXPECT_TRUE(limiter.watches(1));
  EXPECT_FALSE(limiter.watches(2));
}

}  // namespace
}  // namespace agentauth
