// What each repository promises, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "store/testing/contract.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::Backend;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::must;
using ::testing::SizeIs;
using testing::TestDatabase;
using ::testing::UnorderedElementsAre;

const AgentId nobody{};
const KeyId no_key{};

class RepositoriesContract : public ::testing::TestWithParam<Backend> {
 protected:
  template <class F>
  auto read(F work) {
    return database_->read(work);
  }
  template <class F>
  auto write(F work) {
    return database_->write(work);
  }

  Agent add_agent(const std::string& name = "Bot", const std::string& owner = "ops@example.com") {
    return must(write([&](Transaction& tx) { return tx.agents().insert(name, owner); }));
  }
  Result<ApiKey> add_key(AgentId agent, const std::string& kid,
                         std::optional<Timestamp> expires_at = {}) {
    return write([&](Transaction& tx) {
      return tx.keys().insert({agent, kid, "hash of " + kid, tag_of(kid), "CI", expires_at});
    });
  }
  Result<std::optional<Grant>> grant(AgentId agent, const std::string& permission) {
    return write([&](Transaction& tx) { return tx.permissions().insert(agent, permission); });
  }
  std::vector<Agent> list(const AgentFilter& filter, const PageStart& after = {},
                          std::int64_t limit = 100) {
    return must(read([&](Transaction& tx) { return tx.agents().list(filter, after, limit); }));
  }
  std::vector<KeyState> key_states(AgentId agent) {
    std::vector<KeyState> states;
    must(read([&](Transaction& tx) {
      return tx.keys().each_state_of(agent, [&](const KeyState& key) { states.push_back(key); });
    }));
    return states;
  }
  std::vector<std::string> permissions_of(AgentId agent) {
    std::vector<std::string> held;
    must(read([&](Transaction& tx) {
      return tx.permissions().each_of(
          agent, [&](std::string_view permission) { held.emplace_back(permission); });
    }));
    return held;
  }
  // Zeros included, because a tag may hold them.
  static KeyTagBytes tag_of(const std::string& kid) {
    KeyTagBytes tag{};
    std::copy_n(kid.begin(), std::min(kid.size(), tag.size() - 2), tag.begin() + 1);
    return tag;
  }
  static std::vector<std::string> names(const std::vector<Agent>& agents) {
    std::vector<std::string> found;
    for (const Agent& agent : agents) found.push_back(agent.agent_name);
    return found;
  }
  // The databases' clocks have milliseconds; what must differ in age waits for the next.
  static void let_time_pass() { std::this_thread::sleep_for(2ms); }

  TestDatabase where_{GetParam(), testing::Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
  SystemClock clock_;
};

INSTANTIATE_TEST_SUITE_P(Store, RepositoriesContract, testing::every_backend,
                         testing::backend_name);

TEST_P(RepositoriesContract, ANewAgentIsActiveAndJustCreated) {
  const Timestamp before = clock_.now();
  const Agent agent = add_agent("Bot ☂", "ops@example.com");
  EXPECT_EQ(agent.agent_name, "Bot ☂");
  EXPECT_EQ(agent.owner_email, "ops@example.com");
  EXPECT_EQ(agent.status, AgentStatus::active);
  EXPECT_THAT(agent.labels, IsEmpty());
  EXPECT_GE(agent.created_at, before - 1s);
  EXPECT_LE(agent.created_at, clock_.now() + 1s);
  EXPECT_EQ(agent.updated_at, agent.created_at);

  const Agent found = must(read([&](Transaction& tx) { return tx.agents().find(agent.agent_id); }));
  EXPECT_EQ(found.agent_id, agent.agent_id);
  EXPECT_EQ(found.created_at, agent.created_at);
}

TEST_P(RepositoriesContract, WhatConcernsNobodyIsNotFound) {
  const auto not_found = [](const auto& result) {
    return !result && result.error().code == Errc::not_found;
  };
  const Timestamp now = clock_.now();
  EXPECT_TRUE(not_found(read([](Transaction& tx) { return tx.agents().find(nobody); })));
  EXPECT_TRUE(not_found(
      write([&](Transaction& tx) { return tx.agents().update(nobody, {.name = "x"}, now); })));
  EXPECT_TRUE(not_found(write([&](Transaction& tx) {
    return tx.agents().set_status(nobody, AgentStatus::suspended, now);
  })));
  EXPECT_TRUE(not_found(write([](Transaction& tx) { return tx.agents().revoke_tokens(nobody); })));
  EXPECT_TRUE(not_found(write([](Transaction& tx) { return tx.agents().erase(nobody); })));
  EXPECT_TRUE(not_found(read([](Transaction& tx) { return tx.keys().find(nobody, no_key); })));
  EXPECT_TRUE(not_found(read([](Transaction& tx) { return tx.keys().find_hash("kid000000009"); })));
  EXPECT_TRUE(
      not_found(write([&](Transaction& tx) { return tx.keys().revoke(nobody, no_key, now); })));
  EXPECT_TRUE(
      not_found(read([](Transaction& tx) { return tx.permissions().find(nobody, "read"); })));
  EXPECT_TRUE(
      not_found(write([](Transaction& tx) { return tx.permissions().erase(nobody, "read"); })));
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.agents().find_state(nobody); })),
            std::nullopt);
}

