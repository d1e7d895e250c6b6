// What the repository of API keys promises, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>

#include "store/testing/repository_test.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::must;
using ::testing::SizeIs;

const AgentId nobody{};

class ApiKeysContract : public testing::RepositoryTest {};

INSTANTIATE_TEST_SUITE_P(Store, ApiKeysContract, testing::every_backend, testing::backend_name);

TEST_P(ApiKeysContract, AKeyIsFoundByItsKidAlsoWhenItWasRevoked) {
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

TEST_P(ApiKeysContract, AKeyIsStoredWithItsTagAndHash) {
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

TEST_P(ApiKeysContract, AKidBelongsToOneKeyAndAKeyToAnAgent) {
  const Agent agent = add_agent();
  must(add_key(agent.agent_id, "kid000000001"));
  EXPECT_EQ(add_key(agent.agent_id, "kid000000001").error().code, Errc::conflict);
  EXPECT_EQ(add_key(nobody, "kid000000002").error().code, Errc::conflict);
  EXPECT_THAT(key_states(agent.agent_id), SizeIs(1));
}

TEST_P(ApiKeysContract, AnotherAgentsKeyIsNotFound) {
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

TEST_P(ApiKeysContract, ARevokedKeyKeepsTheTimeOfItsFirstRevocation) {
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

TEST_P(ApiKeysContract, KeysComeInPagesOldestFirst) {
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

TEST_P(ApiKeysContract, NoticeOfAKeyThatEndsIsGivenOnceHoweverManyGiveIt) {
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

TEST_P(ApiKeysContract, AKeyEndsWhenToldToButNeverLaterThanItWasTo) {
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

TEST_P(ApiKeysContract, AKeyIsMarkedAsRotatedOnce) {
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

TEST_P(ApiKeysContract, TheRenewalOfAKeyIsLimitedToTheEarliestTime) {
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

TEST_P(ApiKeysContract, TheConstraintsOfAKeyAreKeptAndAbsentOnesStayAbsent) {
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

TEST_P(ApiKeysContract, AKeyIsFoundByItsKidUnderItsOwnAgentOnly) {
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

}  // namespace
}  // namespace agentauth
