#include "base/siphash.h"

#include <gtest/gtest.h>

namespace agentauth {
namespace {

TEST(SipHash, IsTheOneOfItsPaper) {
  SipHashKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  std::array<std::uint8_t, 15> text;
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(siphash(key, text), 0xa129ca6149be45e5U);
  key[0] = 1;
  EXPECT_NE(siphash(key, text), 0xa129ca6149be45e5U);
}

}  // namespace
}  // namespace agentauth