TEST_P(RepositoriesContract, AnUpdateChangesOnlyWhatItNames) {
  const Agent agent = add_agent("Old", "old@example.com");
  const Timestamp now = clock_.now() + 1h;
  const Labels labels{{"team", "wëather"}, {"quote", "\"\\\n"}};
  must(write(
      [&](Transaction& tx) { return tx.agents().update(agent.agent_id, {.name = "New"}, now); }));
  const Agent changed = must(write([&](Transaction& tx) {
    return tx.agents().update(agent.agent_id, {.labels = labels}, now);
  }));
  EXPECT_EQ(changed.agent_name, "New");
  EXPECT_EQ(changed.owner_email, "old@example.com");
  EXPECT_EQ(changed.labels, labels);
  EXPECT_EQ(changed.created_at, agent.created_at);
  EXPECT_EQ(changed.updated_at, now);
  EXPECT_EQ(must(read([&](Transaction& tx) { return tx.agents().find(agent.agent_id); })).labels,
            labels);
}

TEST_P(RepositoriesContract, ASuspendedAgentStaysSuspendedUntilResumed) {
  const Agent agent = add_agent();
  const auto status = [&] {
    return must(read([&](Transaction& tx) { return tx.agents().find_state(agent.agent_id); }))
        ->status;
  };
  const auto set = [&](AgentStatus wanted) {
    return must(write([&](Transaction& tx) {
      return tx.agents().set_status(agent.agent_id, wanted, clock_.now());
    }));
  };
  EXPECT_EQ(set(AgentStatus::suspended).status, AgentStatus::suspended);
  EXPECT_EQ(status(), AgentStatus::suspended);
  EXPECT_EQ(set(AgentStatus::active).status, AgentStatus::active);
  EXPECT_EQ(status(), AgentStatus::active);
}

TEST_P(RepositoriesContract, EachRevocationOfTokensIsAGenerationOfThatAgentAlone) {
  const Agent agent = add_agent();
  const Agent other = add_agent();
  for (int i = 0; i < 3; ++i)
    must(write([&](Transaction& tx) { return tx.agents().revoke_tokens(agent.agent_id); }));
  must(read([&](Transaction& tx) {
    return tx.agents().each_state([&](const AgentRepository::State& state) {
      EXPECT_EQ(state.token_generation, state.id == agent.agent_id ? 3 : 0);
    });
  }));
  const auto found =
      must(read([&](Transaction& tx) { return tx.agents().find_state(agent.agent_id); }));
  EXPECT_EQ(found->token_generation, 3);
  EXPECT_EQ(must(read([&](Transaction& tx) {
              return tx.agents().find_state(other.agent_id);
            }))->token_generation,
            0);
}

TEST_P(RepositoriesContract, TheTokensOfAllAgentsAreRevokedByAsManyGenerationsAsAreTold) {
  const Agent one = add_agent();
  const Agent other = add_agent();
  must(write([&](Transaction& tx) { return tx.agents().revoke_tokens(one.agent_id); }));
  must(write([&](Transaction& tx) { return tx.agents().revoke_all_tokens(10); }));
  must(read([&](Transaction& tx) {
    return tx.agents().each_state([&](const AgentRepository::State& state) {
      EXPECT_EQ(state.token_generation, state.id == other.agent_id ? 10 : 11);
    });
  }));
}

TEST_P(RepositoriesContract, ARevisionThatWasLeftOutIsNeverGivenToAChange) {
  const auto append = [&] {
    return must(
        write([&](Transaction& tx) { return tx.changes().append(ChangeKind::agent, nobody); }));
  };
  EXPECT_EQ(append(), 1);
  must(write([&](Transaction& tx) { return tx.changes().leave_out(100); }));
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.changes().revision(); })), 101);
  EXPECT_EQ(append(), 102);
}

TEST_P(RepositoriesContract, AListIsFilteredByNameOwnerAndStatus) {
  add_agent("A", "x@example.com");
  const Agent suspended = add_agent("A", "y@example.com");
  add_agent("B", "x@example.com");
  must(write([&](Transaction& tx) {
    return tx.agents().set_status(suspended.agent_id, AgentStatus::suspended, clock_.now());
  }));
  EXPECT_THAT(list({}), SizeIs(3));
  EXPECT_THAT(names(list({.name = "A"})), ElementsAre("A", "A"));
  EXPECT_THAT(names(list({.owner = "x@example.com"})), UnorderedElementsAre("A", "B"));
  EXPECT_THAT(names(list({.name = "B", .owner = "x@example.com"})), ElementsAre("B"));
  EXPECT_THAT(list({.status = AgentStatus::suspended}), SizeIs(1));
  EXPECT_THAT(list({.name = "A", .status = AgentStatus::active}), SizeIs(1));
  EXPECT_THAT(list({.name = "B", .owner = "y@example.com"}), IsEmpty());
  EXPECT_THAT(list({.name = "' OR 1=1 --"}), IsEmpty());
}

