#include "keys/key_keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "audit/chain.h"
#include "directory/testing/replica.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;

class KeyKeeperTest : public testing::Test {
 protected:
  ~KeyKeeperTest() override { std::fclose(log_file); }

  KeyUse use(Timestamp at) { return {kid, at, *parse_ip_address("192.0.2.7")}; }
  std::optional<KeyUse> written() {
    return value_of(replica.database().read(
                        [&](Transaction& tx) { return tx.keys().list(agent, {}, 1); }))
        .at(0)
        .last_use;
  }

  // Of the same database, as after a restart or on another node.
  KeyKeeper another(Seconds notice = 24h) {
    return KeyKeeper({replica.database(), uses, recorder, clock, log},
                     {notice, AuditText::of_node("test/1")});
  }
  ApiKey add_key(std::optional<Timestamp> end) {
    const std::string text = std::to_string(200'000'000'000 + added++);
    return value_of(replica.database().write([&](Transaction& tx) {
      return tx.keys().insert({agent, text, "no hash", {}, "", end});
    }));
  }
  // The keys that the trail names, in its order.
  std::vector<std::string> noticed() {
    std::vector<std::string> kids;
    for (const AuditEvent& event : value_of(replica.database().read(
             [](Transaction& tx) { return tx.audit().after(0, 10'000); }))) {
      EXPECT_EQ(event.action, AuditAction::key_expiring);
      EXPECT_EQ(event.target_agent_id, agent);
      EXPECT_EQ(event.agent_id, std::nullopt);
      kids.emplace_back(event.detail.view());
    }
    return kids;
  }
  static Database& audited(Database& database) {
    database.append_audit_by(audit::append);
    return database;
  }

  int added = 0;
  Replica replica;
  ManualClock clock;
  std::FILE* log_file = std::tmpfile();
  Log log{clock, LogFormat::json, LogLevel::debug, fileno(log_file)};
  KeyUses uses;
  WriteQueue write_queue{audited(replica.database())};
  audit::Recorder recorder{replica.database(), write_queue, clock};
  KeyKeeper keeper = another();
  AgentId agent = replica.add_agent();
  Kid kid = *parse_kid(replica.add_key(agent, "k11111111111").kid);
};

TEST_F(KeyKeeperTest, WhatWasNotedIsWrittenWithTheNextRound) {
  uses.note(use(clock.now()));
  EXPECT_EQ(written(), std::nullopt);
  value_of(keeper.round());
  EXPECT_EQ(written(), use(clock.now()));
}

TEST_F(KeyKeeperTest, WhatCouldNotBeWrittenIsWrittenLater) {
  uses.note(use(clock.now()));
  replica.execute("ALTER TABLE key_uses RENAME TO away");
  EXPECT_FALSE(keeper.round());
  replica.execute("ALTER TABLE away RENAME TO key_uses");
  value_of(keeper.round());
  EXPECT_EQ(written(), use(clock.now()));
}

TEST_F(KeyKeeperTest, MoreThanOneStatementTakesAreAllWritten) {
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    for (int i = 0; i < 2'500; ++i) {
      const std::string text = std::to_string(100'000'000'000 + i);
      const ApiKey key = TRY(tx.keys().insert({agent, text, "no hash", {}, "", {}}));
      uses.note({*parse_kid(key.kid), clock.now(), {}});
    }
    return {};
  }));
  value_of(keeper.round());
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM key_uses"), 2'500);
}

TEST_F(KeyKeeperTest, TheLastOfItIsWrittenWhenItStops) {
  keeper.start();
  uses.note(use(clock.now()));
  keeper.stop();
  EXPECT_EQ(written(), use(clock.now()));
}

TEST_F(KeyKeeperTest, AKeyThatComesWithinTheTimeOfTheNoticeIsPutOnRecordOnce) {
  const ApiKey key = add_key(clock.now() + 25h);
  add_key(std::nullopt);
  value_of(keeper.round());
  EXPECT_TRUE(noticed().empty());
  EXPECT_EQ(keeper.expiring(), 0);
  clock.advance(1h);
  for (int i = 0; i < 20; ++i) value_of(keeper.round());
  KeyKeeper restarted = another();
  value_of(restarted.round());
  EXPECT_EQ(noticed(), std::vector{key.kid});
  EXPECT_EQ(keeper.expiring(), 1);
  EXPECT_EQ(restarted.expiring(), 1);
}

TEST_F(KeyKeeperTest, AKeyThatHasEndedIsNeitherPutOnRecordNorCounted) {
  add_key(clock.now());
  const ApiKey key = add_key(clock.now() + 1h);
  const ApiKey revoked = add_key(clock.now() + 1h);
  replica.revoke_key(agent, revoked.key_id);
  value_of(keeper.round());
  EXPECT_EQ(noticed(), std::vector{key.kid});
  EXPECT_EQ(keeper.expiring(), 1);
  clock.advance(1h);
  KeyKeeper later = another();
  value_of(later.round());
  EXPECT_EQ(later.expiring(), 0);
}

TEST_F(KeyKeeperTest, AKeyThatWasReplacedNeedsNoNoticeAndIsNotCountedAnyMore) {
  const ApiKey before = add_key(clock.now() + 48h);
  const ApiKey after = add_key(clock.now() + 1h);
  const auto replace = [&](const ApiKey& key) {
    value_of(replica.database().write([&](Transaction& tx) {
      return tx.keys().end_at(agent, key.key_id, clock.now() + 30min, clock.now());
    }));
  };
  replace(before);
  value_of(keeper.round());
  EXPECT_EQ(noticed(), std::vector{after.kid});
  replace(after);
  KeyKeeper later = another();
  value_of(later.round());
  EXPECT_EQ(later.expiring(), 0);
}

TEST_F(KeyKeeperTest, ManyKeysThatEndTogetherAreAllPutOnRecordInTurn) {
  for (int i = 0; i < 1'234; ++i) add_key(clock.now() + 1h);
  value_of(keeper.round());
  EXPECT_EQ(noticed().size(), 1'000U);
  value_of(keeper.round());
  EXPECT_EQ(noticed().size(), 1'234U);
  EXPECT_EQ(keeper.expiring(), 1'234);
}

TEST_F(KeyKeeperTest, WithoutATimeOfNoticeNothingIsPutOnRecord) {
  add_key(clock.now() + 1h);
  KeyKeeper silent = another(Seconds{0});
  value_of(silent.round());
  EXPECT_TRUE(noticed().empty());
  EXPECT_EQ(silent.expiring(), 0);
}

TEST_F(KeyKeeperTest, WhatIsNotOnRecordWasNotGivenNoticeOf) {
  const ApiKey key = add_key(clock.now() + 1h);
  replica.execute("ALTER TABLE audit_log RENAME TO away");
  EXPECT_FALSE(keeper.round());
  replica.execute("ALTER TABLE away RENAME TO audit_log");
  value_of(keeper.round());
  EXPECT_EQ(noticed(), std::vector{key.kid});
}

}  // namespace
}  // namespace agentauth
