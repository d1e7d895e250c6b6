#include "tokens/refresh_service.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "directory/testing/replica.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;

constexpr const char* kid = "4fJx0Zk2QmP1";
constexpr RefreshOptions options{.lifetime = 1h, .idle = 20min, .grace = 10s};

Result<RefreshService::Pair> spend(Replica& replica, RefreshService& service, std::string_view text,
                                   const IpAddress& from = {}) {
  const RefreshToken token = TRY(service.accept(text, from));
  const auto change =
      TRY(replica.database().write([&](Transaction& tx) { return service.spend(tx, token); }));
  if (!change || *change != RefreshService::Change::spent)
    return invalid_refresh_token(change ? AuditReason::refresh_replayed : change.error());
  TRY(service.require_standing(token, from));
  return service.successor_of(token);
}

// A login and what follows from it, on a node of its own.
class World {
 public:
  World() { replica.add_key(agent, kid); }

  RefreshService::Pair log_in() {
    std::uint32_t generation = 0;
    {
      const Directory::View view(replica.directory());
      generation = view.find_agent(agent)->token_generation;
    }
    return service.begin(agent, kid, generation);
  }
  // The successor, or "" when it is refused, always in the same words.
  std::string refresh(const std::string& token) {
    const auto pair = spend(replica, service, token);
    if (pair) return pair->refresh_token;
    EXPECT_EQ(pair.error().code, Errc::unauthenticated);
    EXPECT_EQ(pair.error().message, "The refresh token is not valid");
    return "";
  }
  void log_out(const Caller& caller) {
    value_of(replica.database().write([&](Transaction& tx) { return service.end(tx, caller); }));
  }
  // Whether an access token of that caller would still be let in.
  bool acts(const Caller& caller) {
    const Directory::View view(replica.directory());
    const AgentRecord* record = view.find_agent(caller.agent_id);
    return record != nullptr && record->status == AgentStatus::active &&
           record->token_generation == caller.token_generation && !view.is_revoked(caller.family);
  }
  std::int64_t rows() { return replica.number("SELECT COUNT(*) FROM token_families"); }

  Replica replica;
  ManualClock clock;
  SystemRandom random;
  MasterKey master_key{Bytes(32, 7)};
  RefreshService service{
      replica.database(), replica.directory(), master_key, clock, random, options};
  AgentId agent = replica.add_agent();
};

class RefreshServiceTest : public testing::Test, protected World {};

TEST_F(RefreshServiceTest, ALoginWritesNothing) {
  const auto revision = replica.revision();
  const auto pair = log_in();
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(replica.revision(), revision);
  EXPECT_EQ(pair.expires_in, options.idle);
  EXPECT_EQ(pair.caller.agent_id, agent);
  EXPECT_NE(pair.caller.family, log_in().caller.family);
}

TEST_F(RefreshServiceTest, EachRefreshGivesTheNextTokenOfTheSameFamily) {
  const auto first = log_in();
  const auto second = value_of(spend(replica, service, first.refresh_token));
  const auto third = value_of(spend(replica, service, second.refresh_token));
  EXPECT_EQ(second.caller, first.caller);
  EXPECT_EQ(third.caller, first.caller);
  EXPECT_EQ((std::set{first.refresh_token, second.refresh_token, third.refresh_token}.size()), 3U);
  EXPECT_EQ(rows(), 1);
}

