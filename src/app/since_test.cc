#include "app/since.h"

#include <gtest/gtest.h>

namespace agentauth::app {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp now{1'700'000'000s};

TEST(SinceTest, AMomentIsThatMoment) {
  EXPECT_EQ(parse_since("2023-11-14T22:13:20Z", now + 24h), now);
}

TEST(SinceTest, DaysAndHoursCountBackFromNow) {
  EXPECT_EQ(parse_since("30d", now), now - 30 * 24h);
  EXPECT_EQ(parse_since("1h", now), now - 1h);
  EXPECT_EQ(parse_since("10000d", now), now - 240'000h);
}

TEST(SinceTest, AnythingElseIsNoTime) {
  for (const char* text : {"", "d", "30", "0d", "-1d", "+1d", " 1d", "1d ", "1D", "1dd", "1.5d",
                           "1m", "10001d", "99999999999999d", "yesterday", "2026-13-01T00:00:00Z"})
    EXPECT_EQ(parse_since(text, now), std::nullopt) << text;
}

}  // namespace
}  // namespace agentauth::app
