#include "crypto/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "base/encoding.h"

namespace agentauth {
namespace {

// Hands out every byte value in turn.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

TEST(RandomTest, EveryBase62DigitIsEquallyLikely) {
  // 256 byte values in turn give each of the 62 digits exactly 4 times: the 8 that would favour
  // some are thrown away.
  CountingRandom random;
  std::map<char, int> seen;
  for (const char c : random.base62(248)) ++seen[c];
  ASSERT_EQ(seen.size(), 62U);
  for (const auto& [digit, count] : seen) EXPECT_EQ(count, 4) << digit;
}

TEST(RandomTest, SystemRandomFavoursNoDigit) {
  SystemRandom random;
  constexpr int draws = 62'000;
  std::map<char, int> seen;
  for (const char c : random.base62(draws)) ++seen[c];
  double chi_squared = 0;
  for (const auto& [digit, count] : seen) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000;
  // 61 degrees of freedom: 135 is passed by chance about once in ten million runs.
  EXPECT_LT(chi_squared, 135);
}

TEST(RandomTest, Base62HasTheLengthThatWasAskedFor) {
  SystemRandom random;
  for (const std::size_t length : {0U, 1U, 12U, 31U, 32U, 33U, 100U}) {
    const std::string text = random.base62(length);
    EXPECT_EQ(text.size(), length);
    EXPECT_TRUE(is_base62(text));
  }
}

TEST(RandomTest, NoTwoThreadsGetTheSame) {
  SystemRandom random;
  std::array<std::set<std::array<std::uint8_t, 16>>, 4> seen;
  std::vector<std::thread> threads;
  for (auto& own : seen)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) own.insert(random.bytes<16>());
    });
  for (auto& thread : threads) thread.join();
  std::set<std::array<std::uint8_t, 16>> all;
  for (const auto& own : seen) all.insert(own.begin(), own.end());
  EXPECT_EQ(all.size(), 4'000U);
}

TEST(RandomTest, AnyNumberOfBytesIsFilled) {
  SystemRandom random;
  for (const std::size_t size : {1U, 16U, 127U, 128U, 129U, 512U, 513U, 5'000U}) {
    std::vector<std::uint8_t> never_set(size, 0);
    // 20 draws leave a byte at 0 throughout with a chance of 256^-20.
    for (int i = 0; i < 20; ++i) {
      std::vector<std::uint8_t> drawn(size);
      random.fill(drawn);
      for (std::size_t at = 0; at < size; ++at) never_set[at] |= drawn[at];
    }
    EXPECT_EQ(std::count(never_set.begin(), never_set.end(), 0), 0) << size;
  }
}

TEST(RandomTest, SystemRandomDoesNotRepeatItself) {
  SystemRandom random;
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random.bytes<16>()).second);
}

}  // namespace
}  // namespace agentauth