TEST_P(RepositoriesContract, AnOwnerIsFoundInWhateverCaseOfAsciiLetters) {
  const Agent agent = add_agent("A", "Ops@Example.COM");
  EXPECT_EQ(agent.owner_email, "Ops@Example.COM");
  for (const std::string owner : {"ops@example.com", "OPS@EXAMPLE.COM", "Ops@Example.COM"}) {
    EXPECT_THAT(names(list({.owner = owner})), ElementsAre("A")) << owner;
    EXPECT_THAT(names(list({.name = "A", .owner = owner})), ElementsAre("A")) << owner;
  }
  // The database and owner_identity() are of one mind, whatever the letters.
  add_agent("B", "ÄÉİ@Example.com");
  EXPECT_THAT(names(list({.owner = "ÄÉİ@example.COM"})), ElementsAre("B"));
  EXPECT_THAT(list({.owner = "äéi@example.com"}), IsEmpty());
  must(write([&](Transaction& tx) {
    return tx.agents().update(agent.agent_id, {.owner = "New@Example.com"}, clock_.now());
  }));
  EXPECT_THAT(list({.owner = "ops@example.com"}), IsEmpty());
  EXPECT_THAT(names(list({.owner = "new@example.com"})), ElementsAre("A"));
}

TEST_P(RepositoriesContract, PagesHoldEveryAgentOnceAndOldestFirst) {
  // Some of one age: they were created in one transaction, or within a millisecond.
  for (int group = 0; group < 4; ++group) {
    must(write([&](Transaction& tx) -> Result<void> {
      for (int i = 0; i < 5; ++i) TRY(tx.agents().insert("Bot", "ops@example.com"));
      return {};
    }));
  }
  for (const AgentFilter& filter :
       {AgentFilter{}, AgentFilter{.name = "Bot"}, AgentFilter{.owner = "ops@example.com"}}) {
    std::vector<std::pair<Timestamp, AgentId>> seen;
    PageStart after;
    for (;;) {
      const auto page = list(filter, after, 3);
      if (page.empty()) break;
      EXPECT_LE(page.size(), 3U);
      for (const Agent& agent : page) seen.emplace_back(agent.created_at, agent.agent_id);
      after = {page.back().created_at, page.back().agent_id.uuid};
    }
    EXPECT_THAT(seen, SizeIs(20));
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 20U);
  }
}

TEST_P(RepositoriesContract, AnErasedAgentTakesItsKeysAndPermissionsWithIt) {
  const Agent gone = add_agent();
  const Agent stays = add_agent();
  const ApiKey gone_key = must(add_key(gone.agent_id, "kid000000001"));
  must(add_key(stays.agent_id, "kid000000002"));
  must(grant(gone.agent_id, "read"));
  must(grant(stays.agent_id, "read"));
  must(write([&](Transaction& tx) { return tx.agents().erase(gone.agent_id); }));

  EXPECT_EQ(must(read([](Transaction& tx) { return tx.agents().count(); })), 1);
  EXPECT_THAT(key_states(gone.agent_id), IsEmpty());
  EXPECT_THAT(permissions_of(gone.agent_id), IsEmpty());
  EXPECT_FALSE(read([&](Transaction& tx) { return tx.keys().find_hash(gone_key.kid); }));
  EXPECT_THAT(key_states(stays.agent_id), SizeIs(1));
  EXPECT_THAT(permissions_of(stays.agent_id), ElementsAre("read"));
}

TEST_P(RepositoriesContract, AKeyIsFoundByItsKidAlsoWhenItWasRevoked) {
  const Agent agent = add_agent();
  const ApiKey key = must(add_key(agent.agent_id, "kid000000001"));
  const auto find = [&](std::string_view kid) {
    return must(read([&](Transaction& tx) { return tx.keys().find_state(kid); }));
  };
  EXPECT_FALSE(find("kid000000002"));
  EXPECT_EQ(find(key.kid)->agent_id, agent.agent_id);
  EXPECT_EQ(find(key.kid)->tag, tag_of(key.kid));
  EXPECT_FALSE(find(key.kid)->revoked);
  must(write(
      [&](Transaction& tx) { return tx.keys().revoke(agent.agent_id, key.key_id, clock_.now()); }));
  EXPECT_TRUE(find(key.kid)->revoked);
  EXPECT_EQ(find(key.kid)->tag, tag_of(key.kid));
}

TEST_P(RepositoriesContract, AKeyIsStoredWithItsTagAndHash) {
  const Agent agent = add_agent();
  const Timestamp expires = clock_.now() + 24h;
  const ApiKey key = must(add_key(agent.agent_id, "kid000000001", expires));
  EXPECT_EQ(key.agent_id, agent.agent_id);
  EXPECT_EQ(key.kid, "kid000000001");
  EXPECT_EQ(key.name, "CI");
  EXPECT_EQ(key.expires_at, expires);
  EXPECT_EQ(key.revoked_at, std::nullopt);
  EXPECT_EQ(must(read([&](Transaction& tx) { return tx.keys().find_hash(key.kid); })),
            "hash of kid000000001");
  const auto states = key_states(agent.agent_id);
  ASSERT_THAT(states, SizeIs(1));
  EXPECT_EQ(states[0].kid, key.kid);
  EXPECT_EQ(states[0].agent_id, agent.agent_id);
  EXPECT_EQ(states[0].tag, tag_of(key.kid));
  EXPECT_EQ(states[0].generation, 1);
  EXPECT_EQ(states[0].expires_at, expires);
  EXPECT_FALSE(states[0].revoked);
}

