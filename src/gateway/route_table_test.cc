#include "gateway/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gateway/request_host.h"

namespace agentauth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

GatewayRoute route(std::string path, std::string permission,
                   std::vector<std::string> methods = {"GET"}, std::string host = "*",
                   std::optional<std::string> resource = {}) {
  return {std::move(methods), std::move(host), std::move(path), std::move(permission),
          std::move(resource)};
}

RouteTable table_of(std::vector<GatewayRoute> routes) {
  auto table = RouteTable::create({std::move(routes)});
  EXPECT_TRUE(table) << table.error().fields.front().field << ' '
                     << table.error().fields.front().message;
  return table ? *std::move(table) : RouteTable();
}

// The permission of the route that decides, "open", or why there is none.
std::string answer(const RouteTable& table, std::string_view method, std::string_view target,
                   std::string_view host = "a.example.com") {
  RequestPath path;
  if (const auto fault = path.read(target)) return std::string(to_string(*fault));
  const auto match = table.match({method, host, path});
  if (match.route == nullptr) return std::string(to_string(match.refused));
  return match.route->permission.value_or("open");
}

std::string resource_of(const RouteTable& table, std::string_view target) {
  RequestPath path;
  EXPECT_FALSE(path.read(target)) << target;
  const auto match = table.match({"GET", "a", path});
  if (match.route == nullptr) return "no route";
  ResourceName name;
  return name.write(match) ? std::string(name.text()) : "no resource";
}

// What is wrong, "field message" each.
std::vector<std::string> faults(std::vector<GatewayRoute> routes) {
  const auto table = RouteTable::create({std::move(routes)});
  std::vector<std::string> all;
  if (table) return all;
  EXPECT_EQ(table.error().code, Errc::invalid_argument);
  for (const FieldError& error : table.error().fields)
    all.push_back(error.field + ' ' + error.message);
  return all;
}

TEST(RouteTableTest, WithoutRoutesEverythingIsUnlisted) {
  EXPECT_EQ(answer(RouteTable(), "GET", "/"), "unlisted_path");
  EXPECT_EQ(answer(table_of({}), "GET", "/a"), "unlisted_path");
}

TEST(RouteTableTest, ALiteralWinsOverACaptureAndThatOverTheRest) {
  const RouteTable table =
      table_of({route("/**", "rest"), route("/{a}", "capture"), route("/me", "literal"),
                route("/me/**", "below"), route("/{a}/{b}", "two"), route("/", "root")});
  EXPECT_EQ(answer(table, "GET", "/me"), "literal");
  EXPECT_EQ(answer(table, "GET", "/me/"), "literal");
  EXPECT_EQ(answer(table, "GET", "/you"), "capture");
  EXPECT_EQ(answer(table, "GET", "/me/a"), "below");
  EXPECT_EQ(answer(table, "GET", "/me/a/b/c"), "below");
  EXPECT_EQ(answer(table, "GET", "/you/a"), "two");
  EXPECT_EQ(answer(table, "GET", "/you/a/b"), "rest");
  EXPECT_EQ(answer(table, "GET", "/"), "root");
}

// Whoever lists /admin/** means /admin as well.
TEST(RouteTableTest, TheRestMayBeNothing) {
  const RouteTable table = table_of({route("/admin/**", "admin"), route("/**", "everybody")});
  EXPECT_EQ(answer(table, "GET", "/admin"), "admin");
  EXPECT_EQ(answer(table, "GET", "/admin/"), "admin");
  EXPECT_EQ(answer(table, "GET", "/"), "everybody");
}

TEST(RouteTableTest, WhatAPathBeginsWithCountsBeforeWhatFollows) {
  const RouteTable table = table_of({route("/a/{x}", "left"), route("/{x}/b", "right"),
                                     route("/a/{x}/c", "deep"), route("/{x}/b/d", "other")});
  EXPECT_EQ(answer(table, "GET", "/a/b"), "left");
  EXPECT_EQ(answer(table, "GET", "/a/b/c"), "deep");
  EXPECT_EQ(answer(table, "GET", "/a/b/d"), "other") << "goes back when the literal leads nowhere";
}

