#include "directory/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "directory/testing/allocations.h"
#include "directory/testing/database_file.h"
#include "directory/testing/replica.h"
#include "store/testing/watched_driver.h"

namespace agentauth {
namespace {

using std::chrono::steady_clock;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

constexpr const char* kid = "AAAAAAAAAAA1";

std::vector<std::string> held_by(const Directory& directory, AgentId id) {
  const Directory::View view(directory);
  const AgentRecord* agent = view.find_agent(id);
  if (agent == nullptr) return {"no such agent"};
  std::vector<std::string> names;
  for (const NameId name : agent->held()) names.emplace_back(view.names().text(name));
  return names;
}

bool holds(Directory& directory, AgentId id, const std::string& permission) {
  const Requirement requirement = directory.names().requirement(permission);
  const Directory::View view(directory);
  const AgentRecord* agent = view.find_agent(id);
  return agent != nullptr && agent->holds_any_of(requirement);
}

class DirectoryTest : public ::testing::Test {
 protected:
  // Another node: the same database, a directory that only hears of it by asking.
  std::unique_ptr<Directory> other_node(std::chrono::milliseconds max_staleness = 1h) {
    return std::make_unique<Directory>(replica.database(), max_staleness);
  }
  Replica replica;
  Directory& directory = replica.directory();
};

TEST_F(DirectoryTest, LoadsEverythingThereIs) {
  const AgentId weather_bot = replica.add_agent_with({"read_weather", "read_stock"});
  const AgentId nobody = replica.add_agent();
  const AgentId suspended = replica.add_agent_with({"read_weather"});
  replica.suspend(suspended);
  replica.add_key(weather_bot, kid);

  const auto node = other_node();
  ASSERT_TRUE(node->load());
  EXPECT_THAT(held_by(*node, weather_bot), UnorderedElementsAre("read_weather", "read_stock"));
  EXPECT_THAT(held_by(*node, nobody), IsEmpty());
  const Directory::View view(*node);
  EXPECT_EQ(view.find_agent(suspended)->status, AgentStatus::suspended);
  ASSERT_NE(view.find_key(kid), nullptr);
  EXPECT_EQ(view.find_key(kid)->agent_id, weather_bot);
  EXPECT_EQ(node->revision(), replica.revision());
  EXPECT_EQ(node->size().agents, 3U);
  EXPECT_EQ(node->size().keys, 1U);
}

TEST_F(DirectoryTest, WhoCatchesUpTogetherSeesWhatWasCommittedBefore) {
  const AgentId agent = replica.add_agent();
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  std::atomic<int> missed = 0;
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 8; ++caller)
      callers.emplace_back([&, caller] {
        for (int i = 0; i < 25; ++i) {
          const std::string permission = "read_" + std::to_string(caller) + "_" + std::to_string(i);
          replica.grant_elsewhere(agent, permission);
          if (!node->catch_up_together() || !holds(*node, agent, permission)) ++missed;
        }
      });
  }
  EXPECT_EQ(missed, 0);
}

TEST_F(DirectoryTest, HoweverManyCatchUpTogetherOneRunsAndOneFollows) {
  const auto add_signing_change = [&] {
    replica.elsewhere(AgentId{}, [](Transaction& tx) {
      return tx.changes().append(ChangeKind::signing_key, AgentId{});
    });
  };
  std::atomic<int> calls = 0;
  std::atomic<bool> may_end = false;
  const auto node = other_node();
  // Each catch-up commits the next one's news, so that none of them has nothing to do.
  node->follow_signing_keys_by([&]() -> Result<void> {
    if (calls++ > 0) add_signing_change();
    while (calls == 2 && !may_end) std::this_thread::sleep_for(1ms);
    return {};
  });
  ASSERT_TRUE(node->load());
  ASSERT_EQ(calls, 1);
  add_signing_change();
  {
    std::vector<std::jthread> callers;
    callers.emplace_back([&] { (void)node->catch_up_together(); });
    while (calls < 2) std::this_thread::sleep_for(1ms);
    for (int i = 0; i < 10; ++i) callers.emplace_back([&] { (void)node->catch_up_together(); });
    std::this_thread::sleep_for(100ms);  // all of them wait
    may_end = true;
  }
  EXPECT_EQ(calls, 3);
}