TEST_P(RepositoriesContract, AKidBelongsToOneKeyAndAKeyToAnAgent) {
  const Agent agent = add_agent();
  must(add_key(agent.agent_id, "kid000000001"));
  EXPECT_EQ(add_key(agent.agent_id, "kid000000001").error().code, Errc::conflict);
  EXPECT_EQ(add_key(nobody, "kid000000002").error().code, Errc::conflict);
  EXPECT_THAT(key_states(agent.agent_id), SizeIs(1));
}

TEST_P(RepositoriesContract, AnotherAgentsKeyIsNotFound) {
  const Agent owner = add_agent();
  const Agent other = add_agent();
  const ApiKey key = must(add_key(owner.agent_id, "kid000000001"));
  EXPECT_EQ(read([&](Transaction& tx) { return tx.keys().find(other.agent_id, key.key_id); })
                .error()
                .code,
            Errc::not_found);
  EXPECT_EQ(write([&](Transaction& tx) {
              return tx.keys().revoke(other.agent_id, key.key_id, clock_.now());
            })
                .error()
                .code,
            Errc::not_found);
  EXPECT_FALSE(key_states(owner.agent_id)[0].revoked);
  EXPECT_TRUE(read([&](Transaction& tx) { return tx.keys().find(owner.agent_id, key.key_id); }));
}

TEST_P(RepositoriesContract, ARevokedKeyKeepsTheTimeOfItsFirstRevocation) {
  const Agent agent = add_agent();
  const ApiKey key = must(add_key(agent.agent_id, "kid000000001"));
  const Timestamp first = clock_.now();
  const auto revoke = [&](Timestamp when) {
    return must(
        write([&](Transaction& tx) { return tx.keys().revoke(agent.agent_id, key.key_id, when); }));
  };
  EXPECT_EQ(revoke(first).revoked_at, first);
  EXPECT_EQ(revoke(first + 1h).revoked_at, first);
  const auto states = key_states(agent.agent_id);
  EXPECT_TRUE(states[0].revoked);
  EXPECT_EQ(states[0].generation, 3);
}

TEST_P(RepositoriesContract, KeysComeInPagesOldestFirst) {
  const Agent agent = add_agent();
  for (int i = 1; i <= 5; ++i) {
    must(add_key(agent.agent_id, "kid00000000" + std::to_string(i)));
    let_time_pass();
  }
  std::vector<std::string> kids;
  PageStart after;
  for (;;) {
    const auto page =
        must(read([&](Transaction& tx) { return tx.keys().list(agent.agent_id, after, 2); }));
    if (page.empty()) break;
    for (const ApiKey& key : page) kids.push_back(key.kid);
    after = {page.back().created_at, page.back().key_id.uuid};
  }
  EXPECT_THAT(kids, ElementsAre("kid000000001", "kid000000002", "kid000000003", "kid000000004",
                                "kid000000005"));
}

TEST_P(RepositoriesContract, APermissionIsHeldOnce) {
  const Agent agent = add_agent();
  const auto first = must(grant(agent.agent_id, "data:read"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->subject, subject_of(agent.agent_id));
  EXPECT_EQ(first->permission, "data:read");
  EXPECT_EQ(must(grant(agent.agent_id, "data:read")), std::nullopt);
  EXPECT_THAT(permissions_of(agent.agent_id), ElementsAre("data:read"));
  EXPECT_EQ(must(read([&](Transaction& tx) {
              return tx.permissions().find(agent.agent_id, "data:read");
            })).id,
            first->id);
}

TEST_P(RepositoriesContract, APermissionOfNobodyIsAConflict) {
  EXPECT_EQ(grant(nobody, "data:read").error().code, Errc::conflict);
}

TEST_P(RepositoriesContract, APermissionTakenAwayIsGone) {
  const Agent agent = add_agent();
  must(grant(agent.agent_id, "data:read"));
  must(grant(agent.agent_id, "data:*"));
  must(write([&](Transaction& tx) { return tx.permissions().erase(agent.agent_id, "data:*"); }));
  EXPECT_THAT(permissions_of(agent.agent_id), ElementsAre("data:read"));
}

TEST_P(RepositoriesContract, PermissionsComeInPagesOldestFirst) {
  const Agent agent = add_agent();
  for (const char* permission : {"c", "a", "b"}) {
    must(grant(agent.agent_id, permission));
    let_time_pass();
  }
  const auto page = [&](const PageStart& after) {
    return must(
        read([&](Transaction& tx) { return tx.permissions().list(agent.agent_id, after, 2); }));
  };
  const auto first = page({});
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[0].permission, "c");
  EXPECT_EQ(first[1].permission, "a");
  const auto second = page({first[1].created_at, first[1].id.uuid});
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].permission, "b");
}

TEST_P(RepositoriesContract, TheDirectoryReadsEverythingAndOneAgentsRowsTogether) {
  std::set<AgentId> added;
  for (int i = 0; i < 20; ++i) added.insert(add_agent().agent_id);
  for (int round = 0; round < 3; ++round) {
    for (const AgentId& agent : added) must(grant(agent, "p" + std::to_string(round)));
  }
  std::set<AgentId> seen;
  must(read([&](Transaction& tx) {
    return tx.agents().each_state([&](const AgentRepository::State& agent) {
      EXPECT_EQ(agent.status, AgentStatus::active);
      seen.insert(agent.id);
    });
  }));
  EXPECT_EQ(seen, added);

  std::vector<AgentId> in_order;
  must(read([&](Transaction& tx) {
    return tx.permissions().each(
        [&](AgentId agent, std::string_view) { in_order.push_back(agent); });
  }));
  EXPECT_THAT(in_order, SizeIs(60));
  in_order.erase(std::unique(in_order.begin(), in_order.end()), in_order.end());
  EXPECT_THAT(in_order, SizeIs(20));
}