TEST(RouteTableTest, AnExactHostWinsOverASuffixAndTheLongerSuffixOverTheShorter) {
  const RouteTable table =
      table_of({route("/a", "any"), route("/a", "com", {"GET"}, "*.com"),
                route("/a", "suffix", {"GET"}, "*.example.com"),
                route("/a", "exact", {"GET"}, "api.example.com"), route("/b", "any")});
  EXPECT_EQ(answer(table, "GET", "/a", "api.example.com"), "exact");
  EXPECT_EQ(answer(table, "GET", "/a", "x.example.com"), "suffix");
  EXPECT_EQ(answer(table, "GET", "/a", "x.y.example.com"), "suffix");
  EXPECT_EQ(answer(table, "GET", "/a", "example.com"), "com") << "*.example.com is what is below";
  EXPECT_EQ(answer(table, "GET", "/a", "notexample.com"), "com");
  EXPECT_EQ(answer(table, "GET", "/a", "localhost"), "any");
  EXPECT_EQ(answer(table, "GET", "/b", "api.example.com"), "any");
}

// Otherwise a client that leaves its host out would be let in by the route for all others.
TEST(RouteTableTest, WhereRoutesNameHostsARequestThatDoesNotIsRefused) {
  const RouteTable named = table_of({route("/a", "any"), route("/b", "b", {"GET"}, "b.example")});
  EXPECT_EQ(answer(named, "GET", "/a", ""), "bad_host");
  EXPECT_EQ(answer(table_of({route("/a", "any")}), "GET", "/a", ""), "any");
}

TEST(RouteTableTest, AMethodWinsOverAllOfThem) {
  const RouteTable table =
      table_of({route("/a", "all", {"*"}), route("/a", "read", {"GET", "HEAD"})});
  EXPECT_EQ(answer(table, "GET", "/a"), "read");
  EXPECT_EQ(answer(table, "HEAD", "/a"), "read");
  EXPECT_EQ(answer(table, "DELETE", "/a"), "all");
}

TEST(RouteTableTest, HeadIsNotGet) {
  EXPECT_EQ(answer(table_of({route("/a", "read")}), "HEAD", "/a"), "unlisted_method");
}

// Otherwise DELETE /admin would be whatever /** is.
TEST(RouteTableTest, AMethodThatIsNotListedIsDeniedWhateverALessSpecificRouteSays) {
  const RouteTable table =
      table_of({route("/admin", "admin"), route("/**", "everybody", {"*"}),
                route("/x", "x", {"GET"}, "h.example"), route("/x", "every_x", {"*"})});
  EXPECT_EQ(answer(table, "DELETE", "/admin"), "unlisted_method");
  EXPECT_EQ(answer(table, "DELETE", "/other"), "everybody");
  EXPECT_EQ(answer(table, "DELETE", "/x", "h.example"), "unlisted_method");
}

TEST(RouteTableTest, ARouteWithoutPermissionIsOpen) {
  GatewayRoute open = route("/healthz", "");
  open.permission.reset();
  EXPECT_EQ(answer(table_of({open}), "GET", "/healthz"), "open");
}

TEST(RouteTableTest, APathIsComparedAsItReads) {
  const RouteTable table = table_of({route("/a b/{x}", "blank"),
                                     route("/stra\xC3\x9F"
                                           "e",
                                           "street"),
                                     route("/{x}", "capture")});
  EXPECT_EQ(answer(table, "GET", "/a%20b/c"), "blank");
  EXPECT_EQ(answer(table, "GET", "/stra%c3%9fe"), "street");
  EXPECT_EQ(answer(table, "GET", "/%73tra%C3%9Fe"), "street");
  EXPECT_EQ(answer(table, "GET", "/%7Bx%7D"), "capture");
}

TEST(RouteTableTest, DeepPathsAreForTheRestAlone) {
  std::string deep;
  for (std::size_t i = 0; i < route_segments_max; ++i) deep += "/a";
  const RouteTable table = table_of({route(deep, "deep"), route("/a/**", "rest")});
  EXPECT_EQ(answer(table, "GET", deep), "deep");
  EXPECT_EQ(answer(table, "GET", deep + "/a"), "rest");
  const RouteTable ends = table_of({route(deep, "deep")});
  EXPECT_EQ(answer(ends, "GET", deep + "/a"), "unlisted_path");
}

