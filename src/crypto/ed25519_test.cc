#include "crypto/ed25519.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace agentauth {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> bytes(const std::string& hexadecimal) {
  std::array<std::uint8_t, N> out{};
  const Bytes decoded = hex_decode(hexadecimal).value();
  EXPECT_EQ(decoded.size(), N);
  std::copy_n(decoded.begin(), N, out.begin());
  return out;
}

// RFC 8032 7.1, test 2.
constexpr const char* seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
constexpr const char* public_key =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr const char* signature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

TEST(Ed25519Test, SignsAsTheRfcDoes) {
  const Ed25519Key key(bytes<32>(seed));
  EXPECT_EQ(key.public_key(), bytes<32>(public_key));
  const Bytes message{0x72};
  EXPECT_EQ(key.sign(message), bytes<64>(signature));
  EXPECT_TRUE(ed25519_verify(key.public_key(), message, bytes<64>(signature)));
}

TEST(Ed25519Test, AnyOtherBitIsNoSignature) {
  const Bytes message{0x72};
  for (std::size_t bit = 0; bit < 64 * 8; ++bit) {
    auto other = bytes<64>(signature);
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(ed25519_verify(bytes<32>(public_key), message, other)) << bit;
  }
  EXPECT_FALSE(ed25519_verify(bytes<32>(public_key), Bytes{0x73}, bytes<64>(signature)));
  EXPECT_FALSE(ed25519_verify(bytes<32>(public_key), Bytes{}, bytes<64>(signature)));
  EXPECT_FALSE(ed25519_verify(bytes<32>(seed), message, bytes<64>(signature)));
}

}  // namespace
}  // namespace agentauth
