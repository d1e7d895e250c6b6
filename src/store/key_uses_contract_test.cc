// What the table of the last uses promises, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "store/testing/contract.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::Backend;
using testing::must;
using testing::TestDatabase;

constexpr Timestamp now{std::chrono::seconds{1'700'000'000}};

class KeyUsesContract : public ::testing::TestWithParam<Backend> {
 protected:
  Kid add_key(int number) {
    std::string kid = std::to_string(number);
    kid.insert(0, key_kid_length - kid.size(), 'k');
    must(database_->write([&](Transaction& tx) {
      return tx.keys().insert({agent_, kid, "hash", {}, "", {}});
    }));
    return *parse_kid(kid);
  }
  KeyUse use(const Kid& kid, Timestamp at = now, const std::string& from = "192.0.2.7") {
    return {kid, at, *parse_ip_address(from)};
  }
  Result<void> try_keep(const std::vector<KeyUse>& uses) {
    return database_->write_apart([&](Transaction& tx) { return tx.key_uses().keep(uses); });
  }
  void keep(const std::vector<KeyUse>& uses) { must(try_keep(uses)); }
  std::vector<std::optional<KeyUse>> uses() {
    std::vector<std::optional<KeyUse>> found;
    for (const ApiKey& key :
         must(database_->read([&](Transaction& tx) { return tx.keys().list(agent_, {}, 10'000); })))
      found.push_back(key.last_use);
    return found;
  }
  std::optional<KeyUse> only_use() { return uses().at(0); }

  TestDatabase where_{GetParam(), testing::Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
  const AgentId agent_ = must(database_->write([](Transaction& tx) {
                           return tx.agents().insert("Bot", "o@e.com");
                         })).agent_id;
};

TEST_P(KeyUsesContract, AKeyThatWasNeverUsedSaysSo) {
  add_key(1);
  EXPECT_EQ(only_use(), std::nullopt);
}

TEST_P(KeyUsesContract, TheNewestUseIsKeptWhoeverWritesItFirst) {
  const Kid key = add_key(1);
  for (const auto at : {now, now + 2ms, now + 1ms, now + 2ms}) keep({use(key, at)});
  EXPECT_EQ(only_use(), use(key, now + 2ms));
  const KeyUse longest = use(key, now + 24h * 365 * 1000, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff");
  keep({longest});
  EXPECT_EQ(only_use(), longest);
}

TEST_P(KeyUsesContract, AsManyAsGoTogetherAreEachWrittenToTheirOwnKey) {
  std::vector<KeyUse> all;
  for (int i = 0; i < static_cast<int>(KeyUseRepository::together_max); ++i)
    all.push_back(use(add_key(i), now + i * 1ms));
  auto mixed = all;
  std::reverse(mixed.begin(), mixed.end());
  keep(mixed);
  std::vector<std::optional<KeyUse>> found = uses();
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->at < b->at; });
  EXPECT_EQ(found, std::vector<std::optional<KeyUse>>(all.begin(), all.end()));
}

TEST_P(KeyUsesContract, AKeyThatIsGoneIsLeftOutAndTheOthersAreKept) {
  const Kid key = add_key(1);
  keep({use(*parse_kid("noSuchKey000")), use(key)});
  EXPECT_EQ(only_use(), use(key));
}

TEST_P(KeyUsesContract, ADeletedAgentTakesThemAlong) {
  keep({use(add_key(1))});
  must(database_->write([&](Transaction& tx) { return tx.agents().erase(agent_); }));
  std::int64_t left = -1;
  must(database_->read([&](Transaction& tx) {
    return tx.session().query("SELECT COUNT(*) FROM key_uses", {},
                              [&](const Row& row) -> Result<void> {
                                left = row.integer(0);
                                return {};
                              });
  }));
  EXPECT_EQ(left, 0);
}

TEST_P(KeyUsesContract, TwoThatWriteTheSameKeysDoNotBlockEachOther) {
  std::vector<KeyUse> forth;
  for (int i = 0; i < 200; ++i) forth.push_back(use(add_key(i)));
  const std::vector<KeyUse> back(forth.rbegin(), forth.rend());
  const auto write_often = [&](std::vector<KeyUse> uses, int late, Result<void>& done) {
    for (int round = 0; done && round < 30; ++round) {
      for (KeyUse& use : uses) use.at = now + 2ms * round + 1ms * late;
      done = try_keep(uses);
    }
  };
  Result<void> one;
  Result<void> other;
  std::thread node([&] { write_often(back, 1, other); });
  write_often(forth, 0, one);
  node.join();
  EXPECT_TRUE(one) << one.error().detail;
  EXPECT_TRUE(other) << other.error().detail;
  for (const auto& use : uses()) EXPECT_EQ(use->at, now + 59ms);
}

TEST_P(KeyUsesContract, NothingIsWrittenIntoTheChangeLog) {
  keep({use(add_key(1))});
  EXPECT_EQ(must(database_->read([](Transaction& tx) { return tx.changes().revision(); })), 0);
}

INSTANTIATE_TEST_SUITE_P(Store, KeyUsesContract, testing::every_backend, testing::backend_name);

}  // namespace
}  // namespace agentauth
