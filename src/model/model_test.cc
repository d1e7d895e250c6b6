// Names of states, addresses, and when a key is of use.
#include <gtest/gtest.h>

#include "model/agent.h"
#include "model/api_key.h"
#include "model/change.h"
#include "model/credential_text.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;

template <class E>
void expect_names_come_back(std::initializer_list<E> values) {
  for (const E value : values) {
    E read{};
    EXPECT_TRUE(parse(to_string(value), read)) << to_string(value);
    EXPECT_EQ(read, value);
  }
  E untouched = *(values.end() - 1);
  for (const char* wrong : {"", "ACTIVE", "active ", "deleted"}) {
    EXPECT_FALSE(parse(wrong, untouched)) << wrong;
    EXPECT_EQ(untouched, *(values.end() - 1));
  }
}

TEST(States, HaveNamesThatAreReadAndWritten) {
  expect_names_come_back({AgentStatus::active, AgentStatus::suspended});
  expect_names_come_back({KeyStatus::active, KeyStatus::revoked, KeyStatus::expired});
  expect_names_come_back({ChangeKind::agent, ChangeKind::key, ChangeKind::permission,
                          ChangeKind::token_family, ChangeKind::status, ChangeKind::setting});
}

TEST(IsEmail, AcceptsAddresses) {
  for (const char* good : {"a@b", "ops@example.com", "first.last+tag@sub.example.org",
                           "o'neil@example.com", "grüße@exämple.de"})
    EXPECT_TRUE(is_email(good)) << good;
  EXPECT_TRUE(is_email(std::string(64, 'a') + "@" + std::string(189, 'b')));
}

TEST(OwnerIdentity, IsTheSameWhateverTheCaseOfAsciiLetters) {
  EXPECT_EQ(owner_identity("Ops@Example.COM"), owner_identity("ops@example.com"));
  EXPECT_NE(owner_identity("ops@example.com"), owner_identity("ops@example.org"));
  EXPECT_EQ(owner_identity("[ÄÉ@`{.com"), "[ÄÉ@`{.com");
}

TEST(IsEmail, RefusesSlips) {
  for (const char* wrong :
       {"",       "@",     "a",     "a@",      "@b",      "a@b@c",   "a b@c",  "a@b c", "a@.b",
        "a@b.",   "a,b@c", "a@b,c", "a@b;c@d", "A <a@b>", "\"a\"@b", "a@b\t",  "a@(b)", "a@b..c",
        "a..b@c", ".a@b",  "a.@b",  "a@-b.c",  "a@b-.c",  "a@b.-c",  "a@b.c-", "a@.",   "a@-"})
    EXPECT_FALSE(is_email(wrong)) << wrong;
  EXPECT_FALSE(is_email(std::string(65, 'a') + "@b"));
  EXPECT_FALSE(is_email("a@" + std::string(253, 'b')));
}

TEST(IsAgentName, HasNoBlankBeforeOrBehind) {
  for (const char* good : {"a", "Weather Bot", "a  b", "a\u00A0b", "-", "\"quoted\""})
    EXPECT_TRUE(is_agent_name(good)) << good;
  for (const char* wrong : {" ", "   ", " a", "a ", "", "\u00A0", "a\u00A0", "\u3000a", "a\u200D",
                            "a\u200C", "a\uFE0F"})
    EXPECT_FALSE(is_agent_name(wrong)) << wrong;
}

TEST(HoldsCredential, FindsKeysAndTokensWhereverTheyStand) {
  const std::string key = "aa_4fJx0Zk2QmP1_" + std::string(64, 'a') + "123456";
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.";
  const std::string refresh = "ar_" + std::string(135, 'B');
  for (const std::string& bad :
       {key, "x" + key, "aa_" + key, "a/" + key + "/b", key.substr(0, 30), refresh, "id=" + refresh,
        refresh.substr(0, 67), "aar_" + refresh, jwt + std::string(43, 'S'), jwt, "eyJ" + jwt,
        "eyJ.-" + jwt, "v1.2:" + jwt})
    EXPECT_TRUE(holds_credential(bad)) << bad;
}

TEST(HoldsCredential, LeavesOrdinaryIdsAlone) {
  for (const char* good :
       {"", "a", "_", "aa_", "aa_4fJx0Zk2QmP1", "aa_4fJx0Zk2QmP1_", "ar_1", "bar_of_soap", "1.2.3",
        "read_weather", "7b1c2d3e-4f5a-6b7c-8d9e-0f1a2b3c4d5e", "eyJ", "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0", "keyJ.x y.z",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
    EXPECT_FALSE(holds_credential(good)) << good;
}

class ApiKeyStatus : public ::testing::Test {
 protected:
  const Timestamp now_{1'700'000'000s};
  ApiKey key_;
};

TEST_F(ApiKeyStatus, IsActiveWithoutAnEnd) { EXPECT_EQ(key_.status(now_), KeyStatus::active); }

TEST_F(ApiKeyStatus, IsExpiredFromItsLastMomentOn) {
  key_.expires_at = now_;
  EXPECT_EQ(key_.status(now_ - 1ms), KeyStatus::active);
  EXPECT_EQ(key_.status(now_), KeyStatus::expired);
}

TEST_F(ApiKeyStatus, StaysRevokedWhateverElseItIs) {
  key_.revoked_at = now_;
  key_.expires_at = now_ - 1h;
  EXPECT_EQ(key_.status(now_ - 2h), KeyStatus::revoked);
  EXPECT_EQ(key_.status(now_), KeyStatus::revoked);
}

}  // namespace
}  // namespace agentauth