TEST_F(DirectoryTest, WhileTheDatabaseIsAwayNobodyAsksItTogether) {
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  ASSERT_TRUE(node->catch_up_together());
  replica.execute("ALTER TABLE change_counter RENAME TO put_away");
  EXPECT_FALSE(node->catch_up());
  EXPECT_FALSE(node->catch_up_together());
  replica.execute("ALTER TABLE put_away RENAME TO change_counter");
  EXPECT_FALSE(node->catch_up_together()) << "it was not asked";
  EXPECT_TRUE(node->catch_up()) << "the poll's";
  EXPECT_TRUE(node->catch_up_together());
}

// A snapshot has minutes, a single read has seconds: with a million keys that is not enough.
TEST(DirectoryLoadTest, ReadsTheTablesInSnapshots) {
  testing::Watched watched;
  Database database(
      std::make_unique<testing::WatchedDriver>(value_of(open_driver("sqlite::memory:")), watched));
  value_of(apply_migrations(database));
  Directory directory(database, 1h);
  ASSERT_TRUE(directory.load());
  EXPECT_EQ(watched.snapshots, 2);
}

// Keys are read on a thread of their own, at a moment of their own.
TEST(DirectoryLoadTest, WhatIsCommittedWhileItReadsIsReadAgainBeforeAnybodySeesIt) {
  const testing::DatabaseFile file;
  Replica writer(1h, Replica::Agents::bare, file.open());
  const AgentId agent = writer.add_agent();
  const ApiKey key = writer.add_key(agent, kid);

  testing::Watched watched;
  std::atomic<int> begun{0};
  std::atomic<int> begun_again{0};
  std::atomic<bool> reads{false};
  watched.statement = [&](Sql, std::span<const Param>) { reads = true; };
  watched.begin = [&](Access access) {
    if (access == Access::brief_snapshot) ++begun_again;
    if (access != Access::snapshot || ++begun != 2) return;
    // The first one has its moment.
    while (!reads) std::this_thread::yield();
    writer.revoke_key(agent, key.key_id);
    writer.grant(agent, "read_weather");
  };
  Database database(
      std::make_unique<testing::WatchedDriver>(value_of(open_driver(file.url())), watched));
  Directory node(database, 1h);
  ASSERT_TRUE(node.load());
  EXPECT_EQ(begun_again, 1);
  EXPECT_EQ(Directory::View(node).find_key(kid), nullptr);
  EXPECT_THAT(held_by(node, agent), UnorderedElementsAre("read_weather"));
  EXPECT_EQ(node.revision(), writer.revision());
}

TEST_F(DirectoryTest, ARevokedFamilyIsKnownUntilItIsForgottenAndNotLoadedAgain) {
  const AgentId agent = replica.add_agent();
  const Timestamp now{std::chrono::seconds{1'700'000'000}};
  const auto family = [](std::uint8_t number) {
    FamilyId id{};
    id.uuid.bytes[0] = number;
    return id;
  };
  const auto revoke = [&](FamilyId id, Timestamp at) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(tx.token_families().revoke({id, agent, 0, at + 1h}, at));
      TRY(tx.changes().append_family(agent, id));
      return {};
    }));
  };
  const auto acts = [](const Directory& node, FamilyId id) {
    return !Directory::View(node).is_revoked(id);
  };
  revoke(family(1), now);
  revoke(family(2), now + 1ms);
  EXPECT_FALSE(acts(directory, family(1)));
  EXPECT_FALSE(acts(directory, family(2)));
  EXPECT_TRUE(acts(directory, family(3)));
  EXPECT_TRUE(acts(directory, {})) << "a token of no family";
  EXPECT_EQ(directory.size().revoked_families, 2U);
  directory.forget_families(now + 1ms);
  EXPECT_TRUE(acts(directory, family(1)));
  EXPECT_FALSE(acts(directory, family(2)));
  const auto node = other_node();
  node->forget_families(now + 1ms);
  ASSERT_TRUE(node->load());
  EXPECT_EQ(node->size().revoked_families, 1U);
  EXPECT_FALSE(acts(*node, family(2)));
}

