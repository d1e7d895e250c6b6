#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace agentauth {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::chrono::milliseconds since_epoch) { return Timestamp{since_epoch}; }

TEST(Rfc3339, HasOneForm) {
  EXPECT_EQ(format_rfc3339(at(0ms)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(at(1'769'860'800'007ms)), "2026-01-31T12:00:00.007Z");
  EXPECT_EQ(format_rfc3339(at(-1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsOffsetsFractionsAndTheFormOfPostgreSql) {
  const auto noon = at(1'769'860'800'000ms);
  const std::pair<std::string_view, Timestamp> spellings[] = {
      {"2026-01-31T12:00:00Z", noon},
      {"2026-01-31t12:00:00z", noon},
      {"2026-01-31T14:00:00+02:00", noon},
      {"2026-01-31T06:30:00-05:30", noon},
      {"2026-01-31 12:00:00+00", noon},
      {"2026-01-31 12:00:00.5+00", noon + 500ms},
      {"2026-01-31T12:00:00.12Z", noon + 120ms},
      {"2026-01-31T12:00:00.1239Z", noon + 123ms},
      {"2026-01-31T12:00:00.123456789Z", noon + 123ms},
      {"2024-02-29T00:00:00Z", at(1'709'164'800'000ms)},
  };
  for (const auto& [text, expected] : spellings) EXPECT_EQ(parse_rfc3339(text), expected) << text;
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* wrong : {
           "",
           "2026-01-31",
           "2026-01-31T12:00:00",
           "2026-01-31T12:00Z",
           "2026-1-31T12:00:00Z",
           "2026-02-29T12:00:00Z",
           "2026-13-01T12:00:00Z",
           "2026-00-01T12:00:00Z",
           "2026-01-32T12:00:00Z",
           "2026-01-31T24:00:00Z",
           "2026-01-31T12:60:00Z",
           "2026-01-31T11:59:60Z",
           "2016-12-31T23:59:60Z",  // was one
           "2026-01-31T12:00:61Z",
           "2026-01-31T12:00:00.Z",
           "2026-01-31T12:00:00.1234567890Z",
           "2026-01-31T12:00:00+24:00",
           "2026-01-31T12:00:00+02:60",
           "2026-01-31T12:00:00+2",
           "2026-01-31T12:00:00Zz",
           "2026-01-31T12:00:00Z ",
           " 2026-01-31T12:00:00Z",
           "-026-01-31T12:00:00Z",
           "2026-01--1T12:00:00Z",
           "1769860800",
           "9999-12-31T23:59:59-00:01",
           "0000-01-01T00:00:00+00:01",
           "infinity",
       })
    EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
}

RC_GTEST_PROP(Rfc3339, ComesBackToTheMillisecond, ()) {
  // From the year 0 to the end of 9999.
  const auto millis = *rc::gen::inRange<std::int64_t>(-62'167'219'200'000, 253'402'300'800'000);
  const auto time = at(std::chrono::milliseconds{millis});
  const std::string text = format_rfc3339(time);
  RC_ASSERT(text.size() == 24U);
  RC_ASSERT(parse_rfc3339(text) == time);
}

// SQLite compares times as text.
RC_GTEST_PROP(Rfc3339, SortsAsTimeDoes, ()) {
  const auto any = rc::gen::inRange<std::int64_t>(0, 253'402'300'800'000);
  const auto a = at(std::chrono::milliseconds{*any});
  const auto b = at(std::chrono::milliseconds{*any});
  RC_ASSERT((a < b) == (format_rfc3339(a) < format_rfc3339(b)));
}

RC_GTEST_PROP(Rfc3339, ReadsAnythingWithoutHarm, (const std::string& text)) {
  (void)parse_rfc3339(text);
}

TEST(UnixSeconds, RoundDown) {
  EXPECT_EQ(unix_seconds(at(1999ms)), 1);
  EXPECT_EQ(unix_seconds(at(-1ms)), -1);
}

TEST(ManualClock, StandsStillUntilItIsTold) {
  ManualClock clock(at(5s));
  EXPECT_EQ(clock.now(), at(5s));
  clock.advance(1500ms);
  EXPECT_EQ(clock.now(), at(6500ms));
}

TEST(PacedClock, FollowsAClockThatIsSetBackAndNotOneThatIsSetAhead) {
  ManualClock clock(at(1h));
  const PacedClock paced(clock);
  clock.advance(-30min);
  EXPECT_EQ(paced.now(), at(30min));
  clock.advance(24h);
  EXPECT_GE(paced.now(), at(1h));
  EXPECT_LT(paced.now(), at(1h) + 10min);
}

TEST(SystemClock, IsNotFarFromTheClockOfTheLibrary) {
  const auto difference = std::chrono::system_clock::now() - SystemClock{}.now();
  EXPECT_LT(std::chrono::abs(difference), 1s);
}

}  // namespace
}  // namespace agentauth