TEST_P(RepositoriesContract, NoticeOfAKeyThatEndsIsGivenOnceHoweverManyGiveIt) {
  const AgentId agent = add_agent().agent_id;
  const Timestamp now{Seconds{1'700'000'000}};
  const Timestamp until = now + Seconds{100};
  constexpr int keys = 60;
  for (int i = 1; i <= keys; ++i) {
    const std::string number = std::to_string(i);
    must(add_key(agent, "AAAAAAAAAA" + std::string(2 - number.size(), '0') + number,
                 now + Seconds{i}));
  }
  for (const auto& [kid, end] : {std::pair{"BBBBBBBBBBB1", std::optional(now)},
                                 std::pair{"BBBBBBBBBBB2", std::optional(until + Seconds{1})},
                                 std::pair{"BBBBBBBBBBB3", std::optional<Timestamp>()}})
    must(add_key(agent, kid, end));
  std::multiset<std::string> told;
  std::mutex mutex;
  const auto give_all = [&] {
    while (must(
        database_->read([&](Transaction& tx) { return tx.keys().is_notice_due(now, until); }))) {
      const auto given =
          must(write([&](Transaction& tx) { return tx.keys().give_notice(now, until, 7); }));
      const std::lock_guard lock(mutex);
      for (const ApiKey& key : given) told.insert(key.kid);
    }
  };
  std::thread other(give_all);
  give_all();
  other.join();
  EXPECT_THAT(told, SizeIs(keys));
  EXPECT_EQ(told.count("AAAAAAAAAA01"), 1U);
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()).size(), keys);
  const auto count = [&](std::int64_t most) {
    return must(database_->read(
        [&](Transaction& tx) { return tx.keys().count_ending(now + Seconds{10}, until, most); }));
  };
  EXPECT_EQ(count(1000), keys - 10);
  EXPECT_EQ(count(5), 5);
}

