#include "gateway/request_path.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "tests/cases/gateway_paths.h"

namespace agentauth {
namespace {

std::string reading_of(std::string_view target) {
  RequestPath path;
  if (const auto fault = path.read(target)) return std::string(to_string(*fault));
  std::string text;
  for (std::size_t i = 0; i < std::min(path.depth(), route_segments_max); ++i)
    text.append("[").append(path.segment(i)).append("]");
  return text;
}

TEST(RequestPathTest, HasTheReadingThatTheTableSays) {
  for (const auto& row : cases::path_readings)
    EXPECT_EQ(reading_of(row.target), row.segments) << row.target;
}

TEST(RequestPathTest, IsRefusedForTheReasonThatTheTableSays) {
  for (const auto& row : cases::path_refusals)
    EXPECT_EQ(reading_of(row.target), row.reason) << row.target;
}

TEST(RequestPathTest, ANulIsRefusedRawToo) {
  using namespace std::string_view_literals;
  EXPECT_EQ(reading_of("/admin\0a"sv), "path_control_character");
  EXPECT_EQ(reading_of("/admin?\0a"sv), "path_control_character");
}

TEST(RequestPathTest, HasALimit) {
  const std::string longest = "/" + std::string(request_path_bytes_max - 1, 'a');
  EXPECT_EQ(reading_of(longest + "?" + std::string(5000, 'q')), "[" + longest.substr(1) + "]");
  EXPECT_EQ(reading_of(longest + "a"), "path_too_long");
}

TEST(RequestPathTest, CountsSegmentsThatItDoesNotKeepAndChecksThem) {
  std::string target;
  for (int i = 0; i < 500; ++i) target += "/a";
  RequestPath path;
  EXPECT_FALSE(path.read(target));
  EXPECT_EQ(path.depth(), 500U);
  EXPECT_EQ(reading_of(target + "/.."), "path_dot_segment");
}

TEST(RequestPathTest, ReadsTheNextTargetAfresh) {
  RequestPath path;
  EXPECT_FALSE(path.read("/a/b"));
  EXPECT_TRUE(path.read("/a/b/.."));
  EXPECT_FALSE(path.read("/c"));
  ASSERT_EQ(path.depth(), 1U);
  EXPECT_EQ(path.segment(0), "c");
}

std::string escaped(std::string_view text, bool lower) {
  std::string out;
  for (const char c : text) {
    char escape[4];
    std::snprintf(escape, sizeof escape, lower ? "%%%02x" : "%%%02X",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += escape;
  }
  return out;
}

// However it is spelled, it is the same segment or it is refused.
RC_GTEST_PROP(RequestPathProperty, ASegmentIsTheSameEscapedAndPlain, ()) {
  const std::string alphabet = "aZ09-._~!$&'()*+,=:@";
  const auto plain =
      *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(alphabet)));
  const bool lower = *rc::gen::arbitrary<bool>();
  RC_ASSERT(reading_of("/" + plain) == reading_of("/" + escaped(plain, lower)));
}

// What passes cannot be read in another way by decoding it again, splitting it again or resolving
// dots.
RC_GTEST_PROP(RequestPathProperty, WhatPassesHasNothingLeftToRead, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(
      rc::gen::weightedElement<std::string>({{6, "/"},
                                             {6, "a"},
                                             {2, "."},
                                             {2, "%2e"},
                                             {1, "%2F"},
                                             {1, "%25"},
                                             {1, "2f"},
                                             {1, "%5c"},
                                             {1, ";"},
                                             {1, "%20"},
                                             {1, "?"},
                                             {1, "%C3"},
                                             {1, "%9F"}}));
  std::string target = "/";
  for (const std::string& piece : pieces) target += piece;
  RequestPath path;
  if (path.read(target)) return;
  for (std::size_t i = 0; i < std::min(path.depth(), route_segments_max); ++i) {
    const std::string_view segment = path.segment(i);
    RC_ASSERT(!segment.empty());
    RC_ASSERT(segment.find_first_of("/\\;?#") == segment.npos);
    RC_ASSERT(segment != "." && segment != "..");
    RC_ASSERT(segment.find("%2") == segment.npos);
  }
}

}  // namespace
}  // namespace agentauth
