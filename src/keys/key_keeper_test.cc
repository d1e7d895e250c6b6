#include "keys/key_keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

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

  Replica replica;
  ManualClock clock;
  std::FILE* log_file = std::tmpfile();
  Log log{clock, LogFormat::json, LogLevel::debug, fileno(log_file)};
  KeyUses uses;
  KeyKeeper keeper{replica.database(), uses, log};
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
  for (int i = 0; i < 2'500; ++i) {
    const ApiKey key = replica.add_key(agent, std::to_string(100'000'000'000 + i));
    uses.note({*parse_kid(key.kid), clock.now(), {}});
  }
  value_of(keeper.round());
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM key_uses"), 2'500);
}

TEST_F(KeyKeeperTest, TheLastOfItIsWrittenWhenItStops) {
  keeper.start();
  uses.note(use(clock.now()));
  keeper.stop();
  EXPECT_EQ(written(), use(clock.now()));
}

}  // namespace
}  // namespace agentauth