TEST_F(DirectoryTest, AWriteOnThisNodeIsVisibleToTheVeryNextRequest) {
  const AgentId agent = replica.add_agent();
  replica.grant(agent, "read_weather");
  EXPECT_TRUE(holds(directory, agent, "read_weather"));
  replica.revoke(agent, "read_weather");
  EXPECT_FALSE(holds(directory, agent, "read_weather"));
  replica.suspend(agent);
  EXPECT_EQ(Directory::View(directory).find_agent(agent)->status, AgentStatus::suspended);
  replica.set_status(agent, AgentStatus::active);
  EXPECT_EQ(Directory::View(directory).find_agent(agent)->status, AgentStatus::active);
  EXPECT_EQ(directory.revision(), replica.revision());
}

TEST_F(DirectoryTest, AWriteOnAnotherNodeIsVisibleAfterCatchingUp) {
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  const AgentId agent = replica.add_agent_with({"read_weather"});
  EXPECT_FALSE(holds(*node, agent, "read_weather"));
  ASSERT_TRUE(node->catch_up());
  EXPECT_TRUE(holds(*node, agent, "read_weather"));
  replica.revoke(agent, "read_weather");
  ASSERT_TRUE(node->catch_up());
  EXPECT_FALSE(holds(*node, agent, "read_weather"));
}

TEST_F(DirectoryTest, SaysWhenASettingHasChangedAndOnlyThen) {
  const Revision before = directory.settings_revision();
  replica.add_agent();
  EXPECT_EQ(directory.settings_revision(), before);
  value_of(replica.database().write(
      [](Transaction& tx) { return tx.changes().append(ChangeKind::setting, AgentId{}); }));
  EXPECT_EQ(directory.settings_revision(), directory.revision());
  EXPECT_NE(directory.settings_revision(), before);
}

TEST_F(DirectoryTest, AChangeOfSigningKeysThatCannotBeReadStopsAllowingUntilItCan) {
  int reads = 0;
  Result<void> answer;
  const auto node = other_node();
  node->follow_signing_keys_by([&] {
    ++reads;
    return answer;
  });
  ASSERT_TRUE(node->load());
  EXPECT_EQ(reads, 1);
  replica.add_agent();
  ASSERT_TRUE(node->catch_up());
  EXPECT_EQ(reads, 1);

  value_of(replica.database().write(
      [](Transaction& tx) { return tx.changes().append(ChangeKind::signing_key, AgentId{}); }));
  answer = failure(Errc::internal, "cannot be opened");
  EXPECT_FALSE(node->catch_up());
  EXPECT_FALSE(node->is_fresh(std::chrono::steady_clock::now()));
  EXPECT_LT(node->revision(), replica.revision());
  answer = {};
  ASSERT_TRUE(node->catch_up());
  EXPECT_TRUE(node->is_fresh(std::chrono::steady_clock::now()));
  EXPECT_EQ(reads, 3);
}

TEST_F(DirectoryTest, WithoutItsSigningKeysNoNodeLoads) {
  const auto node = other_node();
  node->follow_signing_keys_by([] { return failure(Errc::internal, "cannot be opened"); });
  EXPECT_EQ(node->load().error().message, "cannot be opened");
  EXPECT_FALSE(node->is_fresh(std::chrono::steady_clock::now()));
}

TEST_F(DirectoryTest, AnAgentThatIsDeletedIsForgotten) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  replica.erase(agent);
  EXPECT_EQ(Directory::View(directory).find_agent(agent), nullptr);
  EXPECT_EQ(directory.size().agents, 0U);
}

TEST_F(DirectoryTest, AKeyOfADeletedAgentLeadsNowhere) {
  const AgentId agent = replica.add_agent();
  replica.add_key(agent, kid);
  replica.erase(agent);
  const Directory::View view(directory);
  const KeyRecord* key = view.find_key(kid);
  EXPECT_TRUE(key == nullptr || view.find_agent(key->agent_id) == nullptr);
}

