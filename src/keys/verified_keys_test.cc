#include "keys/verified_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace agentauth {
namespace {

using namespace std::chrono_literals;

class VerifiedKeysTest : public testing::Test {
 protected:
  Timestamp now{1000s};
  VerifiedKeys keys{5min};
};

Sha256 name(int number) { return sha256(std::to_string(number)); }

TEST_F(VerifiedKeysTest, RemembersAKeyForItsLifetimeAndNoLonger) {
  EXPECT_FALSE(keys.contains(name(1), 1, now));
  keys.remember(name(1), 1, now);
  EXPECT_TRUE(keys.contains(name(1), 1, now));
  EXPECT_TRUE(keys.contains(name(1), 1, now + 5min - 1ms));
  EXPECT_FALSE(keys.contains(name(1), 1, now + 5min));
  EXPECT_FALSE(keys.contains(name(2), 1, now));
}

TEST_F(VerifiedKeysTest, AClockThatIsSetBackDoesNotMakeItLast) {
  keys.remember(name(1), 1, now);
  EXPECT_FALSE(keys.contains(name(1), 1, now - 1ms));
  EXPECT_FALSE(keys.contains(name(1), 1, now - 24h));
}

TEST_F(VerifiedKeysTest, ARowThatChangedSinceIsNotRemembered) {
  keys.remember(name(1), 1, now);
  EXPECT_FALSE(keys.contains(name(1), 2, now));
  EXPECT_FALSE(keys.contains(name(1), 0, now));
  keys.remember(name(1), 2, now);
  EXPECT_TRUE(keys.contains(name(1), 2, now));
  EXPECT_FALSE(keys.contains(name(1), 1, now));
}

TEST_F(VerifiedKeysTest, NothingIsRememberedUnderTheEmptyName) {
  EXPECT_FALSE(keys.contains(Sha256{}, 0, Timestamp{}));
}

// CVE-2021-32701: a name that is only looked at in part lets one key in for another.
TEST_F(VerifiedKeysTest, EveryByteOfTheNameCounts) {
  keys.remember(name(1), 1, now);
  for (std::size_t i = 0; i < 32; ++i) {
    Sha256 other = name(1);
    other[i] = static_cast<std::uint8_t>(other[i] ^ 1U);
    EXPECT_FALSE(keys.contains(other, 1, now)) << i;
  }
}

TEST_F(VerifiedKeysTest, InAFullSetTheOldestGivesWay) {
  // The first eight bytes choose the set.
  const auto same_set = [](std::uint8_t last) {
    Sha256 made{};
    made[31] = last;
    return made;
  };
  for (std::uint8_t i = 1; i <= 4; ++i)
    keys.remember(same_set(i), 1, now + std::chrono::seconds{i});
  for (std::uint8_t i = 1; i <= 4; ++i) EXPECT_TRUE(keys.contains(same_set(i), 1, now + 10s));
  keys.remember(same_set(5), 1, now + 5s);
  EXPECT_FALSE(keys.contains(same_set(1), 1, now + 10s));
  for (std::uint8_t i = 2; i <= 5; ++i) EXPECT_TRUE(keys.contains(same_set(i), 1, now + 10s));
}

TEST_F(VerifiedKeysTest, NeverHoldsMoreThanItsBound) {
  for (int i = 0; i < 200'000; ++i) keys.remember(name(i), 1, now);
  int held = 0;
  for (int i = 0; i < 200'000; ++i) held += keys.contains(name(i), 1, now) ? 1 : 0;
  EXPECT_LE(held, 4 * 16 * 1024);
  EXPECT_GT(held, 60'000);
}

TEST_F(VerifiedKeysTest, ThreadsMayUseItAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> lost{0};
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2000; ++i) {
        const Sha256 own = name(thread * 10'000 + i % 100);
        keys.remember(own, 1, now);
        if (!keys.contains(own, 1, now)) ++lost;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace agentauth
