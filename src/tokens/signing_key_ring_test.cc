#include "tokens/signing_key_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace agentauth {
namespace {

// Two keys whose kids and signatures belong together.
SigningKeys pair_of(int number) {
  std::vector<SigningKey> keys;
  for (const std::string name : {"newer", "older"}) {
    const std::string kid = name + std::to_string(number);
    keys.emplace_back(kid, sha256(kid));
  }
  return SigningKeys(std::move(keys));
}

bool is_whole(const SigningKeys& keys) {
  const std::string& newer = keys.all()[0].kid();
  const std::string& older = keys.all()[1].kid();
  return newer.substr(5) == older.substr(5) &&
         keys.all()[0].sign("text") == HmacSha256(sha256(newer)).sign("text");
}

TEST(SigningKeyRingTest, AViewKeepsWhatItSawWhileTheKeysAreReplaced) {
  SigningKeyRing ring(pair_of(1));
  const SigningKeyRing::View before(ring);
  ring.replace(pair_of(2));
  EXPECT_EQ(before.keys().all()[0].kid(), "newer1");
  EXPECT_NE(before.generation(), ring.generation());
}

TEST(SigningKeyRingTest, ReadersSeeOneVersionOrTheNextAndNothingBetween) {
  SigningKeyRing ring(pair_of(0));
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const SigningKeyRing::View view(ring);
        if (!is_whole(view.keys()) || view.generation() > ring.generation() + 1) ++torn;
      }
    });
  for (int i = 1; i < 2000; ++i) ring.replace(pair_of(i));
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(ring.generation(), 2000U);
}

}  // namespace
}  // namespace agentauth