TEST_P(RepositoriesContract, AKeyEndsWhenToldToButNeverLaterThanItWasTo) {
  const AgentId agent = add_agent().agent_id;
  const Timestamp now{Seconds{1'700'000'000}};
  const auto end_at = [&](const ApiKey& key, Timestamp at) {
    return write([&](Transaction& tx) { return tx.keys().end_at(agent, key.key_id, at, now); });
  };
  const ApiKey lasting = must(add_key(agent, "AAAAAAAAAAA1"));
  const ApiKey ending = must(add_key(agent, "AAAAAAAAAAA2", now + Seconds{10}));
  EXPECT_EQ(must(end_at(lasting, now + Seconds{60})).expires_at, now + Seconds{60});
  EXPECT_EQ(must(end_at(ending, now + Seconds{60})).expires_at, now + Seconds{10});
  EXPECT_EQ(must(end_at(ending, now)).expires_at, now);
  EXPECT_EQ(end_at(ending, now).error().code, Errc::not_found) << "it has ended";
  EXPECT_EQ(end_at(ending, now + Seconds{60}).error().code, Errc::not_found);
  must(write([&](Transaction& tx) { return tx.keys().revoke(agent, lasting.key_id, now); }));
  EXPECT_EQ(end_at(lasting, now).error().code, Errc::not_found) << "it was revoked";
  for (const KeyState& state : key_states(agent)) EXPECT_GT(state.generation, 1) << state.kid;
}

TEST_P(RepositoriesContract, AKeyIsMarkedAsRotatedOnce) {
  const AgentId agent = add_agent().agent_id;
  const KeyId key = must(add_key(agent, "AAAAAAAAAAA1")).key_id;
  const KeyId other = must(add_key(agent, "AAAAAAAAAAA2")).key_id;
  const auto was_rotated = [&](KeyId which) {
    return must(read([&](Transaction& tx) { return tx.keys().was_rotated(agent, which); }));
  };
  const auto mark = [&](AgentId whose) {
    return must(write([&](Transaction& tx) {
      return tx.keys().mark_rotated(whose, key, Timestamp{Seconds{1'700'000'000}});
    }));
  };
  EXPECT_FALSE(was_rotated(key));
  EXPECT_FALSE(mark(add_agent().agent_id)) << "another's";
  EXPECT_TRUE(mark(agent));
  EXPECT_FALSE(mark(agent));
  EXPECT_TRUE(was_rotated(key));
  EXPECT_FALSE(was_rotated(other));
}

TEST_P(RepositoriesContract, TheRenewalOfAKeyIsLimitedToTheEarliestTime) {
  const AgentId agent = add_agent().agent_id;
  const KeyId key = must(add_key(agent, "AAAAAAAAAAA1")).key_id;
  const Timestamp end{Seconds{1'700'000'000}};
  const auto limit = [&](AgentId whose, Timestamp until) {
    return write([&](Transaction& tx) { return tx.keys().limit_renewal(whose, key, until); });
  };
  const auto until = [&](KeyId which) {
    return must(
        read([&](Transaction& tx) { return tx.keys().find_renewable_until(agent, which); }));
  };
  EXPECT_EQ(until(key), std::nullopt);
  EXPECT_EQ(limit(add_agent().agent_id, end).error().code, Errc::not_found) << "another's";
  for (const Seconds later : {Seconds{60}, Seconds{0}, Seconds{30}})
    must(limit(agent, end + later));
  EXPECT_EQ(until(key), end);
  const ApiKey inserted = must(write([&](Transaction& tx) {
    return tx.keys().insert(
        {agent, "AAAAAAAAAAA2", "hash", tag_of("a"), "CI", {}, {}, ExpiryNotice::due, end});
  }));
  EXPECT_EQ(until(inserted.key_id), end);
}

TEST_P(RepositoriesContract, TheConstraintsOfAKeyAreKeptAndAbsentOnesStayAbsent) {
  const AgentId agent = add_agent().agent_id;
  const Timestamp start{Seconds{1'700'000'000}};
  const KeyConstraints narrow{start, {{"10.0.0.0/8", "2001:db8::/32"}}, {{"read_weather", "a:*"}}};
  const ApiKey narrowed = must(write([&](Transaction& tx) {
    return tx.keys().insert({agent, "AAAAAAAAAAA1", "hash", tag_of("a"), "CI", {}, narrow});
  }));
  EXPECT_EQ(narrowed.constraints, narrow);
  EXPECT_FALSE(must(add_key(agent, "AAAAAAAAAAA2")).constraints.any());
  for (const ApiKey& key :
       must(read([&](Transaction& tx) { return tx.keys().list(agent, {}, 9); })))
    EXPECT_EQ(key.constraints.any(), key.kid == "AAAAAAAAAAA1");
  for (const KeyState& state : key_states(agent))
    EXPECT_EQ(state.constraints, state.kid == "AAAAAAAAAAA1" ? narrow : KeyConstraints{});
}

TEST_P(RepositoriesContract, AKeyIsFoundByItsKidUnderItsOwnAgentOnly) {
  const AgentId agent = add_agent().agent_id;
  const AgentId other = add_agent().agent_id;
  const ApiKey key = must(add_key(agent, "AAAAAAAAAAA1"));
  const auto find = [&](AgentId whose, std::string_view kid) {
    return read([&](Transaction& tx) { return tx.keys().find_by_kid(whose, kid); });
  };
  EXPECT_EQ(must(find(agent, "AAAAAAAAAAA1")).key_id, key.key_id);
  EXPECT_EQ(find(other, "AAAAAAAAAAA1").error().code, Errc::not_found);
  EXPECT_EQ(find(agent, "AAAAAAAAAAA2").error().code, Errc::not_found);
}

TEST_P(RepositoriesContract, TheStatusOfAllAgentsOfAnOwnerChangesWithARowForEach) {
  std::set<AgentId> owned;
  for (const std::string owner : {"robots@example.com", "Robots@Example.COM"})
    for (int i = 0; i < 10; ++i) owned.insert(add_agent("Bot", owner).agent_id);
  const AgentId other = add_agent("Bot", "robots@example.org").agent_id;
  must(write([&](Transaction& tx) { return tx.changes().append(ChangeKind::agent, other); }));
  const auto changed = must(write([&](Transaction& tx) -> Result<std::vector<AgentId>> {
    auto agents =
        TRY(tx.agents().suspend_owner("robots@example.com", Timestamp{Seconds{1'700'000'000}}));
    TRY(tx.changes().append_statuses_of_owner("robots@example.com"));
    return agents;
  }));
  EXPECT_EQ(std::set(changed.begin(), changed.end()), owned);
  must(read([&](Transaction& tx) {
    return tx.agents().each_state([&](const AgentRepository::State& agent) {
      EXPECT_EQ(agent.status == AgentStatus::suspended, owned.contains(agent.id));
    });
  }));
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.changes().revision(); })), 21);
  const auto changes = must(read([](Transaction& tx) { return tx.changes().after(1, 100); }));
  ASSERT_THAT(changes, SizeIs(20));
  std::set<AgentId> told;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].revision, static_cast<Revision>(i + 2));
    EXPECT_EQ(changes[i].kind, ChangeKind::status);
    told.insert(changes[i].agent_id);
  }
  EXPECT_EQ(told, owned);
}

TEST_P(RepositoriesContract, AnOwnerThatIsResumedLeavesWhoWasSuspendedAlone) {
  const Timestamp now{Seconds{1'700'000'000}};
  const AgentId with_owner = add_agent("Bot", "Robots@example.com").agent_id;
  const AgentId alone = add_agent("Bot", "robots@example.com").agent_id;
  const AgentId woken = add_agent("Bot", "robots@example.com").agent_id;
  const auto suspended = [&] {
    std::set<AgentId> found;
    must(read([&](Transaction& tx) {
      return tx.agents().each_state([&](const AgentRepository::State& agent) {
        if (agent.status == AgentStatus::suspended) found.insert(agent.id);
      });
    }));
    return found;
  };
  const auto is_owner_suspended = [&](const std::string& owner) {
    return must(read([&](Transaction& tx) { return tx.agents().is_owner_suspended(owner); }));
  };
  const auto resume = [&] {
    return write(
        [&](Transaction& tx) { return tx.agents().resume_owner("ROBOTS@example.com", now); });
  };
  EXPECT_THAT(must(resume()), SizeIs(0)) << "nobody was suspended";
  must(write([&](Transaction& tx) -> Result<void> {
    TRY(tx.agents().set_status(alone, AgentStatus::suspended, now));
    TRY(tx.agents().set_status(woken, AgentStatus::suspended, now));
    // As a node of before would: it does not know who was suspended alone.
    TRY(tx.session().execute("UPDATE agents SET status = 'active' WHERE id = $1", {woken}));
    return {};
  }));
  for (int again = 0; again < 2; ++again)
    EXPECT_THAT(must(write([&](Transaction& tx) {
                  return tx.agents().suspend_owner("robots@example.com", now);
                })),
                SizeIs(3));
  EXPECT_THAT(suspended(), SizeIs(3));
  EXPECT_TRUE(is_owner_suspended("Robots@Example.com"));
  EXPECT_FALSE(is_owner_suspended("others@example.com"));
  const auto resumed = must(resume());
  EXPECT_EQ(std::set(resumed.begin(), resumed.end()), (std::set{with_owner, woken}));
  EXPECT_EQ(suspended(), std::set{alone});
  EXPECT_FALSE(is_owner_suspended("robots@example.com"));
  EXPECT_THAT(must(resume()), SizeIs(0));
  must(write([&](Transaction& tx) -> Result<void> {
    TRY(tx.agents().suspend_owner("robots@example.com", now));
    for (const AgentId agent : {with_owner, alone, woken}) TRY(tx.agents().erase(agent));
    return {};
  }));
  EXPECT_THAT(must(resume()), SizeIs(0)) << "the owner alone";
  EXPECT_EQ(resume().error().code, Errc::not_found);
}

TEST_P(RepositoriesContract, ChangesAreNumberedFromOneAndReadFromAnywhere) {
  const Agent agent = add_agent();
  const auto append = [&](ChangeKind kind) {
    return must(write([&](Transaction& tx) { return tx.changes().append(kind, agent.agent_id); }));
  };
  const auto after = [&](Revision revision, std::int64_t limit) {
    return must(read([&](Transaction& tx) { return tx.changes().after(revision, limit); }));
  };
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.changes().revision(); })), 0);
  EXPECT_EQ(append(ChangeKind::agent), 1);
  EXPECT_EQ(append(ChangeKind::key), 2);
  EXPECT_EQ(append(ChangeKind::permission), 3);
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.changes().revision(); })), 3);

  const auto changes = after(1, 10);
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].revision, 2);
  EXPECT_EQ(changes[0].kind, ChangeKind::key);
  EXPECT_EQ(changes[0].agent_id, agent.agent_id);
  EXPECT_EQ(changes[1].kind, ChangeKind::permission);
  EXPECT_THAT(after(0, 1), SizeIs(1));
  EXPECT_THAT(after(3, 10), IsEmpty());
}

