#include "limits/limit_service.h"

#include <gtest/gtest.h>

#include "store/migrations.h"

namespace agentauth {
namespace {

class LimitServiceTest : public testing::Test {
 protected:
  LimitServiceTest() { EXPECT_TRUE(apply_migrations(*database)); }

  LimitSet find() {
    return *database->read([&](Transaction& tx) { return service.find(tx, {}); });
  }
  Result<LimitSet> put(std::vector<Limit> limits) {
    return database->write(
        [&](Transaction& tx) { return service.replace(tx, LimitSet{std::move(limits)}); });
  }
  void store(const std::string& text) {
    EXPECT_TRUE(database->write(
        [&](Transaction& tx) -> Result<void> { return tx.settings().replace("limits", text); }));
  }
  static Limit one(std::string name, std::string route) {
    return {std::move(name), LimitScope::agent, {std::move(route)}, LimitCount::all, 5, "1s", 10};
  }

  std::unique_ptr<Database> database = *Database::open("sqlite::memory:");
  Limiter limiter{{{"POST /auth/login"}, {"GET /data/weather"}}, {}};
  LimitService service{*database, limiter};
};

TEST_F(LimitServiceTest, UntilSomebodyPutsLimitsTheDefaultsAreInForce) {
  EXPECT_EQ(find().limits.size(), default_limits(limiter.routes()).limits.size());
  EXPECT_FALSE(limiter.watches(0));
  ASSERT_TRUE(service.follow(0));
  EXPECT_TRUE(limiter.watches(0));
}

TEST_F(LimitServiceTest, WhatIsPutReplacesEverythingOnceItIsFollowed) {
  ASSERT_TRUE(put({one("weather", "GET /data/weather")}));
  ASSERT_TRUE(service.follow(1));
  EXPECT_FALSE(limiter.watches(0));
  EXPECT_TRUE(limiter.watches(1));
  const LimitSet found = find();
  ASSERT_EQ(found.limits.size(), 1U);
  EXPECT_EQ(found.limits[0].fingerprint(), one("weather", "GET /data/weather").fingerprint());
}

TEST_F(LimitServiceTest, AnEmptyListMeansThatNothingIsLimited) {
  ASSERT_TRUE(put({}));
  ASSERT_TRUE(service.follow(1));
  EXPECT_FALSE(limiter.watches(0));
  EXPECT_TRUE(find().limits.empty());
}

TEST_F(LimitServiceTest, AChangeIsInTheLogAndARefusedOneIsNot) {
  const auto revision = [&] {
    return *database->read([](Transaction& tx) { return tx.changes().revision(); });
  };
  EXPECT_FALSE(put({one("weather", "GET /nowhere")}));
  EXPECT_EQ(revision(), 0);
  ASSERT_TRUE(put({}));
  EXPECT_EQ(revision(), 1);
}

TEST_F(LimitServiceTest, TheSameRevisionIsReadOnce) {
  ASSERT_TRUE(service.follow(7));
  ASSERT_TRUE(put({}));
  ASSERT_TRUE(service.follow(7));
  EXPECT_TRUE(limiter.watches(0));
  ASSERT_TRUE(service.follow(8));
  EXPECT_FALSE(limiter.watches(0));
}

TEST_F(LimitServiceTest, WhatCannotBeReadLeavesTheLimitsAsTheyAre) {
  ASSERT_TRUE(service.follow(0));
  store("{\"limits\":[{\"more\":1}]}");
  EXPECT_EQ(service.follow(1).error().code, Errc::internal);
  EXPECT_TRUE(limiter.watches(0));
  EXPECT_TRUE(service.follow(1)) << "is said once";
}

TEST_F(LimitServiceTest, RoutesOfANewerVersionAreLeftOut) {
  store(R"({"limits":[{"name":"a","scope":"agent","routes":["GET /new","GET /data/weather"],)"
        R"("count":"all","rate":1,"per":"1s","burst":1}]})");
  ASSERT_TRUE(service.follow(1));
  EXPECT_TRUE(limiter.watches(1));
}

TEST_F(LimitServiceTest, SwitchedOffTheyAreShownAndNothingIsLimited) {
  ASSERT_TRUE(service.follow(0));
  service.configure({.enforced = false, .defaults = {}});
  ASSERT_TRUE(service.follow(0));
  EXPECT_FALSE(limiter.watches(0));
  EXPECT_FALSE(find().limits.empty());
  service.configure({});
  ASSERT_TRUE(service.follow(0));
  EXPECT_TRUE(limiter.watches(0));
}

TEST_F(LimitServiceTest, WhatIsConfiguredIsInForceUntilSomebodyPutsLimits) {
  const LimitConfiguration configured{
      .defaults = LimitSet{.limits = {one("weather", "GET /data/weather")}}};
  service.configure(configured);
  ASSERT_TRUE(service.follow(0));
  EXPECT_TRUE(limiter.watches(1));
  ASSERT_EQ(find().limits.size(), 1U);
  EXPECT_EQ(find().limits[0].name, "weather");
  ASSERT_TRUE(put({}));
  ASSERT_TRUE(service.follow(1));
  EXPECT_FALSE(limiter.watches(1));
  EXPECT_TRUE(find().limits.empty());
  service.configure(configured);
  ASSERT_TRUE(service.follow(1));
  EXPECT_FALSE(limiter.watches(1)) << "what was put stays";
}

}  // namespace
}  // namespace agentauth