TEST_F(RefreshServiceTest, ARetryWithinTheGraceGetsTheSameSuccessor) {
  const std::string first = log_in().refresh_token;
  const std::string second = refresh(first);
  clock.advance(9'999ms);
  EXPECT_EQ(refresh(first), second);
  const std::string third = refresh(second);
  clock.advance(5s);
  EXPECT_EQ(refresh(second), third);
  EXPECT_NE(refresh(third), "");
}

TEST_F(RefreshServiceTest, SpentAgainAfterTheGraceEndsTheFamilyAndItsAccessTokens) {
  for (const int times : {1, 3}) {
    const auto login = log_in();
    std::string spent = login.refresh_token;
    std::string next = refresh(spent);
    for (int i = 1; i < times; ++i) spent = next, next = refresh(next);
    EXPECT_TRUE(acts(login.caller));
    clock.advance(10s);
    EXPECT_EQ(refresh(spent), "");
    EXPECT_EQ(refresh(next), "") << "the thief may have this one";
    EXPECT_FALSE(acts(login.caller));
  }
}

// What a proxy sends again may come after the successor was spent.
TEST_F(RefreshServiceTest, AnOlderTokenHasAGraceOfItsOwn) {
  const auto login = log_in();
  const std::string second = refresh(login.refresh_token);
  clock.advance(6s);
  const std::string third = refresh(second);
  clock.advance(3'999ms);
  EXPECT_EQ(refresh(login.refresh_token), second);
  EXPECT_EQ(refresh(second), third);
  clock.advance(1ms);
  EXPECT_EQ(refresh(second), third);
  EXPECT_TRUE(acts(login.caller));
  EXPECT_EQ(refresh(login.refresh_token), "");
  EXPECT_EQ(refresh(third), "");
  EXPECT_FALSE(acts(login.caller));
}

TEST_F(RefreshServiceTest, WhatLiesTooManyTokensBackIsAReplayWithinTheGraceToo) {
  const auto login = log_in();
  std::string next = login.refresh_token;
  std::vector<std::string> spent;
  for (std::size_t i = 0; i <= TokenFamilyRepository::spends_kept; ++i) {
    spent.push_back(next);
    next = refresh(next);
  }
  EXPECT_EQ(refresh(spent[1]), spent[2]);
  EXPECT_EQ(refresh(spent[0]), "");
  EXPECT_FALSE(acts(login.caller));
}

TEST_F(RefreshServiceTest, AnotherFamilyOfTheSameAgentIsLeftAlone) {
  const auto other = log_in();
  const std::string first = log_in().refresh_token;
  refresh(first);
  clock.advance(10s);
  refresh(first);
  EXPECT_TRUE(acts(other.caller));
  EXPECT_NE(refresh(other.refresh_token), "");
}

TEST_F(RefreshServiceTest, AFamilyEndsHoweverOftenItIsRefreshed) {
  std::string token = log_in().refresh_token;
  for (int minutes = 0; minutes < 59; ++minutes) {
    clock.advance(1min);
    token = refresh(token);
    ASSERT_NE(token, "") << minutes;
  }
  clock.advance(59s);
  const auto last = value_of(spend(replica, service, token));
  EXPECT_EQ(last.expires_in, 1s) << "no token promises more than its family has left";
  clock.advance(1s);
  EXPECT_EQ(refresh(last.refresh_token), "");
}

TEST_F(RefreshServiceTest, ATokenThatIsLeftLyingForTooLongIsOfNoUse) {
  const std::string first = log_in().refresh_token;
  const std::string other = log_in().refresh_token;
  clock.advance(20min - 1ms);
  const std::string second = refresh(first);
  ASSERT_NE(second, "");
  clock.advance(1ms);
  EXPECT_EQ(refresh(other), "");
  clock.advance(20min - 2ms);
  const std::string third = refresh(second);
  ASSERT_NE(third, "");
  clock.advance(20min);
  EXPECT_EQ(refresh(third), "");
}

TEST_F(RefreshServiceTest, AShorterLifetimeBitesOnWhatWasPromisedLonger) {
  const std::string token = log_in().refresh_token;
  RefreshService shorter(replica.database(), replica.directory(), master_key, clock, random,
                         {.lifetime = 5min, .idle = 5min, .grace = 10s});
  clock.advance(5min);
  EXPECT_FALSE(spend(replica, shorter, token));
  EXPECT_NE(refresh(token), "");
}

TEST_F(RefreshServiceTest, AgentAndKeyAreAskedAtEachRefresh) {
  const AgentId other = replica.add_agent();
  const std::string token = log_in().refresh_token;
  replica.suspend(agent);
  EXPECT_EQ(refresh(token), "");
  replica.set_status(agent, AgentStatus::active);
  EXPECT_EQ(rows(), 0) << "a refused refresh spends nothing";
  const std::string next = refresh(token);
  ASSERT_NE(next, "");
  EXPECT_FALSE(spend(replica, service, service.begin(other, kid, 0).refresh_token))
      << "the key is another agent's";
  EXPECT_FALSE(spend(replica, service, service.begin(agent, "AAAAAAAAAAAA", 0).refresh_token))
      << "there is no such key";
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute("UPDATE api_keys SET revoked_at = $1", {clock.now()}));
    TRY(tx.changes().append(ChangeKind::key, agent));
    return {};
  }));
  EXPECT_EQ(refresh(next), "");
}

