#include "tokens/signing_key_service.h"

#include <gtest/gtest.h>

#include <thread>

#include "directory/testing/replica.h"
#include "tokens/token_service.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;

// A node: its service and the tokens that it issues and verifies.
class Node {
 public:
  Node(Replica& replica, const MasterKey& master_key, const Clock& clock, KeySchedule schedule)
      : keys(replica.database(), master_key, clock, random_, AuditText(AuditWord("node")),
             schedule),
        tokens(first(), {.lifetime = schedule.token_lifetime}, random_),
        clock_(clock) {}

  void follow() { tokens.use_keys(value_of(keys.load())); }
  void keep_schedule() {
    value_of(keys.keep_schedule());
    follow();
  }
  std::string issue() {
    std::string token;
    tokens.issue({.agent_id = agent, .key = *parse_kid("4fJx0Zk2QmP1")}, clock_.now(), token);
    return token;
  }
  bool accepts(const std::string& token) { return tokens.verify(token, clock_.now()).has_value(); }

 private:
  SigningKeys first() {
    value_of(keys.make_first());
    return value_of(keys.load());
  }
  SystemRandom random_;

 public:
  SigningKeyService keys;
  TokenService tokens;
  AgentId agent = *AgentId::parse("0b51b2a3-8f0e-4a4e-9d0a-5c1f6f0a7e11");

 private:
  const Clock& clock_;
};

class SigningKeyServiceTest : public testing::Test {
 protected:
  SigningKeyServiceTest() {
    replica.database().append_audit_by([this](Transaction&, AuditEvents events) {
      for (AuditEvent* event : events) recorded.push_back(std::move(*event));
      return Result<void>();
    });
  }
  Node make_node(KeySchedule schedule = monthly) {
    return Node(replica, master_key, clock, schedule);
  }
  std::vector<std::string> actions() {
    std::vector<std::string> names;
    for (const AuditEvent& event : recorded) names.emplace_back(to_string(event.action));
    return names;
  }
  std::int64_t rows() { return replica.number("SELECT COUNT(*) FROM signing_keys"); }

  static constexpr KeySchedule monthly{.lead = 600s, .rotation = 720h, .token_lifetime = 900s};
  Replica replica;
  ManualClock clock;
  SystemRandom random;
  MasterKey master_key{Bytes(32, 7)};
  std::vector<AuditEvent> recorded;
};

TEST_F(SigningKeyServiceTest, TheFirstStartMakesAKeyAndTheNextOneFindsIt) {
  Node first = make_node();
  Node second = make_node();
  EXPECT_TRUE(second.accepts(first.issue()));
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(actions(), std::vector<std::string>{"signing_key.create"});
  EXPECT_EQ(recorded[0].target_id.view(), value_of(first.keys.list())[0].kid);
}

TEST_F(SigningKeyServiceTest, ServersThatStartAtOnceAgreeOnOneKey) {
  std::vector<std::thread> servers;
  for (int i = 0; i < 4; ++i) servers.emplace_back([&] { make_node(); });
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(rows(), 1);
}

TEST_F(SigningKeyServiceTest, TwoDeploymentsHaveDifferentKeys) {
  Replica elsewhere;
  elsewhere.database().append_audit_by([](Transaction&, AuditEvents) { return Result<void>(); });
  Node other(elsewhere, master_key, clock, monthly);
  EXPECT_FALSE(make_node().accepts(other.issue()));
}

TEST_F(SigningKeyServiceTest, AnotherMasterKeyOpensNothing) {
  make_node();
  SigningKeyService other(replica.database(), MasterKey(Bytes(32, 8)), clock, random,
                          AuditText(AuditWord("node")), monthly);
  EXPECT_EQ(other.load().error().code, Errc::internal);
}

TEST_F(SigningKeyServiceTest, AKeyThatWasRenamedOrChangedInTheDatabaseDoesNotOpen) {
  Node node = make_node();
  replica.execute("UPDATE signing_keys SET kid = 'another'");
  EXPECT_EQ(node.keys.load().error().code, Errc::internal);
}

TEST_F(SigningKeyServiceTest, OneOfAnAlgorithmItDoesNotKnowIsNotUsed) {
  Node node = make_node();
  replica.execute("UPDATE signing_keys SET algorithm = 'ES256'");
  EXPECT_EQ(node.keys.load().error().code, Errc::internal);
}