TEST(RouteTableTest, AResourceIsNamedByWhatThePathHas) {
  const RouteTable table =
      table_of({route("/projects/{id}", "p", {"GET"}, "*", "project:{id}"),
                route("/orgs/{org}/repos/{repo}/x", "p", {"GET"}, "*", "repo:{org}/{repo}"),
                route("/swapped/{a}/{b}", "p", {"GET"}, "*", "x:{b}/{a}"),
                route("/door", "p", {"GET"}, "*", "door:main"),
                route("/files/{name}/**", "p", {"GET"}, "*", "file:top/{name}.d")});
  EXPECT_EQ(resource_of(table, "/projects/7"), "project:7");
  EXPECT_EQ(resource_of(table, "/projects/a%40b%3Ac"), "project:a@b:c");
  EXPECT_EQ(resource_of(table, "/orgs/o/repos/r/x"), "repo:o/r");
  EXPECT_EQ(resource_of(table, "/swapped/1/2"), "x:2/1");
  EXPECT_EQ(resource_of(table, "/door"), "door:main");
  EXPECT_EQ(resource_of(table, "/files/a/b/c"), "file:top/a.d");
}

TEST(RouteTableTest, NobodyAsksForAPatternOrForTooLongAName) {
  const RouteTable table = table_of({route("/p/{id}", "p", {"GET"}, "*", "project:{id}")});
  EXPECT_EQ(resource_of(table, "/p/*"), "no resource");
  EXPECT_EQ(resource_of(table, "/p/a*"), "no resource");
  EXPECT_EQ(resource_of(table, "/p/*a"), "project:*a");
  EXPECT_EQ(resource_of(table, "/p/" + std::string(policy::id_bytes_max, 'a')),
            "project:" + std::string(policy::id_bytes_max, 'a'));
  EXPECT_EQ(resource_of(table, "/p/" + std::string(policy::id_bytes_max + 1, 'a')), "no resource");
  EXPECT_EQ(resource_of(table, "/p/" + std::string(1500, 'a')), "no resource");
}

TEST(RouteTableTest, CapturesOfAWayThatLedNowhereAreForgotten) {
  const RouteTable table = table_of({route("/a/{x}/{y}/c", "first", {"GET"}, "*", "r:{x}"),
                                     route("/{z}/b/{w}/d", "second", {"GET"}, "*", "r:{z}/{w}")});
  EXPECT_EQ(resource_of(table, "/a/b/2/d"), "r:a/2");
}