TEST_F(DirectoryTest, KeysOfDeletedAgentsAreSweptOnceThereAreMany) {
  std::vector<AgentId> agents;
  for (int i = 0; i < 1200; ++i) {
    agents.push_back(replica.add_agent());
    replica.add_key(agents.back(), "kid" + std::to_string(100'000'000 + i));
  }
  EXPECT_EQ(directory.size().keys, 1200U);
  for (const AgentId agent : agents) replica.erase(agent);
  EXPECT_LT(directory.size().keys, 200U);
}

TEST_F(DirectoryTest, MoreGrantsThanFitIntoTheRecordAreAllFound) {
  const AgentId agent = replica.add_agent();
  for (int i = 0; i < 25; ++i) {
    replica.grant(agent, "permission" + std::to_string(i));
    for (int known = 0; known <= i; ++known)
      ASSERT_TRUE(holds(directory, agent, "permission" + std::to_string(known)));
    ASSERT_FALSE(holds(directory, agent, "permission" + std::to_string(i + 1)));
  }
  for (int i = 24; i >= 0; --i) {
    replica.revoke(agent, "permission" + std::to_string(i));
    ASSERT_FALSE(holds(directory, agent, "permission" + std::to_string(i)));
    ASSERT_EQ(held_by(directory, agent).size(), static_cast<std::size_t>(i));
  }
}

// No service grants so many; what is there all the same counts, every one.
TEST_F(DirectoryTest, GrantsBeyondWhatAnAgentMayHoldAreNotDropped) {
  const AgentId agent = replica.add_agent();
  replica.execute(
      "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
      "WHERE n < 66000) INSERT INTO permissions (agent_id, permission) "
      "SELECT $1, 'p' || n FROM numbers",
      {agent});
  const auto expect_all = [&] {
    EXPECT_EQ(held_by(directory, agent).size(), 66'000U);
    for (const char* permission : {"p1", "p65535", "p65536", "p66000"})
      EXPECT_TRUE(holds(directory, agent, permission)) << permission;
    EXPECT_EQ(Directory::View(directory).find_agent(agent)->grant_count, AgentRecord::grants_max);
  };
  ASSERT_TRUE(directory.load());
  expect_all();
  replica.set_status(agent, AgentStatus::active);
  expect_all();
}

TEST_F(DirectoryTest, AnAgentWithManyGrantsCanBeDeletedAndLoaded) {
  const AgentId agent = replica.add_agent();
  for (int i = 0; i < 15; ++i) replica.grant(agent, "permission" + std::to_string(i));
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  EXPECT_EQ(held_by(*node, agent).size(), 15U);
  ASSERT_TRUE(node->load());
  replica.erase(agent);
  ASSERT_TRUE(node->catch_up());
  EXPECT_EQ(Directory::View(*node).find_agent(agent), nullptr);
}

TEST_F(DirectoryTest, ARevokedKeyIsForgotten) {
  const AgentId agent = replica.add_agent();
  const ApiKey key = replica.add_key(agent, kid);
  EXPECT_TRUE(Directory::View(directory).find_key(kid)->usable_at(Timestamp{}));
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.keys().revoke(agent, key.key_id, Timestamp{1s}));
    TRY(tx.changes().append(ChangeKind::key, agent));
    return {};
  }));
  EXPECT_EQ(Directory::View(directory).find_key(kid), nullptr);
  EXPECT_EQ(directory.size().keys, 0U);
  ASSERT_TRUE(directory.load());
  EXPECT_EQ(directory.size().keys, 0U);
}

TEST(KeyRecordTest, AKeyIsUsableUntilTheMomentItExpires) {
  KeyRecord key;
  EXPECT_FALSE(key.usable_at(Timestamp{1s})) << "a record of nothing";
  key.revoked = false;
  EXPECT_TRUE(key.usable_at(Timestamp{100'000'000s})) << "without an expiry";
  key.expires_at_ms = 5000;
  EXPECT_TRUE(key.usable_at(Timestamp{4999ms}));
  EXPECT_FALSE(key.usable_at(Timestamp{5000ms}));
}

