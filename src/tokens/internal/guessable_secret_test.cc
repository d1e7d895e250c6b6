#include "tokens/internal/guessable_secret.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "base/encoding.h"

namespace agentauth {
namespace {

TEST(GuessableSecretTest, WhatStandsInTutorialsIsGuessable) {
  for (const char* secret :
       {"a-string-secret-at-least-256-bits-long",
        "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
        "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
        "reallyreallyreallyreallyverysafe", "r9iMKoe5CRMgvJBBtp4HrqN7QiPpUToj",
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})
    EXPECT_TRUE(is_guessable(secret)) << secret;
}

TEST(GuessableSecretTest, CaseMakesNoSecret) {
  for (const char* secret :
       {"404e635266556a586e3272357538782f413f4428472b4b6250645367566b5970",
        "A-STRING-SECRET-AT-LEAST-256-BITS-LONG", "R9IMKOE5CRMGVJBBTP4HRQN7QIPPUTOJ"})
    EXPECT_TRUE(is_guessable(secret)) << secret;
}

TEST(GuessableSecretTest, APlaceholderIsGuessable) {
  for (const char* secret :
       {"your-super-secret-jwt-key-change-this-in-production",
        "CHANGE_THIS_TO_STRONG_RANDOM_STRING_256BIT_OR_MORE",
        "ThisIsASecretKeyThatIsAtLeast32BytesLong!", "change-me-change-it-before-you-go-live",
        "my secret, of 32 bytes or more"})
    EXPECT_TRUE(is_guessable(secret)) << secret;
}

TEST(GuessableSecretTest, ATextRepeatedIsGuessable) {
  const std::string half = "kT9vQ2xLw7Rz4Bn1";
  EXPECT_TRUE(is_guessable(half + half));
  EXPECT_TRUE(is_guessable(half + half + half.substr(0, 5)));
  EXPECT_TRUE(is_guessable("01234567890123456789012345678901"));
  EXPECT_TRUE(is_guessable(std::string(64, '\0')));
  EXPECT_FALSE(is_guessable(half + "Hd6Mc3Yp8Js5Gf0a"));
}

TEST(GuessableSecretTest, AWalkAlongAlphabetOrKeyboardIsGuessable) {
  for (const char* secret : {"abcdefghijklmnopqrstuvwxyz012345", "ABCDEFGHIJKLMNOPQRSTUVWXYZ543210",
                             "zyxwvutsrqponmlkjihgfedcba987654", "qwertyuiopasdfghjklzxcvbnm123456",
                             "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9", "azertyuiopqsdfghjklmwxcvbn123456",
                             "aaaabbbbccccddddeeeeffffgggghhhhiiii"})
    EXPECT_TRUE(is_guessable(secret)) << secret;
}

TEST(GuessableSecretTest, VeryFewCharactersAreGuessable) {
  EXPECT_TRUE(is_guessable("10110111001011010001110100101101"));
  EXPECT_TRUE(is_guessable("acaccaegcegaacggecaagceacgecaage"));
}

// The other half of the promise: whoever follows the advice is never refused.
RC_GTEST_PROP(GuessableSecret, WhatIsRandomIsNot, (std::uint64_t seed)) {
  std::mt19937_64 engine(seed);
  for (const std::size_t size : {16U, 32U, 33U, 48U, 64U}) {
    Bytes bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine());
    RC_ASSERT(!is_guessable(hex_encode(bytes)));
    if (size < 32) continue;
    RC_ASSERT(!is_guessable(base64url_encode(bytes)));
    RC_ASSERT(!is_guessable(base64url_encode(bytes) + "="));
    RC_ASSERT(!is_guessable(as_text(bytes)));
  }
}

}  // namespace
}  // namespace agentauth