TEST_F(SigningKeyServiceTest, ATokenFromBeforeTheUpgradeIsGoodAfterIt) {
  auto older = value_of(Database::open("sqlite::memory:"));
  value_of(apply_migrations_up_to(*older, 7));
  const Bytes secret(32, 9);
  const Sealer sealer(master_key.derive("agentauth signing keys"));
  value_of(older->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute(
        "INSERT INTO signing_keys (kid, algorithm, sealed_secret, created_at) "
        "VALUES ('fromLastYear0000', 'HS256', $1, $2)",
        {sealer.seal(secret, "signing key fromLastYear0000", random), clock.now()}));
    return {};
  }));
  std::vector<SigningKey> before;
  before.emplace_back("fromLastYear0000", secret);
  const TokenService old_program(SigningKeys(std::move(before)), {}, random);
  std::string token;
  old_program.issue({.key = *parse_kid("4fJx0Zk2QmP1")}, clock.now(), token);

  value_of(apply_migrations(*older));
  SigningKeyService keys(*older, master_key, clock, random, AuditText(AuditWord("node")), monthly);
  value_of(keys.make_first());
  const TokenService tokens(value_of(keys.load()), {}, random);
  EXPECT_TRUE(tokens.verify(token, clock.now()));
  EXPECT_EQ(value_of(keys.list()).size(), 1U);
}

TEST_F(SigningKeyServiceTest, NoTokenIsRefusedThroughManyRotationsOnNodesThatHearLate) {
  Node one = make_node();
  Node two = make_node();
  std::vector<std::pair<Timestamp, std::string>> tokens;
  // Two hears of things at every second step only: it is up to the lead behind.
  // Three months and an hour.
  for (int step = 0; step < (3 * 720 + 1) * 12; ++step) {
    clock.advance(5min);
    if (step % 2 == 0) two.follow();
    one.keep_schedule();
    tokens.emplace_back(clock.now(), one.issue());
    tokens.emplace_back(clock.now(), two.issue());
    std::erase_if(tokens, [&](const auto& token) { return clock.now() >= token.first + 900s; });
    for (const auto& [issued, token] : tokens) {
      ASSERT_TRUE(one.accepts(token)) << step;
      ASSERT_TRUE(two.accepts(token)) << step;
    }
  }
  const auto names = actions();
  EXPECT_EQ(std::count(names.begin(), names.end(), "signing_key.rotate"), 3);
  EXPECT_EQ(std::count(names.begin(), names.end(), "signing_key.retire"), 3);
  EXPECT_EQ(rows(), 1);
}

TEST_F(SigningKeyServiceTest, OfManyNodesOneRotates) {
  Node one = make_node();
  Node two = make_node();
  clock.advance(720h);
  value_of(one.keys.keep_schedule());
  const Revision rotated = replica.revision();
  value_of(two.keys.keep_schedule());  // has not heard of it
  EXPECT_EQ(replica.revision(), rotated);
  EXPECT_EQ(rows(), 2);
  EXPECT_EQ(actions(), (std::vector<std::string>{"signing_key.create", "signing_key.rotate"}));
  EXPECT_EQ(recorded[1].reason, AuditReason::schedule);
}

TEST_F(SigningKeyServiceTest, WhatIsDoneIsInTheChangeLogAndWhatIsNotIsNot) {
  Node node = make_node();
  const Revision before = replica.revision();
  node.keep_schedule();
  EXPECT_EQ(replica.revision(), before);
  value_of(node.keys.rotate(KeyRotation::published_first));
  EXPECT_EQ(replica.revision(), before + 1);
  EXPECT_FALSE(node.keys.rotate(KeyRotation::published_first));
  EXPECT_EQ(replica.revision(), before + 1);
}

TEST_F(SigningKeyServiceTest, AKeyVerifiesAsLongAsTheTokensOfTheNodeThatMakesTheLongestLive) {
  Node brief = make_node();
  Node lasting = make_node({.lead = 600s, .rotation = 0s, .token_lifetime = 24h});
  lasting.keep_schedule();
  value_of(brief.keys.rotate(KeyRotation::published_first));
  lasting.keep_schedule();
  clock.advance(600s - 1ms);
  const std::string token = lasting.issue();
  clock.advance(24h - 600s);
  brief.keep_schedule();
  lasting.follow();
  EXPECT_TRUE(lasting.accepts(token));
  EXPECT_EQ(rows(), 2);
  clock.advance(12min);
  brief.keep_schedule();
  EXPECT_EQ(rows(), 1);
}

TEST_F(SigningKeyServiceTest, RotatedByHandAKeyIsPublishedFirst) {
  Node node = make_node();
  const auto key = value_of(node.keys.rotate(KeyRotation::published_first));
  EXPECT_EQ(key.state, SigningKeyState::published);
  EXPECT_EQ(key.signs_from, clock.now() + 600s);
  EXPECT_EQ(recorded.back().reason, AuditReason::command_line);
  const auto again = node.keys.rotate(KeyRotation::published_first);
  EXPECT_EQ(again.error().code, Errc::conflict);
  EXPECT_EQ(rows(), 2);
}