TEST_F(DirectoryTest, AGapInTheLogMakesItReadEverything) {
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  const AgentId kept = replica.add_agent_with({"read_weather"});
  const AgentId erased = replica.add_agent();
  replica.erase(erased);
  value_of(replica.database().write(
      [&](Transaction& tx) { return tx.changes().prune(replica.revision() - 1, 100); }));
  ASSERT_TRUE(node->catch_up());
  EXPECT_TRUE(holds(*node, kept, "read_weather"));
  EXPECT_EQ(node->revision(), replica.revision());
  EXPECT_EQ(node->size().agents, 1U);
}

TEST_F(DirectoryTest, ForgetsOldChangesInBatchesAndKeepsTheLastOnes) {
  const auto behind = other_node();
  ASSERT_TRUE(behind->load());
  const AgentId agent = replica.add_agent_with({"read_weather"});
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    for (int i = 0; i < 2600; ++i) TRY(tx.changes().append(ChangeKind::agent, agent));
    return {};
  }));
  const auto log_size = [&] { return replica.number("SELECT COUNT(*) FROM change_log"); };
  EXPECT_FALSE(value_of(directory.prune_log())) << "nothing is that old";
  EXPECT_EQ(log_size(), 2602);
  EXPECT_TRUE(value_of(directory.prune_log(500)));
  EXPECT_EQ(log_size(), 1602);
  EXPECT_FALSE(value_of(directory.prune_log(500)));
  EXPECT_FALSE(value_of(directory.prune_log(500))) << "less than a batch";
  EXPECT_EQ(log_size(), 602);
  EXPECT_EQ(replica.number("SELECT MAX(revision) FROM change_log"), replica.revision());
  ASSERT_TRUE(behind->catch_up());
  EXPECT_TRUE(holds(*behind, agent, "read_weather"));
}

TEST_F(DirectoryTest, AnEmptiedLogMakesItReadEverything) {
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  const AgentId agent = replica.add_agent_with({"read_weather"});
  replica.execute("DELETE FROM change_log");
  ASSERT_TRUE(node->catch_up());
  EXPECT_TRUE(holds(*node, agent, "read_weather"));
}

TEST_F(DirectoryTest, ADatabaseThatWentBackMakesItReadEverything) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  // As when a backup is put in place of the database.
  replica.execute("DELETE FROM permissions");
  replica.execute("DELETE FROM change_log WHERE revision > 1");
  replica.execute("UPDATE change_counter SET revision = 1");
  ASSERT_TRUE(directory.catch_up());
  EXPECT_FALSE(holds(directory, agent, "read_weather"));
  EXPECT_EQ(directory.revision(), 1);
}

TEST_F(DirectoryTest, FollowsThousandsOfChangesAtOnce) {
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  const AgentId agent = replica.add_agent();
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    for (int i = 0; i < 2500; ++i) TRY(tx.changes().append(ChangeKind::agent, agent));
    TRY(tx.permissions().insert(agent, "read_weather"));
    TRY(tx.changes().append(ChangeKind::permission, agent));
    return {};
  }));
  ASSERT_TRUE(node->catch_up());
  EXPECT_TRUE(holds(*node, agent, "read_weather"));
  EXPECT_EQ(node->revision(), replica.revision());
}

TEST_F(DirectoryTest, IsNotFreshBeforeItHasBeenLoaded) {
  const auto node = other_node();
  EXPECT_FALSE(node->is_fresh(steady_clock::now()));
  ASSERT_TRUE(node->load());
  EXPECT_TRUE(node->is_fresh(steady_clock::now()));
}

TEST_F(DirectoryTest, IsNoLongerFreshWhenItHasNotHeardForTooLong) {
  const auto node = other_node(5s);
  const auto before = steady_clock::now();
  ASSERT_TRUE(node->load());
  const auto after = steady_clock::now();
  EXPECT_TRUE(node->is_fresh(before + 4s));
  EXPECT_FALSE(node->is_fresh(after + 5s));
}

