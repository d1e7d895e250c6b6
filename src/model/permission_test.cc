#include "model/permission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <vector>

namespace agentauth {
namespace {

using ::testing::ElementsAre;

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(IsPermission, AcceptsSegmentsWithAWildcardAtTheEnd) {
  for (const char* good :
       {"read_weather", "a", "a:b", "A-Z:0.9:x_y", "a:*", "a:b:*", "*", "agentauth:keys:write",
        "tools/call", "a/b:c/d:*", "a:b:c:d:e:f:g:h", "a:b:c:d:e:f:g:*", "."})
    EXPECT_TRUE(is_permission(good)) << good;
}

TEST(IsPermission, RefusesEverythingElse) {
  for (const char* wrong : {"",
                            ":",
                            "a:",
                            ":a",
                            "a::b",
                            "*:a",
                            "a:*:b",
                            "**",
                            "a*",
                            "a:b*",
                            "a b",
                            "a\n",
                            " a",
                            "/a",
                            "a/",
                            "a//b",
                            "a:/b",
                            "a/*",
                            "a,b",
                            "\xC3\xA4",
                            "a:b:c:d:e:f:g:h:i",
                            "a:b:c:d:e:f:g:h:*",
                            "*:*"})
    EXPECT_FALSE(is_permission(wrong)) << wrong;
  EXPECT_FALSE(is_permission(std::string_view("a\0b", 3)));
}

TEST(IsPermission, BoundsSegmentsAndTheWhole) {
  EXPECT_TRUE(is_permission(repeat("a", 64)));
  EXPECT_FALSE(is_permission(repeat("a", 65)));
  const std::string long_one = repeat("a", 63) + ":" + repeat("b", 64);
  EXPECT_EQ(long_one.size(), permission_characters_max);
  EXPECT_TRUE(is_permission(long_one));
  EXPECT_FALSE(is_permission("a" + long_one));
}

TEST(IsConcretePermission, KnowsNoWildcard) {
  EXPECT_TRUE(is_concrete_permission("a:b"));
  EXPECT_FALSE(is_concrete_permission("a:*"));
  EXPECT_FALSE(is_concrete_permission("*"));
}

std::vector<std::string> covering(std::string_view permission) {
  std::vector<std::string> found;
  const bool stopped = visit_covering(permission, [&](std::string_view grant) {
    found.emplace_back(grant);
    return false;
  });
  EXPECT_FALSE(stopped);
  return found;
}

TEST(VisitCovering, GoesFromTheLongestToTheWildcardOfAll) {
  EXPECT_THAT(covering("read"), ElementsAre("read", "*"));
  EXPECT_THAT(covering("a:b:c"), ElementsAre("a:b:c", "a:b:*", "a:*", "*"));
  EXPECT_THAT(covering("a:b:*"), ElementsAre("a:b:*", "a:*", "*"));
  EXPECT_THAT(covering("a:*"), ElementsAre("a:*", "*"));
  EXPECT_THAT(covering("*"), ElementsAre("*"));
}

TEST(VisitCovering, StopsAtTheFirstThatIsHeld) {
  int asked = 0;
  EXPECT_TRUE(visit_covering("a:b:c", [&](std::string_view grant) {
    ++asked;
    return grant == "a:b:*";
  }));
  EXPECT_EQ(asked, 2);
}

// The rule of permission.h, word by word: equal, or the grant's last segment is `*` and what
// stands before it are the first segments of a longer permission.
bool obviously_covers(const std::string& grant, const std::string& permission) {
  const auto segments = [](const std::string& text) {
    std::vector<std::string> found;
    std::istringstream stream(text);
    for (std::string segment; std::getline(stream, segment, ':');) found.push_back(segment);
    return found;
  };
  if (grant == permission) return true;
  auto pattern = segments(grant);
  const auto asked = segments(permission);
  if (pattern.back() != "*") return false;
  pattern.pop_back();
  return asked.size() > pattern.size() && std::equal(pattern.begin(), pattern.end(), asked.begin());
}

// Of few letters, so that grants often cover.
rc::Gen<std::string> permission() {
  return rc::gen::map(rc::gen::pair(rc::gen::container<std::string>(rc::gen::element('a', 'b')),
                                    rc::gen::arbitrary<bool>()),
                      [](const std::pair<std::string, bool>& drawn) {
                        std::string text;
                        for (const char letter : drawn.first.substr(0, permission_segments_max - 1))
                          text += std::string(text.empty() ? "" : ":") + letter;
                        if (drawn.second || text.empty()) text += text.empty() ? "*" : ":*";
                        return text;
                      });
}

RC_GTEST_PROP(VisitCovering, AgreesWithTheObviousRule, ()) {
  const std::string asked = *permission();
  // Any grant, or one made of the first letters of what is asked.
  const auto kept = *rc::gen::inRange<std::size_t>(0, asked.size() + 1);
  const std::string grant =
      *rc::gen::oneOf(permission(), rc::gen::just(asked.substr(0, kept) + "*"));
  RC_PRE(is_permission(grant) && is_permission(asked));
  const bool covered =
      visit_covering(asked, [&](std::string_view candidate) { return candidate == grant; });
  RC_CLASSIFY(covered, "covered");
  RC_ASSERT(covered == obviously_covers(grant, asked));
}

RC_GTEST_PROP(VisitCovering, OffersOnlyPermissionsAndEachOnce, ()) {
  const std::string asked = *permission();
  const auto offered = covering(asked);
  for (const std::string& grant : offered) RC_ASSERT(is_permission(grant));
  RC_ASSERT(std::set(offered.begin(), offered.end()).size() == offered.size());
}

RC_GTEST_PROP(IsPermission, AgreesWithTheGrammar, ()) {
  const auto drawn = *rc::gen::container<std::vector<std::string>>(
      rc::gen::weightedElement<std::string>({{20, "a"},
                                             {9, "Z0_.-"},
                                             {1, std::string(63, 'x')},
                                             {1, std::string(65, 'x')},
                                             {2, "*"},
                                             {1, ""},
                                             {1, "a b"},
                                             {1, "a*"}}));
  std::string text;
  for (const std::string& segment : drawn) text += (&segment == drawn.data() ? "" : ":") + segment;
  // segment *( ":" segment ), the last one possibly `*`.
  bool expected = !text.empty() && !text.ends_with(':');
  int segments = 0;
  bool wildcard = false;
  std::istringstream stream(text);
  for (std::string segment; std::getline(stream, segment, ':');) {
    ++segments;
    if (wildcard || segment.empty() || segment.size() > 64) expected = false;
    wildcard = segment == "*";
    if (!wildcard && segment.find_first_of("* ") != std::string::npos) expected = false;
  }
  if (segments > 8 || text.size() > 128) expected = false;
  RC_CLASSIFY(expected, "permission");
  RC_ASSERT(is_permission(text) == expected);
  RC_ASSERT(is_concrete_permission(text) == (expected && !wildcard));
}

}  // namespace
}  // namespace agentauth
