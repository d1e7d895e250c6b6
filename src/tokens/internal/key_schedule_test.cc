#include "tokens/internal/key_schedule.h"

#include <gtest/gtest.h>

namespace agentauth::internal {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp t0{1'700'000'000s};

SealedSigningKey key(const std::string& kid, Timestamp signs_from, Seconds lifetime = 900s) {
  return {kid, "HS256", {}, t0, signs_from, lifetime};
}

constexpr KeySchedule daily{.lead = 600s, .rotation = 24h, .token_lifetime = 900s};

std::optional<Timestamp> next_of(const std::vector<SealedSigningKey>& keys, Timestamp now,
                                 const KeySchedule& schedule = daily) {
  return find_due(keys, schedule, now).next_signs_from;
}

TEST(KeyScheduleTest, AKeyGoesFromPublishedOverActiveToRetired) {
  const std::vector keys{key("next", t0 + 1h), key("first", t0)};
  EXPECT_EQ(state_of(keys, 0, t0), SigningKeyState::published);
  EXPECT_EQ(state_of(keys, 1, t0), SigningKeyState::active);
  EXPECT_EQ(state_of(keys, 0, t0 + 1h), SigningKeyState::active);
  EXPECT_EQ(state_of(keys, 1, t0 + 1h), SigningKeyState::retired);
  EXPECT_EQ(active_key(keys, t0 + 1h - 1ms).kid, "first");
  EXPECT_EQ(active_key(keys, t0 + 1h).kid, "next");
}

TEST(KeyScheduleTest, TheFirstIsActiveEvenToAClockThatIsBehind) {
  const std::vector keys{key("next", t0 + 2h), key("first", t0 + 1h)};
  EXPECT_EQ(state_of(keys, 1, t0), SigningKeyState::active);
  EXPECT_EQ(state_of(keys, 0, t0), SigningKeyState::published);
}

TEST(KeyScheduleTest, VerifiesUntilTheLastTokenOfAnyNodeHasExpiredAndAMinuteMore) {
  const std::vector keys{key("next", t0 + 1h), key("first", t0, 24h)};
  EXPECT_EQ(verifies_until(keys, 0), std::nullopt);
  EXPECT_EQ(verifies_until(keys, 1), t0 + 1h + 24h + 1min);
}

TEST(KeyScheduleTest, TheNextIsPublishedTheLeadBeforeItsTime) {
  const std::vector keys{key("first", t0)};
  EXPECT_EQ(next_of(keys, t0 + 24h - 600s - 1ms), std::nullopt);
  EXPECT_EQ(next_of(keys, t0 + 24h - 600s), t0 + 24h);
}

TEST(KeyScheduleTest, WhoComesLateStillPublishesItTheWholeLeadBefore) {
  const std::vector keys{key("first", t0)};
  EXPECT_EQ(next_of(keys, t0 + 24h - 1s), t0 + 24h - 1s + 600s);
  EXPECT_EQ(next_of(keys, t0 + 100 * 24h), t0 + 100 * 24h + 600s);
}

TEST(KeyScheduleTest, OneNextKeyIsEnough) {
  const std::vector keys{key("next", t0 + 24h), key("first", t0)};
  EXPECT_EQ(next_of(keys, t0 + 24h - 1ms), std::nullopt);
  EXPECT_EQ(next_of(keys, t0 + 24h), std::nullopt);
  EXPECT_EQ(next_of(keys, t0 + 48h - 600s), t0 + 48h);
}

TEST(KeyScheduleTest, WithoutAnIntervalNothingIsRotated) {
  const std::vector keys{key("first", t0)};
  EXPECT_EQ(next_of(keys, t0 + 10'000h, {.lead = 600s, .rotation = 0s}), std::nullopt);
}

TEST(KeyScheduleTest, AsManyAsVerifyAtOnceAreEnough) {
  std::vector<SealedSigningKey> keys;
  for (std::size_t i = 0; i < signing_keys_max; ++i)
    keys.insert(keys.begin(), key(std::to_string(i), t0 + i * 1s, 24h));
  const KeySchedule quick{.lead = 2s, .rotation = 4s, .token_lifetime = 24h};
  EXPECT_EQ(next_of(keys, t0 + 1h, quick), std::nullopt);
  // The first has expired and gives its place.
  EXPECT_NE(next_of(keys, t0 + 24h + 1min + 1s, quick), std::nullopt);
}

TEST(KeyScheduleTest, ExpiredOnesAreToGoAndNoOthers) {
  const std::vector keys{key("third", t0 + 2h), key("second", t0 + 1h), key("first", t0)};
  const auto expired = [&](Timestamp now) { return find_due(keys, {}, now).expired; };
  EXPECT_TRUE(expired(t0 + 1h + 900s + 1min - 1ms).empty());
  EXPECT_EQ(expired(t0 + 1h + 900s + 1min), std::vector<std::string>{"first"});
  EXPECT_EQ(expired(t0 + 1'000h), (std::vector<std::string>{"second", "first"}));
}

TEST(KeyScheduleTest, ANodeWithLongerTokensSaysSo) {
  const std::vector keys{key("first", t0)};
  EXPECT_FALSE(find_due(keys, {.token_lifetime = 900s}, t0).any());
  EXPECT_FALSE(find_due(keys, {.token_lifetime = 60s}, t0).any());
  EXPECT_TRUE(find_due(keys, {.token_lifetime = 901s}, t0).longer_lifetime);
}

TEST(KeyScheduleTest, OfNoKeysNothingIsDue) { EXPECT_FALSE(find_due({}, daily, t0).any()); }

}  // namespace
}  // namespace agentauth::internal
