#include "gateway/route_service.h"

#include <gtest/gtest.h>

#include "store/migrations.h"

namespace agentauth {
namespace {

class GatewayRouteServiceTest : public testing::Test {
 protected:
  GatewayRouteServiceTest() { EXPECT_TRUE(apply_migrations(*database)); }

  GatewayRouteSet find() {
    return *database->read([&](Transaction& tx) { return service.find(tx, {}); });
  }
  Result<GatewayRouteSet> put(std::vector<GatewayRoute> routes) {
    return database->write(
        [&](Transaction& tx) { return service.replace(tx, GatewayRouteSet{std::move(routes)}); });
  }
  void store(const std::string& text) {
    EXPECT_TRUE(database->write([&](Transaction& tx) -> Result<void> {
      return tx.settings().replace("gateway_routes", text);
    }));
  }
  std::size_t in_force() { return GatewayRouteService::InForce(service)->size(); }
  static GatewayRoute open(std::string path) { return {{"GET"}, "*", std::move(path), {}, {}}; }

  std::unique_ptr<Database> database = *Database::open("sqlite::memory:");
  GatewayRouteService service{*database};
};

TEST_F(GatewayRouteServiceTest, UntilSomebodyPutsRoutesThereAreNone) {
  EXPECT_EQ(in_force(), 0U);
  ASSERT_TRUE(service.follow(0));
  EXPECT_EQ(in_force(), 0U);
  EXPECT_TRUE(find().routes.empty());
}

TEST_F(GatewayRouteServiceTest, WhatIsPutReplacesEverythingOnceItIsFollowed) {
  ASSERT_TRUE(put({open("/a"), open("/b")}));
  ASSERT_TRUE(service.follow(1));
  EXPECT_EQ(in_force(), 2U);
  GatewayRoute whole{{"GET", "PUT"}, "*.example.com", "/p/{id}", "read", "project:{id}"};
  ASSERT_TRUE(put({whole}));
  ASSERT_TRUE(service.follow(2));
  EXPECT_EQ(in_force(), 1U);
  const GatewayRouteSet found = find();
  ASSERT_EQ(found.routes.size(), 1U);
  EXPECT_EQ(found.routes[0].methods, whole.methods);
  EXPECT_EQ(found.routes[0].host, whole.host);
  EXPECT_EQ(found.routes[0].path, whole.path);
  EXPECT_EQ(found.routes[0].permission, whole.permission);
  EXPECT_EQ(found.routes[0].resource, whole.resource);
}

TEST_F(GatewayRouteServiceTest, AChangeIsInTheLogAndARefusedOneIsNot) {
  const auto revision = [&] {
    return *database->read([](Transaction& tx) { return tx.changes().revision(); });
  };
  EXPECT_FALSE(put({open("/a"), open("/a")}));
  EXPECT_EQ(revision(), 0);
  ASSERT_TRUE(put({}));
  EXPECT_EQ(revision(), 1);
}

TEST_F(GatewayRouteServiceTest, TheSameRevisionIsReadOnce) {
  ASSERT_TRUE(service.follow(7));
  ASSERT_TRUE(put({open("/a")}));
  ASSERT_TRUE(service.follow(7));
  EXPECT_EQ(in_force(), 0U);
  ASSERT_TRUE(service.follow(8));
  EXPECT_EQ(in_force(), 1U);
}

TEST_F(GatewayRouteServiceTest, WhatCannotBeReadLeavesTheRoutesAsTheyAre) {
  ASSERT_TRUE(put({open("/a")}));
  ASSERT_TRUE(service.follow(1));
  Revision revision = 2;
  for (const char* text :
       {"{", R"({"routes":[{"more":1}]})",
        R"({"routes":[{"methods":["GET"],"host":"*","path":"/a"}]})",
        R"({"routes":[{"methods":["GET"],"host":"*","path":"b","permission":null}]})"}) {
    store(text);
    EXPECT_EQ(service.follow(revision).error().code, Errc::internal) << text;
    EXPECT_TRUE(service.follow(revision)) << "is said once";
    EXPECT_EQ(in_force(), 1U);
    ++revision;
  }
}

// A field that was forgotten must not open a route to everybody.
TEST_F(GatewayRouteServiceTest, APermissionIsNeverLeftOut) {
  const std::string_view start = R"({"routes":[{"methods":["GET"],"host":"*","path":"/a")";
  const auto decoded = [&](std::string_view more) {
    return decode<GatewayRouteSet>({{}, {}, std::string(start) + std::string(more) + "}]}"});
  };
  EXPECT_TRUE(decoded(R"(,"permission":null)"));
  const auto without = decoded("");
  ASSERT_FALSE(without);
  ASSERT_EQ(without.error().fields.size(), 1U);
  EXPECT_EQ(without.error().fields[0].field, "routes[0].permission");
  EXPECT_EQ(without.error().fields[0].message, "is required");
  EXPECT_FALSE(decoded(R"(,"permission":"")"));
  EXPECT_FALSE(decoded(R"(,"permission":"a:*")"));
}

}  // namespace
}  // namespace agentauth
