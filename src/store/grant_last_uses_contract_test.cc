// What the tables of grants' last uses promise, on every database.
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

// In the future: no grant of a test is made after it.
constexpr Timestamp hour{std::chrono::hours{800'000}};

Terms on_berlin() {
  Terms terms;
  terms.resource = "city:berlin";
  return terms;
}
Terms deciding(Effect effect) {
  Terms terms;
  terms.effect = effect;
  return terms;
}

class GrantLastUsesContract : public ::testing::TestWithParam<Backend> {
 protected:
  GrantId add(const GrantSubject& subject, const std::string& permission, const Terms& terms = {}) {
    return must(database_->write([&](Transaction& tx) {
             return tx.grants().insert(subject, permission, terms);
           }))
        .id;
  }
  GrantId add_plain(const std::string& permission) {
    return add({subject_of(agent_), agent_, {}}, permission);
  }
  GrantUse use(const GrantId& grant, Timestamp at = hour) { return {grant.uuid, {}, at}; }
  GrantUse use_of_plain(std::string_view permission, Timestamp at = hour) {
    return {agent_.uuid, permission, at};
  }
  Result<void> try_keep(std::vector<GrantUse> uses) {
    std::sort(uses.begin(), uses.end(), GrantLastUseRepository::before);
    return database_->write_apart([&](Transaction& tx) { return tx.grant_last_uses().keep(uses); });
  }
  void keep(const std::vector<GrantUse>& uses) { must(try_keep(uses)); }
  std::vector<UnusedGrant> unused(const GrantLastUseRepository::Unused& which = {},
                                  GrantId after = {}, std::int64_t limit = 1000) {
    return must(database_->read(
        [&](Transaction& tx) { return tx.grant_last_uses().list_unused(which, after, limit); }));
  }
  std::vector<std::string> names(const GrantLastUseRepository::Unused& which = {}) {
    std::vector<std::string> found;
    for (const UnusedGrant& grant : unused(which)) found.push_back(grant.permission);
    std::sort(found.begin(), found.end());
    return found;
  }
  std::optional<Timestamp> last_use(const std::string& permission) {
    for (const UnusedGrant& grant : unused({{}, hour + 24h * 365}))
      if (grant.permission == permission) return grant.last_used_at;
    return std::nullopt;
  }

  TestDatabase where_{GetParam(), testing::Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
  const AgentId agent_ = must(database_->write([](Transaction& tx) {
                           return tx.agents().insert("Bot", "o@e.com");
                         })).agent_id;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(GrantLastUsesContract, WhatWasNeverUsedIsListedAndSaysSinceWhenThatIsKnown) {
  add_plain("read");
  add({"user:alice"}, "write", on_berlin());
  const auto found = unused();
  ASSERT_EQ(found.size(), 2U);
  for (const UnusedGrant& grant : found) {
    EXPECT_EQ(grant.last_used_at, std::nullopt);
    EXPECT_EQ(grant.counted_since, grant.created_at);  // later than the tables
    EXPECT_EQ(grant.subject, grant.permission == "read" ? subject_of(agent_) : "user:alice");
  }
}

TEST_P(GrantLastUsesContract, WhatIsOlderThanTheTablesIsKnownSinceThose) {
  must(database_->write([&](Transaction& tx) {
    return tx.session().execute("UPDATE schema_migrations SET applied_at = $1 WHERE version = 15",
                                {hour});
  }));
  add_plain("read");
  EXPECT_EQ(unused().at(0).counted_since, hour);
}

TEST_P(GrantLastUsesContract, WhatWasUsedIsNotListedAmongWhatNeverWas) {
  add_plain("read");
  add_plain("list");
  const GrantId grant = add({"user:alice"}, "write", on_berlin());
  keep({use_of_plain("read"), use(grant)});
  EXPECT_THAT(names(), ElementsAre("list"));
}

TEST_P(GrantLastUsesContract, TheNewestHourIsKeptWhoeverWritesItFirst) {
  add_plain("read");
  const GrantId grant = add({"role:none"}, "write");
  for (const auto at : {hour + 30min, hour + 2h + 59min, hour + 1h, hour + 2h}) {
    keep({use_of_plain("read", at)});
    keep({use(grant, at)});
  }
  EXPECT_EQ(last_use("read"), hour + 2h);
  EXPECT_EQ(last_use("write"), hour + 2h);
}

TEST_P(GrantLastUsesContract, WhatMayHaveBeenUsedSinceThenIsNotListed) {
  add_plain("read");
  keep({use_of_plain("read", hour + 10min)});
  // At a quarter past it may have been used for the rest of the hour.
  EXPECT_THAT(names({{}, hour + 15min}), IsEmpty());
  EXPECT_THAT(names({{}, hour + 59min}), IsEmpty());
  EXPECT_THAT(names({{}, hour + 1h}), ElementsAre("read"));
}

TEST_P(GrantLastUsesContract, WhatWasMadeSinceThenIsNotListed) {
  add_plain("read");
  add({"user:alice"}, "write");
  EXPECT_THAT(names({{}, Timestamp{1'700'000'000s}}), IsEmpty());
  EXPECT_THAT(names({{}, hour}), ElementsAre("read", "write"));
}

TEST_P(GrantLastUsesContract, WhatDoesNotAllowIsNoGrantToBeUsed) {
  add({"user:alice"}, "forbid", deciding(Effect::deny));
  add({"user:alice"}, "watch", deciding(Effect::audit));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_P(GrantLastUsesContract, ASubjectIsShownItsOwn) {
  add_plain("read");
  add({subject_of(agent_), agent_, {}}, "list", on_berlin());
  add({"user:alice"}, "write");
  EXPECT_THAT(names({subject_of(agent_), {}}), ElementsAre("list", "read"));
  EXPECT_THAT(names({"user:alice", {}}), ElementsAre("write"));
  EXPECT_THAT(names({"user:bob", {}}), IsEmpty());
}

TEST_P(GrantLastUsesContract, PagesFollowEachOtherAcrossBothTables) {
  for (int i = 0; i < 10; ++i) {
    add_plain("plain:" + std::to_string(i));
    add({"user:alice"}, "term:" + std::to_string(i));
  }
  std::vector<GrantId> seen;
  for (GrantId after{};;) {
    const auto page = unused({}, after, 3);
    if (page.empty()) break;
    for (const UnusedGrant& grant : page) seen.push_back(grant.id);
    after = seen.back();
  }
  EXPECT_EQ(seen.size(), 20U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_P(GrantLastUsesContract, AUseOfWhatIsGoneIsLeftOutAndTheOthersAreKept) {
  add_plain("read");
  const GrantId gone = add({"user:alice"}, "write");
  must(database_->write([&](Transaction& tx) { return tx.grants().erase(gone); }));
  keep({use(gone), use_of_plain("never:held"), use_of_plain("read")});
  EXPECT_THAT(names(), IsEmpty());
}

TEST_P(GrantLastUsesContract, AGrantThatIsMadeAgainWasNotUsed) {
  const GrantId first = add_plain("read");
  keep({use_of_plain("read")});
  must(database_->write([&](Transaction& tx) { return tx.grants().erase(first); }));
  add_plain("read");
  EXPECT_THAT(names(), ElementsAre("read"));
}

// Each writes all of them, from the other end.
TEST_P(GrantLastUsesContract, NodesThatWriteTheSameGrantsAtOnceDoNotHinderEachOther) {
  std::vector<std::string> held;
  for (int i = 0; i < 50; ++i) held.push_back("plain:" + std::to_string(i));
  for (const std::string& permission : held) add_plain(permission);
  const auto write = [&](Timestamp from) {
    for (int round = 0; round < 10; ++round) {
      std::vector<GrantUse> uses;
      for (const std::string& permission : held)
        uses.push_back(use_of_plain(permission, from + round * 2h));
      keep(uses);
    }
  };
  std::thread other(write, hour + 1h);
  write(hour);
  other.join();
  for (const std::string& permission : held) EXPECT_EQ(last_use(permission), hour + 19h);
}

INSTANTIATE_TEST_SUITE_P(Store, GrantLastUsesContract, testing::every_backend,
                         testing::backend_name);

}  // namespace
}  // namespace agentauth
