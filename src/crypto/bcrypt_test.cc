#include "crypto/bcrypt.h"

#include <crypt.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace agentauth {
namespace {

constexpr std::string_view hex64 =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

Secret secret(std::string_view text) { return Secret(std::string(text)); }

// A hash as libxcrypt makes it, whatever our own bounds say.
std::string foreign_hash(const std::string& text, const char* prefix, unsigned long cost) {
  char settings[CRYPT_GENSALT_OUTPUT_SIZE];
  const char salt[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  if (crypt_gensalt_rn(prefix, cost, salt, sizeof salt, settings, sizeof settings) == nullptr)
    return {};
  crypt_data scratch{};
  const char* hash = crypt_rn(text.c_str(), settings, &scratch, sizeof scratch);
  return hash == nullptr ? std::string() : std::string(hash);
}

class BcryptTest : public testing::Test {
 protected:
  std::string hash(std::string_view text, int cost = bcrypt_cost_min) {
    const auto made = bcrypt_hash(secret(text), cost, random);
    return made ? *made : "refused";
  }
  SystemRandom random;
};

TEST_F(BcryptTest, AHashMatchesItsSecretAndNoOther) {
  const std::string hashed = hash(hex64);
  EXPECT_TRUE(hashed.starts_with("$2b$10$"));
  EXPECT_EQ(hashed.size(), 60U);
  EXPECT_TRUE(bcrypt_matches(secret(hex64), hashed));
  std::string other(hex64);
  other.back() = '0';
  EXPECT_FALSE(bcrypt_matches(secret(other), hashed));
  EXPECT_FALSE(bcrypt_matches(secret(hex64.substr(1)), hashed));
}

TEST_F(BcryptTest, TheSameSecretHasAnotherSaltEachTime) { EXPECT_NE(hash(hex64), hash(hex64)); }

TEST_F(BcryptTest, MatchesHashesThatOthersMade) {
  EXPECT_TRUE(bcrypt_matches(secret("correctbatteryhorsestapler"),
                             foreign_hash("correctbatteryhorsestapler", "$2b$", 10)));
  // A vector that many implementations carry: the prefix says 2a there, and for ASCII 2b is equal.
  EXPECT_TRUE(bcrypt_matches(secret("allmine"),
                             "$2b$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga"));
  EXPECT_FALSE(bcrypt_matches(secret("allmin"),
                              "$2b$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga"));
}

TEST_F(BcryptTest, ACostOutOfBoundsIsBroughtBackIntoThem) {
  EXPECT_TRUE(hash("secret", 4).starts_with("$2b$10$"));
  EXPECT_TRUE(hash("secret", -1).starts_with("$2b$10$"));
}

TEST_F(BcryptTest, AStoredCostOutOfBoundsIsNotComputed) {
  const std::string cheap = foreign_hash("secret", "$2b$", 4);
  ASSERT_EQ(cheap.size(), 60U);
  EXPECT_FALSE(bcrypt_matches(secret("secret"), cheap));
  for (const std::string_view cost : {"00", "09", "15", "31", "99", "1x", "x1", "-1", " 9"}) {
    std::string dear = hash("secret");
    dear.replace(4, 2, cost);
    EXPECT_FALSE(bcrypt_matches(secret("secret"), dear)) << cost;
  }
}

TEST_F(BcryptTest, OnlyThePrefix2bIsKnown) {
  for (const char* prefix : {"$2a$", "$2y$"}) {
    const std::string foreign = foreign_hash("secret", prefix, 10);
    ASSERT_EQ(foreign.size(), 60U) << prefix;
    EXPECT_FALSE(bcrypt_matches(secret("secret"), foreign)) << prefix;
  }
  for (const char* prefix : {"$1$", "$5$", "$6$", "$y$"}) {
    const std::string foreign = foreign_hash("secret", prefix, 0);
    EXPECT_FALSE(bcrypt_matches(secret("secret"), foreign)) << prefix;
  }
  EXPECT_FALSE(bcrypt_matches(secret("secret"), ""));
  EXPECT_FALSE(bcrypt_matches(secret("secret"), "*0"));
  EXPECT_FALSE(bcrypt_matches(secret("secret"), "secret"));
}

TEST_F(BcryptTest, ADamagedHashMatchesNothing) {
  const std::string good = hash("secret");
  for (std::size_t i = 0; i < good.size(); i += 7) {
    std::string damaged = good;
    damaged[i] = damaged[i] == '.' ? '/' : '.';
    EXPECT_FALSE(bcrypt_matches(secret("secret"), damaged)) << "character " << i;
  }
  EXPECT_FALSE(bcrypt_matches(secret("secret"), good.substr(0, 59)));
  EXPECT_FALSE(bcrypt_matches(secret("secret"), good + "."));
  EXPECT_FALSE(bcrypt_matches(secret("secret"), good.substr(0, 59) + '\0'));
}

// bcrypt reads 72 bytes: a longer secret would match whatever follows them (CVE-2025-22228).
TEST_F(BcryptTest, ASecretLongerThan72BytesIsRefusedNotCut) {
  const std::string longest(72, 'a');
  const std::string hashed = hash(longest);
  EXPECT_TRUE(bcrypt_matches(secret(longest), hashed));
  EXPECT_FALSE(bcrypt_matches(secret(longest + "b"), hashed));
  EXPECT_EQ(hash(longest + "b"), "refused");
  EXPECT_EQ(bcrypt_hash(secret(longest + "b"), 10, random).error().code, Errc::internal);
}

TEST_F(BcryptTest, ASecretWithANulIsRefusedNotCut) {
  const std::string hashed = hash("abc");
  EXPECT_FALSE(bcrypt_matches(secret(std::string_view("abc\0def", 7)), hashed));
  EXPECT_EQ(hash(std::string_view("abc\0def", 7)), "refused");
  EXPECT_EQ(hash(std::string_view("\0", 1)), "refused");
}

TEST_F(BcryptTest, AnEmptySecretIsRefused) {
  EXPECT_EQ(hash(""), "refused");
  EXPECT_FALSE(bcrypt_matches(secret(""), foreign_hash("", "$2b$", 10)));
}

}  // namespace
}  // namespace agentauth
