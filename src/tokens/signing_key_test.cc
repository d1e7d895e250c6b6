#include "tokens/signing_key.h"

#include <gtest/gtest.h>

namespace agentauth {
namespace {

TEST(ConfiguredSecretTest, AGoodOneSigns) {
  const auto keys =
      configured_signing_keys(Secret{std::string("jR4mX0v9Qz7Lw2Tt5Yb8Nc1Kd6Hf3Ga+")});
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->signing_at(Timestamp{}).kid(), "configured");
}

TEST(ConfiguredSecretTest, AWeakOneStopsTheStart) {
  const std::string weak[] = {
      "",
      "short",
      "jR4mX0v9Qz7Lw2Tt5Yb8Nc1Kd6Hf3Ga",  // 31 bytes
      std::string(32, 'a'),
      std::string(64, '\0'),
      "secretsecretsecretsecretsecretsecret",
      "abababababababababababababababab",
      "your-256-bit-secret-your-256-bit-secret",
      "a-string-secret-at-least-256-bits-long",
      "12345678901234567890123456789012",
      "01234567890123456789012345678901",
      "abcdefghijklmnopqrstuvwxyz012345",
      "qwertyuiopasdfghjklzxcvbnm123456",
      "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
      "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
      "your-super-secret-jwt-key-change-this-in-production",
      "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
  };
  for (const std::string& secret : weak) {
    const auto keys = configured_signing_keys(Secret{secret});
    ASSERT_FALSE(keys) << secret;
    EXPECT_EQ(keys.error().code, Errc::invalid_argument);
    EXPECT_NE(keys.error().message.find("signing-secret"), std::string::npos);
    if (!secret.empty()) {
      EXPECT_EQ(keys.error().message.find(secret), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace agentauth
