// What the repository of agents promises, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "store/testing/repository_test.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::must;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const AgentId nobody{};
const KeyId no_key{};

class AgentsContract : public testing::RepositoryTest {};

INSTANTIATE_TEST_SUITE_P(Store, AgentsContract, testing::every_backend, testing::backend_name);

TEST_P(AgentsContract, ANewAgentIsActiveAndJustCreated) {
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

TEST_P(AgentsContract, WhatConcernsNobodyIsNotFound) {
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

TEST_P(AgentsContract, AnUpdateChangesOnlyWhatItNames) {
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

TEST_P(AgentsContract, ASuspendedAgentStaysSuspendedUntilResumed) {
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

TEST_P(AgentsContract, EachRevocationOfTokensIsAGenerationOfThatAgentAlone) {
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

TEST_P(AgentsContract, TheTokensOfAllAgentsAreRevokedByAsManyGenerationsAsAreTold) {
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

TEST_P(AgentsContract, AListIsFilteredByNameOwnerAndStatus) {
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

TEST_P(AgentsContract, AnOwnerIsFoundInWhateverCaseOfAsciiLetters) {
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

TEST_P(AgentsContract, PagesHoldEveryAgentOnceAndOldestFirst) {
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

TEST_P(AgentsContract, AnErasedAgentTakesItsKeysAndPermissionsWithIt) {
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

TEST_P(AgentsContract, TheDirectoryReadsEverythingAndOneAgentsRowsTogether) {
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

TEST_P(AgentsContract, TheStatusOfAllAgentsOfAnOwnerChangesWithARowForEach) {
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

TEST_P(AgentsContract, AnOwnerThatIsResumedLeavesWhoWasSuspendedAlone) {
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

}  // namespace
}  // namespace agentauth