TEST_P(RepositoriesContract, TheLastChangeSaysWhenItWasMade) {
  const auto newest = [&] {
    return must(read([](Transaction& tx) { return tx.changes().newest_time(); }));
  };
  EXPECT_EQ(newest(), std::nullopt);
  const Agent agent = add_agent();
  must(write(
      [&](Transaction& tx) { return tx.changes().append(ChangeKind::agent, agent.agent_id); }));
  ASSERT_TRUE(newest());
  EXPECT_LT(std::chrono::abs(*newest() - SystemClock().now()), std::chrono::minutes{1});
}

TEST_P(RepositoriesContract, PrunedChangesAreGoneAndTheNumbersGoOn) {
  const Agent agent = add_agent();
  const auto append = [&](Transaction& tx) {
    return tx.changes().append(ChangeKind::agent, agent.agent_id);
  };
  for (int i = 0; i < 3; ++i) must(write(append));
  must(write([](Transaction& tx) { return tx.changes().prune(2, 100); }));
  EXPECT_THAT(must(read([](Transaction& tx) { return tx.changes().after(0, 10); })), SizeIs(1));
  EXPECT_EQ(must(write(append)), 4);
}

TEST_P(RepositoriesContract, AChangeOutlivesItsAgent) {
  const Agent agent = add_agent();
  must(write([&](Transaction& tx) -> Result<void> {
    TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
    return tx.agents().erase(agent.agent_id);
  }));
  const auto changes = must(read([](Transaction& tx) { return tx.changes().after(0, 10); }));
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].agent_id, agent.agent_id);
}

TEST_P(RepositoriesContract, TheFirstValueOfASettingStays) {
  const auto keep = [&](const std::string& value) {
    return must(
        write([&](Transaction& tx) { return tx.settings().keep_first("fingerprint", value); }));
  };
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.settings().find("fingerprint"); })),
            std::nullopt);
  EXPECT_EQ(keep("mine"), "mine");
  EXPECT_EQ(keep("yours"), "mine");
  EXPECT_EQ(must(read([](Transaction& tx) { return tx.settings().find("fingerprint"); })), "mine");
}

TEST_P(RepositoriesContract, ASettingThatIsReplacedIsTheLastOne) {
  const auto replace = [&](const std::string& value) {
    must(write([&](Transaction& tx) { return tx.settings().replace("limits", value); }));
    return *must(read([](Transaction& tx) { return tx.settings().find("limits"); }));
  };
  EXPECT_EQ(replace("one"), "one");
  EXPECT_EQ(replace("two"), "two");
  must(write([&](Transaction& tx) { return tx.settings().replace("other", "x"); }));
  EXPECT_EQ(*must(read([](Transaction& tx) { return tx.settings().find("limits"); })), "two");
}

