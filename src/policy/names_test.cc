#include "policy/names.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace agentauth::policy {
namespace {

constexpr std::string_view uuid = "0c5a7e4e-6d0f-4d62-9f6b-2f5c1f0e9a11";

TEST(Principals, AreAgentsRolesGroupsAndWhateverElseHasAName) {
  for (const std::string& good :
       {"agent:" + std::string(uuid), std::string("agent:*"), std::string("role:weather_reader"),
        std::string("group:team.a"), std::string("user:alice"), std::string("user:a@example.com"),
        std::string("service:spiffe://a/b")})
    EXPECT_TRUE(is_principal(good)) << good;
}

TEST(Principals, HaveOneSpelling) {
  for (const std::string& wrong :
       {std::string(), std::string("alice"), std::string("agent:WeatherBot"),
        std::string("agent:0C5A7E4E-6D0F-4D62-9F6B-2F5C1F0E9A11"), std::string("role:"),
        std::string("role:a b"), std::string("role:*"), std::string("user:*"),
        std::string("user:a*"), std::string(":x"), std::string("us er:x"), std::string("user:a\n"),
        std::string("user:\xFF"), "user:" + std::string(257, 'a')})
    EXPECT_FALSE(is_principal(wrong)) << wrong;
}

struct Match {
  std::string_view pattern;
  std::string_view resource;
  bool matches;
};
constexpr Match matches[] = {
    {"", "city:berlin", true},
    {"city:berlin", "city:berlin", true},
    {"city:berlin", "city:berlin2", false},
    {"city:berlin", "town:berlin", false},
    {"city:*", "city:berlin", true},
    {"city:*", "cities:berlin", false},
    {"city:ber*", "city:berlin", true},
    {"city:ber*", "city:ber", true},
    {"city:ber*", "city:be", false},
    {"doc:a:b", "doc:a:b", true},
    {"doc:a:*", "doc:a:b:c", true},
};

TEST(ResourcePatterns, MatchAsTheTableSays) {
  for (const Match& row : matches) {
    const auto pattern = parse_resource_pattern(row.pattern);
    ASSERT_TRUE(pattern) << row.pattern;
    EXPECT_EQ(pattern->matches(*parse_entity(row.resource)), row.matches)
        << row.pattern << " and " << row.resource;
  }
}

TEST(ResourcePatterns, AreRefusedWithoutATypeAndAnId) {
  for (const std::string_view wrong : {"*", "city", "city:", ":berlin", "*:berlin", "ci*:berlin"})
    EXPECT_FALSE(parse_resource_pattern(wrong)) << wrong;
}

TEST(ResourcePatterns, AreWrittenWithOneStarAtMostAtTheirEnd) {
  for (const std::string_view right : {"a:b", "a:*", "a:b*", "a:b:c*"})
    EXPECT_TRUE(is_resource_pattern(right)) << right;
  for (const std::string_view wrong : {"a:b*c", "a:**", "a:*b", "a:b**", "", "*"})
    EXPECT_FALSE(is_resource_pattern(wrong)) << wrong;
  EXPECT_TRUE(parse_resource_pattern("a:b*c")) << "what is stored goes on";
}

RC_GTEST_PROP(ResourcePatterns, CoverWhatMatchesNoMore, ()) {
  const auto text = [] {
    const auto id = *rc::gen::container<std::string>(rc::gen::element('a', 'b', '*'));
    return *rc::gen::element<std::string>("t:", "u:") + (id.empty() ? "a" : id);
  };
  const std::string wide_text = text();
  const std::string narrow_text = text();
  const std::string resource_text = text();
  const auto wide = *parse_resource_pattern(wide_text);
  const auto narrow = *parse_resource_pattern(narrow_text);
  const auto resource = *parse_entity(resource_text);
  if (covers(wide, narrow) && narrow.matches(resource)) RC_ASSERT(wide.matches(resource));
}

}  // namespace
}  // namespace agentauth::policy
