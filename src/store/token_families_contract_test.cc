// What the table of token families promises, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/testing/contract.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::Backend;
using testing::must;
using testing::TestDatabase;

constexpr Timestamp now{std::chrono::seconds{1'700'000'000}};

class TokenFamiliesContract : public ::testing::TestWithParam<Backend> {
 protected:
  using Token = TokenFamilyRepository::Token;

  static FamilyId family(std::uint8_t number) {
    FamilyId id{};
    id.uuid.bytes[0] = number;
    return id;
  }
  static Token token(std::int64_t number, std::uint8_t of = 1) {
    return {family(of), AgentId{}, number, now + 1h};
  }
  bool spend(const Token& token, Timestamp at = now, Timestamp idle_since = now - 1h) {
    return must(database_->write(
        [&](Transaction& tx) { return tx.token_families().spend(token, at, idle_since); }));
  }
  bool revoke(const Token& token, Timestamp at = now) {
    return must(
        database_->write([&](Transaction& tx) { return tx.token_families().revoke(token, at); }));
  }
  std::optional<TokenFamilyRepository::State> find(std::uint8_t number = 1) {
    return must(
        database_->read([&](Transaction& tx) { return tx.token_families().find(family(number)); }));
  }
  std::vector<FamilyId> revoked_since(Timestamp since) {
    std::vector<FamilyId> found;
    must(database_->read([&](Transaction& tx) {
      return tx.token_families().each_revoked(since,
                                              [&](FamilyId id, Timestamp) { found.push_back(id); });
    }));
    return found;
  }

  TestDatabase where_{GetParam(), testing::Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

INSTANTIATE_TEST_SUITE_P(Store, TokenFamiliesContract, testing::every_backend,
                         testing::backend_name);

TEST_P(TokenFamiliesContract, EachTokenIsSpentOnceAndInOrder) {
  EXPECT_FALSE(find().has_value());
  EXPECT_FALSE(spend(token(1))) << "the login's comes first";
  EXPECT_TRUE(spend(token(0)));
  EXPECT_FALSE(spend(token(0)));
  EXPECT_FALSE(spend(token(2)));
  EXPECT_TRUE(spend(token(1), now + 1s));
  EXPECT_FALSE(spend(token(1)));
  EXPECT_EQ(find()->next, 2);
  EXPECT_EQ(find()->spends, (std::vector{now + 1s, now}));
  EXPECT_EQ(find()->revoked_at, std::nullopt);
}

TEST_P(TokenFamiliesContract, AFamilyKnowsWhenItsLastTokensWereSpent) {
  constexpr std::int64_t last = TokenFamilyRepository::spends_kept + 1;
  const auto spent_at = [](std::int64_t number) { return now + number * 1ms; };
  for (std::int64_t number = 0; number <= last; ++number)
    ASSERT_TRUE(spend(token(number), spent_at(number))) << number;
  const auto state = find();
  EXPECT_EQ(state->when_spent(last + 1), std::nullopt) << "not yet";
  for (std::int64_t number = last; number >= 2; --number)
    EXPECT_EQ(state->when_spent(number), spent_at(number)) << number;
  EXPECT_EQ(state->when_spent(1), std::nullopt) << "too many since";
  EXPECT_EQ(state->when_spent(-1), std::nullopt);
}

TEST_P(TokenFamiliesContract, NoTokenWasSpentAfterThoseThatFollowIt) {
  for (const auto& [number, at] : {std::pair{0, now + 1h}, {1, now + 2h}, {2, now}, {3, now + 1s}})
    ASSERT_TRUE(spend(token(number), at));
  const auto state = find();
  for (const std::int64_t number : {0, 1, 2}) EXPECT_EQ(state->when_spent(number), now) << number;
  EXPECT_EQ(state->when_spent(3), now + 1s);
}

TEST_P(TokenFamiliesContract, ATokenThatLayIdleIsNotSpent) {
  EXPECT_TRUE(spend(token(0)));
  EXPECT_FALSE(spend(token(1), now + 1h, now));
  EXPECT_TRUE(spend(token(1), now + 1h, now - 1ms));
}

TEST_P(TokenFamiliesContract, OfManyAtOnceOneSpends) {
  for (const std::int64_t number : {0, 1, 2}) {
    std::atomic<int> spent = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < 8; ++i)
        callers.emplace_back([&] { spent += spend(token(number)) ? 1 : 0; });
    }
    EXPECT_EQ(spent, 1) << number;
  }
}

TEST_P(TokenFamiliesContract, ARevokedFamilySpendsNothingAndIsRevokedOnce) {
  EXPECT_TRUE(spend(token(0, 1)));
  EXPECT_TRUE(revoke(token(0, 1), now + 1s));
  EXPECT_FALSE(revoke(token(0, 1), now + 2s));
  EXPECT_EQ(find(1)->revoked_at, now + 1s);
  EXPECT_EQ(find(1)->next, 1);
  EXPECT_FALSE(spend(token(1, 1)));
  EXPECT_TRUE(revoke(token(0, 2), now)) << "also without a row";
  EXPECT_FALSE(spend(token(0, 2)));
  EXPECT_EQ(revoked_since(now + 1s), std::vector{family(1)});
  EXPECT_EQ(revoked_since(now).size(), 2U);
}

TEST_P(TokenFamiliesContract, WhatAFamilyStandsOnIsReadAsItIsCommitted) {
  const std::string kid = "4fJx0Zk2QmP1";
  const auto change = [&](auto work) {
    return must(database_->write([&](Transaction& tx) { return work(tx); }));
  };
  const auto standing = [&](AgentId of) {
    return must(database_->read(
        [&](Transaction& tx) { return tx.token_families().find_standing(of, kid); }));
  };
  const AgentId agent =
      change([](Transaction& tx) { return tx.agents().insert("Bot", "a@b.example"); }).agent_id;
  EXPECT_FALSE(standing(agent)) << "no such key";
  const ApiKey key = change([&](Transaction& tx) {
    return tx.keys().insert({agent, kid, "hash", {}, "", {}});
  });
  ASSERT_TRUE(standing(agent));
  EXPECT_EQ(standing(agent)->status, AgentStatus::active);
  EXPECT_FALSE(standing(agent)->is_key_revoked);
  EXPECT_EQ(standing(agent)->key_ends_at, std::nullopt);
  EXPECT_FALSE(standing(AgentId{})) << "another agent's";
  const auto generation = standing(agent)->token_generation;

  change([&](Transaction& tx) { return tx.agents().revoke_tokens(agent); });
  EXPECT_EQ(standing(agent)->token_generation, generation + 1);
  change(
      [&](Transaction& tx) { return tx.agents().set_status(agent, AgentStatus::suspended, now); });
  EXPECT_EQ(standing(agent)->status, AgentStatus::suspended);
  change([&](Transaction& tx) { return tx.keys().end_at(agent, key.key_id, now + 1h, now); });
  EXPECT_EQ(standing(agent)->key_ends_at, now + 1h);
  change([&](Transaction& tx) { return tx.keys().revoke(agent, key.key_id, now); });
  EXPECT_TRUE(standing(agent)->is_key_revoked);
  change([&](Transaction& tx) { return tx.agents().erase(agent); });
  EXPECT_FALSE(standing(agent));
}

TEST_P(TokenFamiliesContract, WhatEndedIsSweptInBatchesAndNothingElse) {
  for (std::uint8_t number = 1; number <= 5; ++number) spend(token(0, number));
  const auto sweep = [&](Timestamp before, std::int64_t limit) {
    return must(database_->write(
        [&](Transaction& tx) { return tx.token_families().sweep(before, limit); }));
  };
  const auto has_ended = [&](Timestamp before) {
    return must(
        database_->read([&](Transaction& tx) { return tx.token_families().has_ended(before); }));
  };
  EXPECT_FALSE(has_ended(now + 1h));
  EXPECT_EQ(sweep(now + 1h, 10), 0);
  EXPECT_TRUE(has_ended(now + 1h + 1ms));
  EXPECT_EQ(sweep(now + 1h + 1ms, 3), 3);
  EXPECT_EQ(sweep(now + 1h + 1ms, 3), 2);
  EXPECT_FALSE(has_ended(now + 1h + 1ms));
}

TEST_P(TokenFamiliesContract, AChangeOfAFamilySaysWhich) {
  must(database_->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.changes().append(ChangeKind::agent, AgentId{}));
    TRY(tx.changes().append_family(AgentId{}, family(7)));
    return {};
  }));
  const auto changes =
      must(database_->read([](Transaction& tx) { return tx.changes().after(0, 10); }));
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].family, std::nullopt);
  EXPECT_EQ(changes[1].family, family(7));
  EXPECT_EQ(changes[1].kind, ChangeKind::token_family);
}

}  // namespace
}  // namespace agentauth