struct WrongRoute {
  const char* path;
  const char* resource;  // nullptr: none
  const char* fault;
};
constexpr WrongRoute wrong_routes[] = {
    {"a", nullptr, "path must begin with a slash"},
    {"/a/", nullptr, "path ends with a slash"},
    {"/a//b", nullptr, "path has two slashes in a row"},
    {"/a/../b", nullptr, "path has a segment of dots"},
    {"/a/./b", nullptr, "path has a segment of dots"},
    {"/**/a", nullptr, "path may have /** at its end alone"},
    {"/a*", nullptr, "path may have {name} and ** as whole segments alone"},
    {"/*", nullptr, "path may have {name} and ** as whole segments alone"},
    {"/a{b}", nullptr, "path may have {name} and ** as whole segments alone"},
    {"/{}", nullptr, "path may have {name} and ** as whole segments alone"},
    {"/{a-b}", nullptr, "path may have {name} and ** as whole segments alone"},
    {"/{**}", nullptr, "path may have {name} and ** as whole segments alone"},
    {"/a%20b", nullptr, "path is written as it reads"},
    {"/a;b", nullptr, "path is written as it reads"},
    {"/a?b", nullptr, "path is written as it reads"},
    {"/a\\b", nullptr, "path is written as it reads"},
    {"/{a}/{a}", nullptr, "path names a capture twice: a"},
    {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", nullptr, "path has more than 16 segments"},
    {"/{a}", "project:{b}", "resource names a capture that the path does not have: b"},
    {"/a/**", "project:{**}", "resource has a brace that is not part of a {name}"},
    {"/{a}", "project", "resource must be type:id"},
    {"/{a}", "{a}:x", "resource must be type:id"},
    {"/{a}", "pro ject:{a}", "resource must be type:id"},
    {"/{a}", "project:", "resource must be type:id"},
    {"/{a}", "project:{a}*", "resource must be type:id"},
    {"/{a}", "project:{a", "resource has a brace"},
    {"/{a}", "project:a}", "resource has a brace"},
    {"/{a}", "project:{}", "resource has a brace"},
    {"/{a}/{b}", "project:{a}{b}", "resource needs a slash between two captures"},
    {"/{a}/{b}", "project:{a}-{b}", "resource needs a slash between two captures"},
};

TEST(RouteTableTest, WhatIsWrongIsToldByTheIndexOfTheRoute) {
  for (const WrongRoute& row : wrong_routes) {
    auto wrong = route(row.path, "p");
    if (row.resource != nullptr) wrong.resource = row.resource;
    EXPECT_THAT(faults({route("/good", "p"), wrong}),
                ElementsAre(testing::StartsWith("routes[1]." + std::string(row.fault))))
        << row.path;
  }
}

TEST(RouteTableTest, TwoRoutesForTheSameRequestsAreRefused) {
  EXPECT_THAT(
      faults({route("/{a}/x", "p"), route("/b", "p"), route("/{c}/x", "q", {"PUT", "GET"})}),
      ElementsAre("routes[2].path is listed for GET by routes[0] too"));
  EXPECT_THAT(faults({route("/a/**", "p", {"*"}), route("/a/**", "p", {"*"})}),
              ElementsAre(HasSubstr("is listed for * by routes[0] too")));
  EXPECT_TRUE(faults({route("/a", "p", {"*"}), route("/a", "q"), route("/a/**", "r"),
                      route("/a", "s", {"GET"}, "*.a"), route("/a", "s", {"GET"}, "a")})
                  .empty());
}

TEST(RouteTableTest, AllMethodsAndMoreIsAMistake) {
  EXPECT_THAT(faults({route("/a", "p", {"GET", "*"})}),
              ElementsAre("routes[0].methods names * and more"));
}

TEST(RouteTableTest, AResourceOfAnOpenRouteIsAMistake) {
  GatewayRoute open = route("/{a}", "", {"GET"}, "*", "x:{a}");
  open.permission.reset();
  EXPECT_THAT(faults({open}), ElementsAre(HasSubstr("routes[0].resource")));
}

// A literal and a capture at each of ten places: a request could have to go back a thousand times.
TEST(RouteTableTest, PathsThatOverlapTooMuchAreRefused) {
  std::vector<GatewayRoute> routes;
  for (unsigned bits = 0; bits < 512; ++bits) {
    std::string path;
    for (int i = 0; i < 9; ++i)
      path += (bits >> i) % 2 == 0 ? "/a" : "/{c" + std::to_string(i) + "}";
    routes.push_back(route(path, "p"));
  }
  EXPECT_THAT(faults(routes), ElementsAre(HasSubstr("overlap too much at host *")));
  routes.resize(32);
  EXPECT_TRUE(faults(routes).empty());
}

TEST(RouteTableTest, AThousandRoutesAreFoundEach) {
  std::vector<GatewayRoute> routes;
  for (int i = 0; i < gateway_routes_max; ++i)
    routes.push_back(route("/api/v" + std::to_string(i) + "/{id}", "p" + std::to_string(i)));
  const RouteTable table = table_of(routes);
  for (int i = 0; i < gateway_routes_max; ++i)
    EXPECT_EQ(answer(table, "GET", "/api/v" + std::to_string(i) + "/7"), "p" + std::to_string(i));
  routes.push_back(route("/one/more", "p"));
  EXPECT_THAT(faults(routes), ElementsAre(HasSubstr("more than 1000")));
}

TEST(RoutePatternTest, HostsAndMethodsHaveOneSpelling) {
  for (const char* good : {"*", "*.example.com", "*.com", "a.example.com", "localhost", "[::1]"})
    EXPECT_TRUE(is_host_pattern(good)) << good;
  for (const char* wrong :
       {"", "**", "*.", "*.*.com", "a.*", "A.example.com", "a:80", "a.", "*a.com"})
    EXPECT_FALSE(is_host_pattern(wrong)) << wrong;
  for (const char* good : {"*", "GET", "M-SEARCH"}) EXPECT_TRUE(is_method_pattern(good)) << good;
  for (const char* wrong : {"", "get", "Get", "GET ", "-", "GE*"})
    EXPECT_FALSE(is_method_pattern(wrong)) << wrong;
  EXPECT_FALSE(is_request_method("*"));
  EXPECT_FALSE(is_request_method(std::string(33, 'A')));
}

// The rule taken literally: of all routes whose host and path match, the most specific ones; of
// those the one with the method.
class SlowTable {
 public:
  explicit SlowTable(const std::vector<GatewayRoute>& routes) : routes_(routes) {}

  std::string answer(std::string_view method, const std::vector<std::string>& path,
                     const std::string& host) const {
    std::string best;
    for (const GatewayRoute& route : routes_) {
      const std::string rank = rank_of(route, path, host);
      if (!rank.empty() && (best.empty() || rank < best)) best = rank;
    }
    if (best.empty()) return "unlisted_path";
    std::string found = "unlisted_method";
    for (const GatewayRoute& route : routes_) {
      if (rank_of(route, path, host) != best) continue;
      for (const std::string& listed : route.methods) {
        if (listed == method) return *route.permission;
        if (listed == "*") found = *route.permission;
      }
    }
    return found;
  }

 private:
  // Smaller is more specific; empty: no match.
  static std::string rank_of(const GatewayRoute& route, const std::vector<std::string>& path,
                             const std::string& host) {
    std::string rank;
    if (route.host == host) {
      rank = "a";
    } else if (route.host == "*") {
      rank = "c";
    } else if (route.host.starts_with("*.") && host.ends_with(route.host.substr(1))) {
      rank = "b" + std::string(1, static_cast<char>('z' - route.host.size()));
    } else {
      return "";
    }
    std::size_t at = 0;
    std::string_view rest = std::string_view(route.path).substr(1);
    while (!rest.empty()) {
      const std::size_t slash = std::min(rest.find('/'), rest.size());
      const std::string_view segment = rest.substr(0, slash);
      rest.remove_prefix(std::min(slash + 1, rest.size()));
      if (segment == "**") return rank + "4";
      if (at == path.size()) return "";
      const bool capture = segment.starts_with('{');
      if (!capture && segment != path[at]) return "";
      rank += capture ? '3' : '2';
      ++at;
    }
    return at == path.size() ? rank + "1" : "";
  }

  const std::vector<GatewayRoute>& routes_;
};

RC_GTEST_PROP(RouteTableProperty, DecidesAsTheRuleTakenLiterally, ()) {
  const std::vector<std::string> hosts = {"*", "*.b", "*.a.b", "a.b", "c.a.b"};
  const std::vector<std::string> methods = {"GET", "PUT", "*"};
  std::vector<GatewayRoute> routes;
  const auto wanted = *rc::gen::inRange(0, 30);
  for (int i = 0; i < wanted; ++i) {
    std::string path;
    const auto depth = *rc::gen::inRange(0, 5);
    for (int d = 0; d < depth; ++d)
      path += *rc::gen::element<std::string>(
          "/a", "/b", "/{" + std::string(1, static_cast<char>('p' + d)) + "}");
    if (path.empty() || *rc::gen::inRange(0, 4) == 0)
      path += *rc::gen::arbitrary<bool>() || path.empty() ? "/**" : "";
    routes.push_back(route(path, "p" + std::to_string(i), {*rc::gen::elementOf(methods)},
                           *rc::gen::elementOf(hosts)));
  }
  // Without those that are for the same requests as one before them.
  std::vector<GatewayRoute> kept;
  for (const GatewayRoute& route : routes) {
    kept.push_back(route);
    if (!RouteTable::create({kept})) kept.pop_back();
  }
  const RouteTable table = table_of(kept);
  const SlowTable slow(kept);
  for (int i = 0; i < 20; ++i) {
    const auto path = *rc::gen::container<std::vector<std::string>>(
        *rc::gen::inRange<std::size_t>(0, 6), rc::gen::element<std::string>("a", "b", "c"));
    std::string target;
    for (const std::string& segment : path) target += "/" + segment;
    if (target.empty()) target = "/";
    const auto method = *rc::gen::element<std::string>("GET", "PUT", "DELETE");
    const auto host = *rc::gen::element<std::string>("b", "a.b", "c.a.b", "d.c.a.b", "x");
    RC_ASSERT(answer(table, method, target, host) == slow.answer(method, path, host));
  }
}

}  // namespace
}  // namespace agentauth
