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

TEST(LifetimeTest, IsSaidInDaysHoursOrSeconds) {
  EXPECT_EQ(parse_lifetime("30d"), 720h);
  EXPECT_EQ(parse_lifetime("12h"), 12h);
  EXPECT_EQ(parse_lifetime("60"), 60s);
  EXPECT_EQ(parse_lifetime("315360000"), 87'600h);
  EXPECT_EQ(parse_lifetime("3650d"), 87'600h);
}

TEST(LifetimeTest, EndsWithinTenYears) {
  for (const char* text : {"", "0", "-1", "0d", "3651d", "315360001", "1w", "1.5d", " 60", "60s",
                           "99999999999999999999", "2027-01-01T00:00:00Z"})
    EXPECT_EQ(parse_lifetime(text), std::nullopt) << text;
}

TEST(SinceTest, AnythingElseIsNoTime) {
  for (const char* text : {"", "d", "30", "0d", "-1d", "+1d", " 1d", "1d ", "1D", "1dd", "1.5d",
                           "1m", "10001d", "99999999999999d", "yesterday", "2026-13-01T00:00:00Z"})
    EXPECT_EQ(parse_since(text, now), std::nullopt) << text;
}

}  // namespace
}  // namespace agentauth::app
