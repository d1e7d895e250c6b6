#include "keys/key_format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "base/encoding.h"

namespace agentauth {
namespace {

// Made once, by hand, from CONTRACT section 4: a change of the format breaks every key there is.
constexpr std::string_view golden_covered =
    "aa_0A1b2C3d4E5f_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

std::string with_checksum(std::string_view covered) {
  return std::string(covered) + base62_encode(crc32(covered), key_checksum_length);
}

const std::string golden = with_checksum(golden_covered);

TEST(KeyFormatTest, AKeyIsMadeOfPrefixKidSecretAndChecksum) {
  ASSERT_EQ(golden.size(), 86U);
  const auto parts = parse_key(golden);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->kid, "0A1b2C3d4E5f");
  EXPECT_EQ(parts->secret, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

TEST(KeyFormatTest, TheGoldenKeyStaysReadable) {
  EXPECT_TRUE(parse_key(
      "aa_0A1b2C3d4E5f_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0pswXS"));
}

TEST(KeyFormatTest, EveryCharacterThatIsChangedIsNoticed) {
  for (std::size_t i = 0; i < golden.size(); ++i)
    for (int character = 0; character < 256; ++character) {
      std::string changed = golden;
      changed[i] = static_cast<char>(character);
      if (changed == golden) continue;
      ASSERT_FALSE(parse_key(changed)) << "character " << i << " as " << character;
    }
}

TEST(KeyFormatTest, TwoNeighboursThatChangePlacesAreNoticed) {
  for (std::size_t i = 0; i + 1 < golden.size(); ++i) {
    std::string changed = golden;
    std::swap(changed[i], changed[i + 1]);
    if (changed != golden) {
      EXPECT_FALSE(parse_key(changed)) << i;
    }
  }
}

TEST(KeyFormatTest, AnyOtherLengthIsRefused) {
  for (std::size_t size = 0; size < golden.size(); ++size)
    EXPECT_FALSE(parse_key(golden.substr(0, size))) << size;
  EXPECT_FALSE(parse_key(golden + "0"));
  EXPECT_FALSE(parse_key(" " + golden));
  EXPECT_FALSE(parse_key(golden + "\n"));
  EXPECT_FALSE(parse_key(std::string(10'000'000, 'a')));
}

// A right checksum does not make up for a wrong shape: the checksum is public.
TEST(KeyFormatTest, AWrongShapeIsRefusedWhateverItsChecksum) {
  const std::string secret(64, 'a');
  for (const std::string& covered :
       {"aa-0A1b2C3d4E5f_" + secret, "ab_0A1b2C3d4E5f_" + secret, "AA_0A1b2C3d4E5f_" + secret,
        "aa_0A1b2C3d4E5f-" + secret, "aa_0A1b2C3d4E5f" + secret + "a", "aa_0A1b2C3d4E5__" + secret,
        "aa_0A1b2C3d4E5 _" + secret, std::string("aa_0A1b2C3d4E5\0_", 16) + secret,
        "aa_0A1b2C3d4E5f_" + std::string(64, 'A'), "aa_0A1b2C3d4E5f_" + std::string(64, 'g'),
        "aa_0A1b2C3d4E5f_" + std::string(63, 'a') + '\0',
        "aa_0A1b2C3d4E5f_" + std::string(63, 'a') + ' '}) {
    ASSERT_EQ(covered.size(), golden_covered.size());
    EXPECT_FALSE(parse_key(with_checksum(covered))) << covered;
  }
  EXPECT_TRUE(parse_key(with_checksum("aa_0A1b2C3d4E5f_" + secret)));
}

TEST(KeyFormatTest, ANewKeyParsesAndTwoAreNeverTheSame) {
  SystemRandom random;
  std::set<std::string> kids;
  std::set<std::string> secrets;
  for (int i = 0; i < 500; ++i) {
    const Secret key = make_key_text(random);
    const auto parts = parse_key(key.reveal());
    ASSERT_TRUE(parts);
    kids.emplace(parts->kid);
    secrets.emplace(parts->secret);
  }
  EXPECT_EQ(kids.size(), 500U);
  EXPECT_EQ(secrets.size(), 500U);
}

TEST(KeyFormatTest, TheSecretIsAll256BitsOfTheRandomness) {
  CountingRandom random;
  (void)random.bytes<224>();
  const Secret key = make_key_text(random);
  const auto parts = parse_key(key.reveal());
  ASSERT_TRUE(parts);
  const auto bytes = hex_decode(parts->secret);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(std::set<std::uint8_t>(bytes->begin(), bytes->end()).size(), 32U);
}

RC_GTEST_PROP(KeyFormat, WhatIsMadeParsesAndAnyOneChangeIsNoticed, ()) {
  SystemRandom random;
  const Secret key = make_key_text(random);
  const std::string text(key.reveal());
  const auto parts = parse_key(text);
  RC_ASSERT(parts.has_value());
  RC_ASSERT(with_checksum("aa_" + std::string(parts->kid) + "_" + std::string(parts->secret)) ==
            text);
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  std::string changed = text;
  changed[at] = static_cast<char>(changed[at] ^ *rc::gen::inRange(1, 256));
  RC_ASSERT(!parse_key(changed));
}

RC_GTEST_PROP(KeyFormat, NoiseIsNotAKey, (std::string text)) { RC_ASSERT(!parse_key(text)); }

}  // namespace
}  // namespace agentauth