TEST_F(DirectoryTest, IsNotFreshWhileItCouldNotApplyAChangeAndIsAgainAfterwards) {
  const AgentId agent = replica.add_agent();
  ASSERT_TRUE(directory.is_fresh(steady_clock::now()));
  replica.execute("ALTER TABLE change_counter RENAME TO elsewhere");
  EXPECT_FALSE(directory.catch_up(Directory::Asked::after_commit));
  EXPECT_FALSE(directory.is_fresh(steady_clock::now()));
  EXPECT_FALSE(directory.catch_up());
  EXPECT_NE(Directory::View(directory).find_agent(agent), nullptr) << "it keeps what it knew";
  replica.execute("ALTER TABLE elsewhere RENAME TO change_counter");
  EXPECT_TRUE(directory.catch_up());
  EXPECT_TRUE(directory.is_fresh(steady_clock::now()));
}

TEST_F(DirectoryTest, WithoutMemoryItKeepsWhatItKnewAndIsNotFresh) {
  const AgentId agent = replica.add_agent();
  for (int i = 0; i < 15; ++i) replica.grant(agent, "permission" + std::to_string(i));
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  for (int i = 15; i < 18; ++i) replica.grant(agent, "permission" + std::to_string(i));

  int failed = 0;
  for (;; ++failed) {
    testing::allocations_left = failed;
    const bool caught_up = node->catch_up().has_value();
    testing::allocations_left = -1;
    if (caught_up) break;
    ASSERT_FALSE(failed > 10 && node->is_fresh(steady_clock::now())) << failed;
    ASSERT_GE(held_by(*node, agent).size(), 15U) << failed;
    ASSERT_TRUE(holds(*node, agent, "permission14")) << failed;
  }
  EXPECT_GT(failed, 10) << "allocations of ours that failed";
  EXPECT_TRUE(node->is_fresh(steady_clock::now()));
  EXPECT_EQ(held_by(*node, agent).size(), 18U);
}

TEST_F(DirectoryTest, AStatusItDoesNotKnowIsNotActive) {
  const AgentId agent = replica.add_agent();
  replica.execute("PRAGMA ignore_check_constraints = ON");
  replica.execute("UPDATE agents SET status = 'frozen'");
  ASSERT_TRUE(directory.load());
  EXPECT_EQ(Directory::View(directory).find_agent(agent)->status, AgentStatus::suspended);
}

// Numbers of permissions are fixed arrays: what no service would have written must not overrun
// them.
TEST_F(DirectoryTest, APermissionOutsideTheGrammarIsNotLoaded) {
  const AgentId agent = replica.add_agent_with({"read_weather"});
  const std::string segments = "a:a:a:a:a:a:a:a:a:a:a:a:a:a:a:a:a:a:a:a";
  for (const std::string& wrong : {std::string(40'000, 'x'), std::string(129, 'x'), segments})
    replica.execute("INSERT INTO permissions (agent_id, permission) VALUES ($1, $2)",
                    {agent, wrong});
  ASSERT_TRUE(directory.load());
  EXPECT_THAT(held_by(directory, agent), UnorderedElementsAre("read_weather"));
  replica.grant(agent, "read_stock");
  EXPECT_THAT(held_by(directory, agent), UnorderedElementsAre("read_weather", "read_stock"));
}

// For ThreadSanitizer above all: readers take no lock while a writer changes what they read.
TEST_F(DirectoryTest, ReadersSeeEachAgentBeforeOrAfterAWriteAndNeverBetween) {
  const AgentId agent = replica.add_agent();
  const AgentId steady = replica.add_agent_with({"always"});
  const Requirement always = directory.names().requirement("always");
  std::atomic<bool> done{false};
  std::atomic<std::int64_t> looks{0};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const Directory::View view(directory);
        if (!view.find_agent(steady)->holds_any_of(always)) ++torn;
        if (const AgentRecord* found = view.find_agent(agent)) {
          if (found->held().size() != found->grant_count) ++torn;
          for (const NameId name : found->held())
            if (!view.names().text(name).starts_with("permission")) ++torn;
        }
        if (const KeyRecord* key = view.find_key(kid))
          if (key->agent_id != agent) ++torn;
        looks.fetch_add(1, std::memory_order_relaxed);
      }
    });
  replica.add_key(agent, kid);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 14; ++i) replica.grant(agent, "permission" + std::to_string(i));
    const AgentId passing = replica.add_agent();
    if (round % 2 == 1) value_of(directory.load());
    for (int i = 0; i < 14; ++i) replica.revoke(agent, "permission" + std::to_string(i));
    replica.erase(passing);
  }
  while (looks < 1000) std::this_thread::yield();
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