TEST_F(SigningKeyServiceTest, RotatedAtOnceNothingOfBeforeVerifies) {
  Node node = make_node();
  value_of(node.keys.rotate(KeyRotation::published_first));
  node.follow();
  const std::string token = node.issue();
  const auto key = value_of(node.keys.rotate(KeyRotation::at_once));
  node.follow();
  EXPECT_FALSE(node.accepts(token));
  EXPECT_TRUE(node.accepts(node.issue()));
  EXPECT_EQ(key.state, SigningKeyState::active);
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(actions(), (std::vector<std::string>{"signing_key.create", "signing_key.rotate",
                                                 "signing_key.revoke", "signing_key.revoke",
                                                 "signing_key.rotate"}));
}

TEST_F(SigningKeyServiceTest, RotatedTooOftenItWaitsForOldOnesToRetire) {
  Node node = make_node();
  for (std::size_t i = 1; i < signing_keys_max; ++i) {
    value_of(node.keys.rotate(KeyRotation::published_first));
    clock.advance(601s);
  }
  EXPECT_EQ(node.keys.rotate(KeyRotation::published_first).error().code, Errc::conflict);
  EXPECT_TRUE(node.keys.rotate(KeyRotation::at_once));
  EXPECT_EQ(rows(), 1);
}

TEST_F(SigningKeyServiceTest, WhatCannotBeRecordedIsNotDone) {
  Node node = make_node();
  replica.database().append_audit_by([](Transaction&, AuditEvents) {
    return failure(Errc::unavailable, "the trail cannot be written");
  });
  EXPECT_FALSE(node.keys.rotate(KeyRotation::published_first));
  EXPECT_FALSE(node.keys.rotate(KeyRotation::at_once));
  clock.advance(720h);
  EXPECT_FALSE(node.keys.keep_schedule());
  EXPECT_EQ(rows(), 1);
}

TEST_F(SigningKeyServiceTest, ListsAndStatusSayWhatThereIs) {
  Node node = make_node();
  clock.advance(60s);
  value_of(node.keys.rotate(KeyRotation::published_first));
  node.follow();
  const auto listed = value_of(node.keys.list());
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].state, SigningKeyState::published);
  EXPECT_EQ(listed[0].verifies_until, std::nullopt);
  EXPECT_EQ(listed[1].state, SigningKeyState::active);
  EXPECT_EQ(listed[1].verifies_until, clock.now() + 600s + 900s + 1min);
  EXPECT_EQ(node.keys.status().keys, 2U);
  EXPECT_EQ(node.keys.status().active_for, 60s);
  clock.advance(600s);
  EXPECT_EQ(node.keys.status().active_for, 600s);
}

TEST_F(SigningKeyServiceTest, AnAdoptedSecretSignsAsBeforeAndThenRotates) {
  const Secret configured(std::string("jR4mX0v9Qz7Lw2Tt5Yb8Nc1Kd6Hf3Ga+"));
  TokenService with_secret(value_of(configured_signing_keys(configured)), {}, random);
  Node node = make_node();
  clock.advance(1s);
  const auto adopted = value_of(node.keys.adopt(configured));
  EXPECT_EQ(adopted.kid, "configured");
  EXPECT_EQ(adopted.state, SigningKeyState::active);
  EXPECT_EQ(actions().back(), "signing_key.create");
  EXPECT_EQ(recorded.back().target_id.view(), "configured");
  node.follow();

  // Whoever still has the secret and whoever has it from the database take each other's tokens.
  std::string token;
  with_secret.issue({.agent_id = node.agent, .key = *parse_kid("4fJx0Zk2QmP1")}, clock.now(),
                    token);
  EXPECT_TRUE(node.accepts(token));
  EXPECT_TRUE(with_secret.verify(node.issue(), clock.now()));
  EXPECT_EQ(value_of(node.tokens.stored_signing_kid(token)), "configured");
  EXPECT_EQ(value_of(with_secret.stored_signing_kid(token)), std::nullopt);

  value_of(node.keys.rotate(KeyRotation::published_first));
  node.follow();
  clock.advance(monthly.lead);
  EXPECT_TRUE(node.accepts(token));
  EXPECT_NE(value_of(node.tokens.stored_signing_kid(node.issue())), "configured");
  clock.advance(1h);
  node.keep_schedule();
  EXPECT_FALSE(node.accepts(token));
}

TEST_F(SigningKeyServiceTest, ASecretIsAdoptedOnceAndOnlyAGoodOne) {
  const Secret configured(std::string("jR4mX0v9Qz7Lw2Tt5Yb8Nc1Kd6Hf3Ga+"));
  Node node = make_node();
  EXPECT_EQ(node.keys.adopt(Secret(std::string("short"))).error().code, Errc::invalid_argument);
  EXPECT_EQ(rows(), 1);
  value_of(node.keys.rotate(KeyRotation::published_first));
  EXPECT_EQ(node.keys.adopt(configured).error().code, Errc::conflict) << "another signs soon";
  clock.advance(monthly.lead);
  value_of(node.keys.adopt(configured));
  EXPECT_EQ(node.keys.adopt(configured).error().code, Errc::conflict);
  EXPECT_EQ(rows(), 3);
}

}  // namespace
}  // namespace agentauth
