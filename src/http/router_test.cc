#include "http/router.h"

#include <gtest/gtest.h>

#include <string>

namespace agentauth::http {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router.add(Method::get, "/agents/{id}", 0);
    router.add(Method::get, "/agents/me", 1);
    router.add(Method::get, "/agents", 2);
    router.add(Method::post, "/agents/{id}/keys", 3);
    router.add(Method::delete_, "/agents/{id}/keys/{key_id}", 4);
    router.add(Method::get, "/", 5);
    router.add(Method::post, "/agents/register", 6);
  }
  // The route's number, or -404 or -405.
  int route(Method method, std::string_view path) {
    const RouteMatch match = router.match(method, path);
    if (match.kind == RouteMatch::Kind::found) return static_cast<int>(match.route);
    return match.kind == RouteMatch::Kind::wrong_method ? -405 : -404;
  }
  Router router;
};

TEST_F(RouterTest, FindsTheRouteAndItsCaptures) {
  const RouteMatch match = router.match(Method::delete_, "/agents/a/keys/b");
  EXPECT_EQ(match.kind, RouteMatch::Kind::found);
  EXPECT_EQ(match.route, 4U);
  ASSERT_EQ(match.captures.count, 2U);
  EXPECT_EQ(match.captures.values[0], "a");
  EXPECT_EQ(match.captures.values[1], "b");
  EXPECT_EQ(router.match(Method::get, "/agents").captures.count, 0U);
}

TEST_F(RouterTest, ALiteralWinsOverACaptureWhicheverWasAddedFirst) {
  EXPECT_EQ(route(Method::get, "/agents/me"), 1);
  EXPECT_EQ(route(Method::get, "/agents/m"), 0);
  EXPECT_EQ(route(Method::post, "/agents/register"), 6);
}

TEST_F(RouterTest, ALiteralHidesTheCaptureForEveryMethod) {
  EXPECT_EQ(route(Method::get, "/agents/register"), -405);
  EXPECT_EQ(router.allowed_methods("/agents/register"), "POST");
  EXPECT_EQ(router.allowed_methods("/agents/me"), "GET, HEAD");
}

TEST_F(RouterTest, GetServesHeadAndNothingElseDoes) {
  EXPECT_EQ(route(Method::head, "/agents"), 2);
  EXPECT_EQ(route(Method::head, "/agents/a/keys"), -405);
}

TEST_F(RouterTest, AnotherSpellingIsAnotherPath) {
  for (const char* path : {"", "agents", "/agents/", "//agents", "/Agents", "/agents//keys",
                           "/agents/a/keys/", "/agents/a/keys//", "/agents/a/b/c",
                           "/agents%2Fa/keys/x", "/./agents/x/y", "/agent", "/agentsx", "//"})
    EXPECT_EQ(route(Method::get, path), -404) << path;
  EXPECT_EQ(route(Method::get, "/"), 5);
}

TEST_F(RouterTest, CapturesAreNotDecoded) {
  const RouteMatch match = router.match(Method::get, "/agents/a%2Fb");
  EXPECT_EQ(match.route, 0U);
  EXPECT_EQ(match.captures.values[0], "a%2Fb");
}

TEST_F(RouterTest, TellsAWrongMethodFromAWrongPath) {
  EXPECT_EQ(route(Method::put, "/agents"), -405);
  EXPECT_EQ(route(Method::other, "/agents/a"), -405);
  EXPECT_EQ(route(Method::put, "/nowhere"), -404);
  EXPECT_EQ(router.allowed_methods("/agents"), "GET, HEAD");
  EXPECT_EQ(router.allowed_methods("/agents/a/keys"), "POST");
  EXPECT_EQ(router.allowed_methods("/nowhere"), "");
}

TEST_F(RouterTest, ARestStandsForWhateverFollowsAsItWasSent) {
  router.add(Method::any, "/ask/*", 7);
  for (const auto& [path, rest] : {std::pair{"/ask/", ""}, std::pair{"/ask/a", "a"},
                                   std::pair{"/ask/a/../b//%2F", "a/../b//%2F"}}) {
    const RouteMatch match = router.match(Method::get, path);
    ASSERT_EQ(match.kind, RouteMatch::Kind::found) << path;
    EXPECT_EQ(match.route, 7U);
    EXPECT_EQ(match.captures.rest, rest);
    EXPECT_EQ(match.captures.count, 0U);
  }
  EXPECT_EQ(route(Method::get, "/ask"), -404);
  EXPECT_EQ(router.match(Method::get, "/agents/a").captures.rest, "");
}

TEST_F(RouterTest, ARestComesAfterAllOtherPatterns) {
  router.add(Method::any, "/*", 7);
  router.add(Method::get, "/{a}/{b}/{c}/{d}", 8);
  EXPECT_EQ(route(Method::get, "/agents/x"), 0);
  EXPECT_EQ(route(Method::get, "/1/2/3/4"), 8);
  EXPECT_EQ(route(Method::get, "/1/2/3"), 7);
  EXPECT_EQ(route(Method::put, "/1/2/3/4"), -405) << "a path that is listed hides it";
}

TEST_F(RouterTest, AnyMethodIsServedWhereTheRouteSaysSo) {
  router.add(Method::any, "/ask", 7);
  for (const Method method :
       {Method::get, Method::head, Method::delete_, Method::options, Method::other})
    EXPECT_EQ(route(method, "/ask"), 7);
}

TEST_F(RouterTest, MoreCapturesThanFitAreNoMatch) {
  router.add(Method::get, "/{a}/{b}/{c}/{d}/{e}", 7);
  EXPECT_EQ(route(Method::get, "/1/2/3/4/5"), -404);
}

}  // namespace
}  // namespace agentauth::http
