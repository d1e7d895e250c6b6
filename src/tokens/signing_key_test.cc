#include "tokens/signing_key.h"

#include <gtest/gtest.h>

#include <thread>

#include "directory/testing/replica.h"

namespace agentauth {
namespace {

class SigningKeyTest : public testing::Test {
 protected:
  Result<SigningKeys> load() { return load_as(master_key); }
  Result<SigningKeys> load_as(const MasterKey& key) {
    return load_signing_keys(replica.database(), key, clock, random);
  }
  Replica replica;
  ManualClock clock;
  SystemRandom random;
  MasterKey master_key{Bytes(32, 7)};
};

TEST_F(SigningKeyTest, TheFirstStartMakesAKeyAndTheNextOneFindsIt) {
  const auto made = value_of(load());
  const auto found = value_of(load());
  ASSERT_EQ(found.all().size(), 1U);
  EXPECT_EQ(found.signing_at(clock.now()).kid(), made.signing_at(clock.now()).kid());
  EXPECT_EQ(found.signing_at(clock.now()).sign("text"), made.signing_at(clock.now()).sign("text"));
}

TEST_F(SigningKeyTest, ServersThatStartAtOnceAgreeOnOneKey) {
  std::vector<std::string> kids(4);
  std::vector<std::thread> servers;
  for (std::string& kid : kids)
    servers.emplace_back([&] {
      SystemRandom own;
      const auto keys = load_signing_keys(replica.database(), master_key, clock, own);
      kid = keys ? keys->signing_at(clock.now()).kid() : keys.error().detail;
    });
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(kids, std::vector<std::string>(4, kids[0]));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM signing_keys"), 1);
}

TEST_F(SigningKeyTest, TwoDeploymentsHaveDifferentKeys) {
  Replica other;
  const auto theirs = value_of(load_signing_keys(other.database(), master_key, clock, random));
  EXPECT_NE(theirs.signing_at(clock.now()).sign("text"),
            value_of(load()).signing_at(clock.now()).sign("text"));
}

TEST_F(SigningKeyTest, AnotherMasterKeyDoesNotOpenIt) {
  value_of(load());
  EXPECT_EQ(load_as(MasterKey(Bytes(32, 8))).error().code, Errc::internal);
}

TEST_F(SigningKeyTest, AKeyThatWasRenamedOrChangedInTheDatabaseDoesNotOpen) {
  value_of(load());
  replica.execute("UPDATE signing_keys SET kid = 'another'");
  EXPECT_EQ(load().error().code, Errc::internal);
}

TEST_F(SigningKeyTest, OneOfAnAlgorithmItDoesNotKnowIsNotUsed) {
  value_of(load());
  replica.execute("UPDATE signing_keys SET algorithm = 'ES256'");
  EXPECT_EQ(load().error().code, Errc::internal);
}

TEST_F(SigningKeyTest, TheNewestSignsAndAllVerify) {
  const std::string old_kid = value_of(load()).signing_at(clock.now()).kid();
  clock.advance(std::chrono::hours{1});
  const Sealer sealer(master_key.derive("agentauth signing keys"));
  value_of(replica.database().write([&](Transaction& tx) {
    return tx.settings().insert_signing_key(
        {"newer", "HS256", sealer.seal(Bytes(32, 9), "signing key newer", random), clock.now()});
  }));
  const auto keys = value_of(load());
  EXPECT_EQ(keys.signing_at(clock.now()).kid(), "newer");
  EXPECT_NE(keys.find(old_kid), nullptr);
  EXPECT_EQ(keys.find("unknown"), nullptr);
  EXPECT_EQ(keys.find(""), nullptr);
}

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