class SigningKeysContract : public RepositoriesContract {
 protected:
  Result<void> insert(const std::string& kid, Timestamp signs_from) {
    return write([&](Transaction& tx) {
      return tx.signing_keys().insert({kid, "HS256", sealed_, now_, signs_from, 900s});
    });
  }
  std::vector<SealedSigningKey> list() {
    return must(read([](Transaction& tx) { return tx.signing_keys().list(); }));
  }

  const Timestamp now_ = clock_.now();
  const Bytes sealed_{0, 1, 2, 0, 255};
};

INSTANTIATE_TEST_SUITE_P(Store, SigningKeysContract, testing::every_backend, testing::backend_name);

TEST_P(SigningKeysContract, ComeInTheOrderTheySignTheLastOneFirst) {
  must(insert("old", now_ - 1h));
  must(insert("new", now_ + 10min));
  must(insert("middle", now_));
  EXPECT_EQ(insert("new", now_).error().code, Errc::conflict);
  const auto keys = list();
  ASSERT_THAT(keys, SizeIs(3));
  EXPECT_EQ(keys[0].kid, "new");
  EXPECT_EQ(keys[1].kid, "middle");
  EXPECT_EQ(keys[2].kid, "old");
  EXPECT_EQ(keys[0].algorithm, "HS256");
  EXPECT_EQ(keys[0].sealed_secret, sealed_);
  EXPECT_EQ(keys[0].created_at, now_);
  EXPECT_EQ(keys[0].signs_from, now_ + 10min);
  EXPECT_EQ(keys[0].token_lifetime, 900s);
}

TEST_P(SigningKeysContract, TheLifetimeOfTokensOnlyGrows) {
  must(insert("key", now_));
  const auto raise = [&](Seconds lifetime) {
    must(write([&](Transaction& tx) { return tx.signing_keys().raise_token_lifetime(lifetime); }));
    return list()[0].token_lifetime;
  };
  EXPECT_EQ(raise(1h), 1h);
  EXPECT_EQ(raise(60s), 1h);
}

TEST_P(SigningKeysContract, OneThatIsErasedIsGoneAndTheOthersStay) {
  must(insert("one", now_));
  must(insert("two", now_ + 1s));
  must(write([](Transaction& tx) { return tx.signing_keys().erase("one"); }));
  ASSERT_THAT(list(), SizeIs(1));
  EXPECT_EQ(list()[0].kid, "two");
}

class IdempotencyContract : public RepositoriesContract {
 protected:
  Result<void> insert(const std::string& scope, const std::string& body, Timestamp now) {
    const IdempotentAnswer answer{{0, 7, 0}, 201, body, "agent", ""};
    return write(
        [&](Transaction& tx) { return tx.idempotency().insert(scope, answer, now, now - 24h); });
  }
  std::optional<IdempotentAnswer> find(const std::string& scope, Timestamp now) {
    return must(read([&](Transaction& tx) { return tx.idempotency().find(scope, now - 24h); }));
  }

  const Timestamp start_ = clock_.now();
};

INSTANTIATE_TEST_SUITE_P(Store, IdempotencyContract, testing::every_backend, testing::backend_name);

TEST_P(IdempotencyContract, AnAnswerIsKeptForADay) {
  EXPECT_EQ(find("scope", start_), std::nullopt);
  must(insert("scope", "{\"a\":1}", start_));
  const auto kept = find("scope", start_ + 24h);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->request_hash, (Bytes{0, 7, 0}));
  EXPECT_EQ(kept->status, 201);
  EXPECT_EQ(kept->body, "{\"a\":1}");
  EXPECT_EQ(kept->agent_id, "agent");
  EXPECT_EQ(kept->key_id, "");
  EXPECT_EQ(find("other scope", start_), std::nullopt);
  EXPECT_EQ(find("scope", start_ + 24h + 1ms), std::nullopt);
}

TEST_P(IdempotencyContract, TheFirstAnswerWinsUntilItIsOld) {
  must(insert("scope", "first", start_));
  EXPECT_EQ(insert("scope", "second", start_ + 1h).error().code, Errc::conflict);
  EXPECT_EQ(find("scope", start_ + 1h)->body, "first");
  must(insert("scope", "third", start_ + 25h));
  EXPECT_EQ(find("scope", start_ + 25h)->body, "third");
}

TEST_P(IdempotencyContract, SweepingForgetsOldAnswersAFewAtATime) {
  for (int i = 0; i < 3; ++i) must(insert("old" + std::to_string(i), "", start_ - 25h));
  must(insert("young", "", start_));
  const auto sweep = [&] {
    must(write([&](Transaction& tx) { return tx.idempotency().sweep(start_ - 24h, 2); }));
  };
  const auto left = [&] {
    int count = 0;
    for (const char* scope : {"old0", "old1", "old2", "young"})
      count += find(scope, start_ - 25h).has_value() ? 1 : 0;
    return count;
  };
  sweep();
  EXPECT_EQ(left(), 2);
  sweep();
  EXPECT_EQ(left(), 1);
  EXPECT_TRUE(find("young", start_));
}

}  // namespace
}  // namespace agentauth