// What another node has answered, and this one has not heard of.
TEST_F(RefreshServiceTest, WhatWasCommittedElsewhereBitesBeforeThisNodeHearsOfIt) {
  const auto why_after = [&](auto change) {
    const std::string token = log_in().refresh_token;
    replica.elsewhere(agent, change);
    const RefreshToken read = value_of(service.accept(token, {}));
    const auto spent = value_of(
        replica.database().migrate([&](Transaction& tx) { return service.spend(tx, read); }));
    return spent ? AuditReason::none : spent.error();
  };
  EXPECT_EQ(why_after([&](Transaction& tx) {
              return tx.agents().set_status(agent, AgentStatus::suspended, Timestamp{});
            }),
            AuditReason::agent_suspended);
  replica.set_status(agent, AgentStatus::active);
  EXPECT_EQ(why_after([&](Transaction& tx) { return tx.agents().revoke_tokens(agent); }),
            AuditReason::refresh_revoked);
  replica.set_status(agent, AgentStatus::active);  // heard of
  EXPECT_EQ(why_after([&](Transaction& tx) {
              return tx.session().execute("UPDATE api_keys SET expires_at = $1", {clock.now()});
            }),
            AuditReason::key_expired);
  replica.execute("UPDATE api_keys SET expires_at = NULL");
  EXPECT_EQ(why_after([&](Transaction& tx) {
              return tx.session().execute("UPDATE api_keys SET revoked_at = $1", {clock.now()});
            }),
            AuditReason::key_revoked);
  EXPECT_EQ(rows(), 0) << "and nothing was spent";
}

TEST_F(RefreshServiceTest, ARetryWithinTheGraceIsRefusedAfterASuspensionElsewhereToo) {
  const RefreshToken token = value_of(service.accept(log_in().refresh_token, {}));
  const auto spend_again = [&] {
    return value_of(
        replica.database().migrate([&](Transaction& tx) { return service.spend(tx, token); }));
  };
  EXPECT_EQ(spend_again(), RefreshService::Change::spent);
  EXPECT_EQ(spend_again(), RefreshService::Change::spent);
  replica.elsewhere(agent, [&](Transaction& tx) {
    return tx.agents().set_status(agent, AgentStatus::suspended, Timestamp{});
  });
  EXPECT_EQ(spend_again().error(), AuditReason::agent_suspended);
}

TEST_F(RefreshServiceTest, AKeyThatExpiredRefreshesNothing) {
  const std::string token = log_in().refresh_token;
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute("UPDATE api_keys SET expires_at = $1", {clock.now() + 1min}));
    TRY(tx.changes().append(ChangeKind::key, agent));
    return {};
  }));
  const std::string next = refresh(token);
  EXPECT_NE(next, "");
  clock.advance(1min);
  EXPECT_EQ(refresh(next), "");
}

TEST_F(RefreshServiceTest, RevokingAllTokensEndsRefreshTokensToo) {
  const std::string token = log_in().refresh_token;
  replica.revoke_tokens(agent);
  EXPECT_EQ(refresh(token), "");
  EXPECT_NE(refresh(log_in().refresh_token), "");
}

TEST_F(RefreshServiceTest, ALogoutEndsAFamilyThatWasNeverRefreshed) {
  const auto login = log_in();
  log_out(login.caller);
  EXPECT_FALSE(acts(login.caller));
  EXPECT_EQ(refresh(login.refresh_token), "");
  const auto revision = replica.revision();
  log_out(login.caller);
  EXPECT_EQ(replica.revision(), revision) << "ending it twice changes nothing";
}

TEST_F(RefreshServiceTest, ALogoutEndsAFamilyThatWasRefreshed) {
  const auto login = log_in();
  const std::string second = refresh(login.refresh_token);
  log_out(login.caller);
  EXPECT_FALSE(acts(login.caller));
  EXPECT_EQ(refresh(login.refresh_token), "") << "no grace after the end";
  EXPECT_EQ(refresh(second), "");
}

TEST_F(RefreshServiceTest, WhatBelongsToNoFamilyCannotBeLoggedOut) {
  const auto done = replica.database().write([&](Transaction& tx) {
    return service.end(tx, {agent, 0, {}});
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::conflict);
  EXPECT_EQ(rows(), 0);
}

TEST_F(RefreshServiceTest, AnOlderCopyOfTheDatabaseRefusesWhatItDoesNotKnow) {
  const std::string second = refresh(log_in().refresh_token);
  replica.execute("UPDATE token_families SET next_number = 0");
  EXPECT_EQ(refresh(second), "");
  replica.execute("DELETE FROM token_families");
  EXPECT_EQ(refresh(second), "");
}

TEST_F(RefreshServiceTest, AFailedWriteSpendsNothingAndIsNoSuccess) {
  const std::string token = log_in().refresh_token;
  replica.execute("ALTER TABLE token_families RENAME TO put_away");
  const auto failed = spend(replica, service, token);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().code, Errc::unauthenticated);
  replica.execute("ALTER TABLE put_away RENAME TO token_families");
  EXPECT_NE(refresh(token), "");
}