TEST_F(DirectoryTest, NodesThatCatchUpAtOnceDoNotGetInEachOthersWay) {
  const AgentId agent = replica.add_agent();
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  for (int i = 0; i < 20; ++i) replica.grant(agent, "permission" + std::to_string(i));
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      if (!node->catch_up()) ++failed;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(held_by(*node, agent).size(), 20U);
}

TEST_F(DirectoryTest, TheLimitsOfAKeyAreThereWithItAndGoWithIt) {
  const AgentId agent = replica.add_agent();
  const IpAddress inside = *parse_ip_address("10.1.2.3");
  const IpAddress outside = *parse_ip_address("11.1.2.3");
  ApiKey key;
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    key = TRY(tx.keys().insert({agent, kid, "no hash", {}, "", {}, {{}, {{"10.0.0.0/8"}}, {}}}));
    TRY(tx.changes().append(ChangeKind::key, agent));
    return {};
  }));
  const auto node = other_node();
  ASSERT_TRUE(node->load());
  for (const Directory* each : {&directory, node.get()}) {
    const Directory::View view(*each);
    const KeyRecord* record = view.find_key(kid);
    ASSERT_NE(record, nullptr);
    EXPECT_TRUE(view.admits(*record, Timestamp{}, inside));
    EXPECT_FALSE(view.admits(*record, Timestamp{}, outside));
  }
  replica.revoke_key(agent, key.key_id);
  const Directory::View view(directory);
  EXPECT_EQ(view.find_key(kid), nullptr);
  KeyRecord gone;
  gone.kid = *parse_kid(kid);
  EXPECT_EQ(view.find_limits(gone), nullptr);
}

TEST_F(DirectoryTest, ALimitThatCannotBeReadLetsNothingThrough) {
  const AgentId agent = replica.add_agent();
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.keys().insert({agent, kid, "no hash", {}, "", {}, {{}, {{"everywhere"}}, {{"**"}}}}));
    TRY(tx.changes().append(ChangeKind::key, agent));
    return {};
  }));
  const Requirement requirement = directory.names().requirement("read_weather");
  const Directory::View view(directory);
  const KeyRecord* record = view.find_key(kid);
  ASSERT_NE(record, nullptr);
  EXPECT_FALSE(view.admits(*record, Timestamp{}, *parse_ip_address("10.1.2.3")));
  EXPECT_FALSE(view.find_limits(*record)->holds_any_of(requirement));
}

TEST_F(DirectoryTest, AChangeOfStatusAloneLeavesTheGrantsAsTheyAre) {
  std::vector<AgentId> agents;
  for (int i = 0; i < 3; ++i) agents.push_back(replica.add_agent("Bot", "robots@example.com"));
  // More than fit into the record: the set must neither be lost nor freed twice.
  for (int i = 0; i < 20; ++i) replica.grant(agents[0], "p" + std::to_string(i));
  replica.grant(agents[1], "read_weather");
  const auto set_status = [&](AgentStatus status) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(status == AgentStatus::active
              ? tx.agents().resume_owner("robots@example.com", Timestamp{})
              : tx.agents().suspend_owner("robots@example.com", Timestamp{}));
      return tx.changes().append_statuses_of_owner("robots@example.com");
    }));
  };
  const auto status_of = [&](AgentId id) {
    const Directory::View view(directory);
    return view.find_agent(id)->status;
  };
  for (const AgentStatus status :
       {AgentStatus::suspended, AgentStatus::active, AgentStatus::suspended}) {
    set_status(status);
    for (const AgentId id : agents) EXPECT_EQ(status_of(id), status);
    EXPECT_EQ(held_by(directory, agents[0]).size(), 20U);
    EXPECT_THAT(held_by(directory, agents[1]), UnorderedElementsAre("read_weather"));
  }
  EXPECT_EQ(directory.revision(), replica.revision());
}

}  // namespace
}  // namespace agentauth
