#include "authz/grant_use_keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "directory/testing/replica.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;

class GrantUseKeeperTest : public testing::Test {
 protected:
  ~GrantUseKeeperTest() override { std::fclose(log_file); }

  void use(const std::string& permission, Timestamp at) {
    const Directory::View view(replica.directory());
    uses.note_permission(agent, *view.names().find(permission), at);
  }
  std::vector<std::string> never_used() {
    std::vector<std::string> found;
    for (const UnusedGrant& grant : value_of(replica.database().read(
             [](Transaction& tx) { return tx.grant_last_uses().list_unused({}, {}, 10'000); })))
      found.push_back(grant.permission);
    return found;
  }

  Replica replica;
  ManualClock clock;
  std::FILE* log_file = std::tmpfile();
  Log log{clock, LogFormat::json, LogLevel::debug, fileno(log_file)};
  GrantUses uses;
  GrantUseKeeper keeper{replica.database(), replica.directory(), uses, log};
  AgentId agent = replica.add_agent_with({"read", "write"});
};

using Texts = std::vector<std::string>;

TEST_F(GrantUseKeeperTest, WhatWasNotedIsWrittenWithTheNextRound) {
  use("read", clock.now());
  EXPECT_EQ(never_used().size(), 2U);
  value_of(keeper.round());
  EXPECT_EQ(never_used(), Texts{"write"});
}

TEST_F(GrantUseKeeperTest, WhatCouldNotBeWrittenIsWrittenLater) {
  const GrantId grant = value_of(replica.database().write([](Transaction& tx) {
                          return tx.grants().insert({"user:alice"}, "list", {});
                        })).id;
  use("read", clock.now());
  uses.note_grant(grant, clock.now());
  replica.execute("ALTER TABLE permission_last_uses RENAME TO away");
  EXPECT_FALSE(keeper.round());
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM grant_last_uses"), 0);
  replica.execute("ALTER TABLE away RENAME TO permission_last_uses");
  value_of(keeper.round());
  EXPECT_EQ(never_used(), Texts{"write"});
}

TEST_F(GrantUseKeeperTest, MoreThanOneBatchTakesAreAllWritten) {
  for (int i = 0; i < 1'000; ++i) replica.grant(agent, "many:" + std::to_string(i));
  for (int i = 0; i < 1'000; ++i) use("many:" + std::to_string(i), clock.now());
  value_of(keeper.round());
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM permission_last_uses"), 1'000);
}

TEST_F(GrantUseKeeperTest, TheLastOfItIsWrittenWhenItStops) {
  keeper.start();
  use("read", clock.now());
  keeper.stop();
  EXPECT_EQ(never_used(), Texts{"write"});
}

TEST_F(GrantUseKeeperTest, UsesAreNoChange) {
  const Revision before = replica.revision();
  use("read", clock.now());
  value_of(keeper.round());
  EXPECT_EQ(replica.revision(), before);
}

}  // namespace
}  // namespace agentauth