TEST_F(RefreshServiceTest, WhatHasEndedIsForgottenADayLaterAndNothingSooner) {
  const std::string token = log_in().refresh_token;
  refresh(token);
  clock.advance(25h);
  EXPECT_FALSE(value_of(service.sweep(clock.now())));
  EXPECT_EQ(rows(), 1) << "it ended 24 hours ago to the millisecond";
  clock.advance(1ms);
  EXPECT_FALSE(value_of(service.sweep(clock.now())));
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(refresh(token), "");
}

// CVE-2026-1035: a race must not make two of one.
TEST_F(RefreshServiceTest, OfSixteenAtOnceAllGetTheOneSuccessor) {
  for (int round = 0; round < 20; ++round) {
    const std::string token = log_in().refresh_token;
    std::array<std::string, 16> successors;
    {
      std::vector<std::jthread> threads;
      for (std::string& successor : successors)
        threads.emplace_back([&] { successor = refresh(token); });
    }
    EXPECT_NE(successors[0], "");
    EXPECT_EQ((std::set<std::string>(successors.begin(), successors.end()).size()), 1U);
    EXPECT_EQ(replica.number("SELECT MAX(next_number) FROM token_families"), 1);
  }
}

TEST_F(RefreshServiceTest, AnotherNodeFollowsTheEndOfAFamily) {
  Directory node(replica.database(), 1h);
  value_of(node.load());
  const auto login = log_in();
  const auto acts_there = [&] { return !Directory::View(node).is_revoked(login.caller.family); };
  log_out(login.caller);
  EXPECT_TRUE(acts_there());
  value_of(node.catch_up());
  EXPECT_FALSE(acts_there());
  Directory fresh(replica.database(), 1h);
  value_of(fresh.load());
  EXPECT_TRUE(Directory::View(fresh).is_revoked(login.caller.family)) << "also after a restart";
}

// The state machine against the obvious rule.
struct Model {
  std::size_t next = 0;  // the place in `tokens` that is to be spent next
  Timestamp begun_at;
  Timestamp given_at;
  std::vector<Timestamp> spent_at;
  bool revoked = false;
  std::vector<std::string> tokens;
  Caller caller;
};

void check_refresh(World& world, Model& model, std::size_t place) {
  const Timestamp now = world.clock.now();
  const bool lives =
      now < model.begun_at + options.lifetime && !model.revoked && world.acts(model.caller);
  const std::string successor = world.refresh(model.tokens[place]);
  if (place == model.next && lives && now < model.given_at + options.idle) {
    RC_ASSERT(!successor.empty());
    model.tokens.push_back(successor);
    ++model.next;
    model.given_at = now;
    model.spent_at.push_back(now);
  } else if (place < model.next && place + TokenFamilyRepository::spends_kept >= model.next &&
             lives && now < model.spent_at[place] + options.grace) {
    RC_ASSERT(successor == model.tokens[place + 1]);
  } else {
    RC_ASSERT(successor.empty());
    if (place < model.next && lives) model.revoked = true;
  }
}

RC_GTEST_PROP(RefreshProperty, BehavesAsTheObviousRuleDoes, ()) {
  World world;
  Model model;
  const auto begin = [&] {
    const auto pair = world.log_in();
    model = {.next = 0,
             .begun_at = std::chrono::floor<Seconds>(world.clock.now()),
             .given_at = std::chrono::floor<Seconds>(world.clock.now()),
             .spent_at = {},
             .revoked = false,
             .tokens = {pair.refresh_token},
             .caller = pair.caller};
  };
  begin();
  const auto steps = *rc::gen::container<std::vector<int>>(60, rc::gen::inRange(0, 100));
  for (const int step : steps) {
    if (step < 45) {
      check_refresh(world, model, model.next);
    } else if (step < 65) {
      check_refresh(world, model, static_cast<std::size_t>(step) % (model.next + 1));
    } else if (step < 85) {
      world.clock.advance(std::chrono::milliseconds(step * step * step));
    } else if (step < 90) {
      world.log_out(model.caller);
      model.revoked = true;
    } else if (step < 94) {
      world.replica.suspend(world.agent);
    } else if (step < 97) {
      world.replica.set_status(world.agent, AgentStatus::active);
    } else {
      world.replica.set_status(world.agent, AgentStatus::active);
      begin();
    }
    RC_ASSERT(!model.revoked || !world.acts(model.caller));
  }
}

}  // namespace
}  // namespace agentauth
