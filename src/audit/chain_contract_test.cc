// The chain on every database: one history, whoever appends and whatever fails beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <random>
#include <thread>

#include "audit/chain.h"
#include "audit/recorder.h"
#include "store/advice.h"
#include "store/testing/contract.h"

namespace agentauth::audit {
namespace {

using namespace std::chrono_literals;
using agentauth::testing::Backend;
using agentauth::testing::must;
using agentauth::testing::TestDatabase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

AuditEvent login_of(AgentId agent) {
  AuditEvent event;
  event.at = Timestamp{1'769'860'800'123ms};
  event.node = AuditText::of_node("test/1");
  event.action = AuditAction::login;
  event.agent_id = agent;
  event.kid = AuditText::of_kid("4fJx0Zk2QmP1");
  event.client_address = AuditText::of_address(*parse_ip_address("2001:db8::7"));
  event.operation = AuditWord("logIn");
  event.request_id = AuditText::of_request_id("abc-123");
  return event;
}

class AuditChainContract : public ::testing::TestWithParam<Backend> {
 protected:
  AuditChainContract() { database_->append_audit_by(append); }

  std::unique_ptr<Database> open_another() const {
    auto database = where_.open();
    database->append_audit_by(append);
    return database;
  }
  static Result<Agent> register_agent(Transaction& tx, const std::string& name) {
    const Agent agent = TRY(tx.agents().insert(name, "ops@example.com"));
    TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
    AuditEvent event = login_of(agent.agent_id);
    event.action = AuditAction::agent_create;
    event.target_type = AuditTargetType::agent;
    event.target_id = AuditText::of_id(agent.agent_id);
    event.target_agent_id = agent.agent_id;
    tx.record(std::move(event));
    return agent;
  }
  std::vector<AuditEvent> events() {
    return must(database_->read([](Transaction& tx) { return tx.audit().after(0, 100'000); }));
  }
  AuditHead head() {
    return must(database_->read([](Transaction& tx) { return tx.audit().head(); }));
  }
  // Computed anew from what is stored.
  void expect_one_chain(std::int64_t length) {
    Sha256 hash{};
    std::int64_t sequence = 0;
    for (const AuditEvent& event : events()) {
      ASSERT_EQ(event.sequence, ++sequence);
      hash = link(hash, event);
      ASSERT_EQ(event.hash, hex_encode(hash)) << event.sequence;
    }
    EXPECT_EQ(sequence, length);
    EXPECT_EQ(head().sequence, length);
    EXPECT_EQ(head().hash, hex_encode(hash));
  }

  TestDatabase where_{GetParam(), agentauth::testing::Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

INSTANTIATE_TEST_SUITE_P(Audit, AuditChainContract, testing::every_backend, testing::backend_name);

// Databases that several servers can open.
class SharedAuditChainContract : public AuditChainContract {};

INSTANTIATE_TEST_SUITE_P(Audit, SharedAuditChainContract, testing::shared_backends,
                         testing::backend_name);

TEST_P(AuditChainContract, EveryFieldComesBackAsItWasHashed) {
  const Agent agent =
      must(database_->write([](Transaction& tx) { return register_agent(tx, "Bot"); }));
  AuditEvent denial = login_of(agent.agent_id);
  denial.action = AuditAction::permission_revoke;
  denial.outcome = AuditOutcome::denied;
  denial.reason = AuditReason::permission_denied;
  denial.on_behalf_of = AuditWord("nobody");
  denial.target_type = AuditTargetType::permission;
  denial.target_id = AuditText::of_permission("read_weather");
  denial.target_agent_id = agent.agent_id;
  denial.detail = AuditText::of_permission("agentauth:permissions:write");
  must(database_->record({denial, AuditEvent{}}));

  expect_one_chain(3);
  EXPECT_EQ(events()[1].detail.view(), "agentauth:permissions:write");
  EXPECT_EQ(events()[1].agent_id, agent.agent_id);
  EXPECT_EQ(events()[2].agent_id, std::nullopt);
}

TEST_P(AuditChainContract, ManyEventsAtOnceAreOneChain) {
  for (const std::size_t count : {1U, 7U, 8U, 9U, 600U})
    must(database_->record(std::vector<AuditEvent>(count, login_of(AgentId{}))));
  expect_one_chain(625);
}

TEST_P(AuditChainContract, AWordThatNobodyKnowsComesWithoutItsHash) {
  must(database_->record({login_of(AgentId{})}));
  must(database_->write([](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute("UPDATE audit_log SET outcome = 'exploded'"));
    return {};
  }));
  EXPECT_EQ(events()[0].hash, "") << "shown as a success, it would verify as one";
}

TEST_P(AuditChainContract, AWriteThatFailsLeavesNoEvent) {
  const auto failed = database_->write([](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Bot"));
    return failure(Errc::conflict, "No");
  });
  EXPECT_FALSE(failed);
  EXPECT_THAT(events(), IsEmpty());
  expect_one_chain(0);
}

TEST_P(AuditChainContract, AChangeWhoseEventCannotBeWrittenDoesNotHappen) {
  must(database_->write([](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute("DELETE FROM audit_head"));
    return {};
  }));
  const auto refused = database_->write([](Transaction& tx) { return register_agent(tx, "Bot"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(must(database_->read([](Transaction& tx) { return tx.agents().count(); })), 0);
  const auto alone = database_->record({AuditEvent{}});
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code, Errc::unavailable);
}

TEST_P(SharedAuditChainContract, WithoutAChainNothingThatRecordsIsWritten) {
  const auto bare = where_.open();
  EXPECT_FALSE(bare->write([](Transaction& tx) { return register_agent(tx, "Bot"); }));
  EXPECT_FALSE(bare->record({AuditEvent{}}));
  EXPECT_EQ(must(database_->read([](Transaction& tx) { return tx.agents().count(); })), 0);
}

TEST_P(SharedAuditChainContract, SeveralServersAppendToOneChain) {
  constexpr int servers = 3;
  constexpr int rounds = 25;
  std::vector<std::future<void>> done;
  for (int i = 0; i < servers; ++i) {
    done.push_back(std::async(std::launch::async, [this] {
      const auto database = open_another();
      std::vector<std::thread> threads;
      for (int thread = 0; thread < 3; ++thread) {
        threads.emplace_back([&database, thread] {
          for (int round = 0; round < rounds; ++round) {
            if (thread == 0) {
              must(database->record({login_of(AgentId{}), login_of(AgentId{})}));
            } else {
              must(database->write([](Transaction& tx) { return register_agent(tx, "Bot"); }));
            }
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
    }));
  }
  for (auto& one : done) one.get();
  expect_one_chain(servers * rounds * 4);
}

TEST_P(AuditChainContract, TheListIsFilteredAndPagedFromTheNewest) {
  const Agent one =
      must(database_->write([](Transaction& tx) { return register_agent(tx, "One"); }));
  const Agent other =
      must(database_->write([](Transaction& tx) { return register_agent(tx, "Other"); }));
  AuditEvent denied = login_of(other.agent_id);
  denied.at += 1h;
  denied.action = AuditAction::agent_suspend;
  denied.outcome = AuditOutcome::denied;
  denied.target_agent_id = one.agent_id;
  must(database_->record({login_of(one.agent_id), denied}));

  const auto numbers = [&](const AuditFilter& filter, std::int64_t before = 100,
                           std::int64_t limit = 100) {
    std::vector<std::int64_t> found;
    for (const AuditEvent& event : must(database_->read(
             [&](Transaction& tx) { return tx.audit().list(filter, before, limit); })))
      found.push_back(event.sequence);
    return found;
  };
  const Timestamp at = denied.at;
  // Not indexed at all, in part, and whole: nobody can tell the difference.
  for (const std::int64_t indexed : {0, 2, 3, 4}) {
    SCOPED_TRACE(indexed);
    const auto index_up_to = [&](Transaction& tx) -> Result<std::int64_t> {
      return tx.audit().index(indexed - TRY(tx.audit().indexed()));
    };
    EXPECT_EQ(must(database_->write(index_up_to)), indexed);
    EXPECT_THAT(numbers({}), ElementsAre(4, 3, 2, 1));
    EXPECT_THAT(numbers({}, 4, 2), ElementsAre(3, 2));
    EXPECT_THAT(numbers({.agent = one.agent_id}), ElementsAre(4, 3, 1));
    EXPECT_THAT(numbers({.agent = other.agent_id}), ElementsAre(4, 2));
    EXPECT_THAT(numbers({.action = AuditAction::agent_create}), ElementsAre(2, 1));
    EXPECT_THAT(numbers({.outcome = AuditOutcome::denied}), ElementsAre(4));
    EXPECT_THAT(numbers({.since = at}), ElementsAre(4));
    EXPECT_THAT(numbers({.until = at}), ElementsAre(3, 2, 1));
    EXPECT_THAT(numbers({.agent = one.agent_id, .outcome = AuditOutcome::success, .until = at}),
                ElementsAre(3, 1));
    EXPECT_THAT(numbers({.agent = one.agent_id}, 100, 2), ElementsAre(4, 3));
    EXPECT_THAT(numbers({.agent = one.agent_id}, 4, 1), ElementsAre(3));
    EXPECT_THAT(numbers({.agent = one.agent_id}, 3, 1), ElementsAre(1));
  }
  EXPECT_EQ(must(database_->write([](Transaction& tx) { return tx.audit().index(9); })), 4)
      << "nothing was left";
}

// Clocks of nodes differ, and one may be set back by hours.
TEST_P(AuditChainContract, EventsAreFoundInSpansByTimeAndAgentHoweverTheClockWent) {
  constexpr std::int64_t span = AuditLog::span_length;
  constexpr std::int64_t count = 5 * span / 2;
  std::vector<AuditEvent> events(count, login_of(AgentId{}));
  std::minstd_rand random(1);
  std::int64_t minute = 1'000;
  for (AuditEvent& event : events) {
    event.agent_id->uuid.bytes[0] = static_cast<std::uint8_t>(random() % 3);
    minute += static_cast<std::int64_t>(random() % 5);
    if (random() % 400 == 0) minute -= 900;
    event.at = Timestamp{std::chrono::minutes{29'000'000 + minute}};
  }
  must(database_->record(events));
  for (const std::int64_t indexed : {span * 0, span * 2 / 3, span * 4 / 3, span * 2, count - 100}) {
    must(database_->write([&](Transaction& tx) -> Result<std::int64_t> {
      return tx.audit().index(indexed - TRY(tx.audit().indexed()));
    }));
    for (int i = 0; i < 20; ++i) {
      const Timestamp since = events[random() % count].at;
      const Timestamp until = events[random() % count].at;
      const auto agent = i % 2 == 0 ? std::nullopt : events[random() % count].agent_id;
      std::vector<std::int64_t> expected;
      for (std::int64_t number = count; number > 0; --number) {
        const AuditEvent& event = events[static_cast<std::size_t>(number - 1)];
        const bool is_of_agent = !agent || event.agent_id == agent;
        if (is_of_agent && event.at >= since && event.at < until) expected.push_back(number);
      }
      const AuditFilter filter{.agent = agent, .since = since, .until = until};
      std::vector<std::int64_t> found;
      for (const AuditEvent& event : must(database_->read(
               [&](Transaction& tx) { return tx.audit().list(filter, count + 1, count); })))
        found.push_back(event.sequence);
      EXPECT_EQ(found, expected) << indexed;
    }
  }
  std::int64_t spans = 0;
  must(database_->read([&](Transaction& tx) {
    return tx.session().query("SELECT COUNT(*) FROM audit_spans", {},
                              [&](const Row& row) -> Result<void> {
                                spans = row.integer(0);
                                return {};
                              });
  }));
  EXPECT_EQ(spans, 2);
}

// Whoever can write the table can put rows there that nobody recorded.
TEST_P(AuditChainContract, WhatStandsBehindTheHeadIsNoEvent) {
  const Agent agent =
      must(database_->write([](Transaction& tx) { return register_agent(tx, "Bot"); }));
  must(database_->record({login_of(agent.agent_id)}));
  const auto behind_head = [&] {
    return must(database_->read([](Transaction& tx) { return tx.audit().behind_head(); }));
  };
  EXPECT_EQ(behind_head().count, 0);
  must(database_->write([](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute(
        "INSERT INTO audit_log SELECT sequence + 3, at, node, 'agent.delete', outcome, reason, "
        "agent_id, kid, on_behalf_of, client_address, operation, target_type, target_id, "
        "target_agent_id, detail, request_id, hash FROM audit_log"));
    return {};
  }));
  EXPECT_EQ(behind_head().count, 2);
  EXPECT_EQ(behind_head().first, 4);
  EXPECT_EQ(behind_head().last, 5);
  EXPECT_THAT(events(), SizeIs(2));
  for (const bool is_indexed : {false, true}) {
    if (is_indexed) must(database_->write([](Transaction& tx) { return tx.audit().index(100); }));
    for (const AuditFilter& filter : {AuditFilter{}, AuditFilter{.agent = agent.agent_id}})
      EXPECT_THAT(
          must(database_->read([&](Transaction& tx) { return tx.audit().list(filter, 100, 100); })),
          SizeIs(2));
  }
  must(database_->record({login_of(agent.agent_id)}));
  const auto met = database_->record({login_of(agent.agent_id)});
  ASSERT_FALSE(met) << "never written over";
  EXPECT_EQ(met.error().code, Errc::unavailable);
  EXPECT_THAT(std::string(find_advice(met.error().detail)), HasSubstr("agentauth audit verify"));
}

TEST_P(AuditChainContract, WhatIsPrunedLeavesTheIndexToo) {
  const Agent agent =
      must(database_->write([](Transaction& tx) { return register_agent(tx, "Bot"); }));
  must(database_->record({login_of(agent.agent_id), login_of(agent.agent_id)}));
  must(database_->write([](Transaction& tx) { return tx.audit().index(100); }));
  EXPECT_EQ(must(database_->write([](Transaction& tx) { return tx.audit().prune(2, 100); })), 2);
  std::vector<std::int64_t> left;
  must(database_->read([&](Transaction& tx) {
    return tx.session().query("SELECT sequence FROM audit_parties", {},
                              [&](const Row& row) -> Result<void> {
                                left.push_back(row.integer(0));
                                return {};
                              });
  }));
  EXPECT_THAT(left, ElementsAre(3));
}

class AuditRecorder : public ::testing::Test {
 protected:
  AuditRecorder() { database_->append_audit_by(append); }

  std::int64_t recorded() {
    return must(database_->read([](Transaction& tx) { return tx.audit().head(); })).sequence;
  }

  TestDatabase where_{Backend::sqlite_disk};
  std::unique_ptr<Database> database_ = where_.open_migrated();
  ManualClock clock_;
  WriteQueue queue_{*database_};
};

TEST_F(AuditRecorder, WhoWaitsIsToldWhenTheEventIsDurable) {
  Recorder recorder(*database_, queue_, clock_);
  std::promise<std::int64_t> told;
  ASSERT_TRUE(recorder.record(login_of(AgentId{}), [&](const Result<void>& result) {
    told.set_value(result ? recorded() : -1);
  }));
  EXPECT_EQ(told.get_future().get(), 1);
  queue_.stop();
  EXPECT_EQ(recorder.state().recorded[static_cast<std::size_t>(AuditAction::login)][0], 1U);
}

TEST_F(AuditRecorder, EveryoneIsToldWhenTheTrailCannotBeWritten) {
  must(database_->write([](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute("DELETE FROM audit_head"));
    return {};
  }));
  Recorder recorder(*database_, queue_, clock_);
  std::promise<Errc> told;
  recorder.record_denial(login_of(AgentId{}));
  ASSERT_TRUE(recorder.record(login_of(AgentId{}), [&](const Result<void>& result) {
    told.set_value(result.error().code);
  }));
  EXPECT_EQ(told.get_future().get(), Errc::unavailable);
  queue_.stop();
  EXPECT_EQ(recorder.state().dropped[static_cast<std::size_t>(Dropped::database)], 1U);
  EXPECT_EQ(recorder.state().recorded[static_cast<std::size_t>(AuditAction::login)][0], 0U);
}

// Holds the database's writer, so that the queue fills.
TEST_F(AuditRecorder, AFullQueueRefusesLoginsAndCountsDenials) {
  WriteQueue queue(*database_, 8);
  Recorder recorder(*database_, queue, clock_);
  std::promise<void> held;
  std::promise<void> release;
  std::thread holder([&] {
    must(database_->write([&](Transaction&) -> Result<void> {
      held.set_value();
      release.get_future().wait();
      return {};
    }));
  });
  held.get_future().wait();
  std::atomic<int> told = 0;
  const auto done = [&](const Result<void>&) { ++told; };
  ASSERT_TRUE(recorder.record(login_of(AgentId{}), done));
  while (recorder.state().depth > 0) std::this_thread::sleep_for(1ms);  // the thread has it
  for (int i = 0; i < 3; ++i) recorder.record_denial(login_of(AgentId{}));
  EXPECT_EQ(recorder.state().depth, 2U);
  EXPECT_EQ(recorder.state().dropped[static_cast<std::size_t>(Dropped::queue_full)], 1U);
  AuditEvent guess = login_of(AgentId{});
  guess.outcome = AuditOutcome::failure;
  recorder.record_denial(guess);
  EXPECT_EQ(recorder.state().depth, 3U) << "strangers have room of their own";
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(recorder.record(login_of(AgentId{}), done));
  EXPECT_FALSE(recorder.record(login_of(AgentId{}), done));
  release.set_value();
  holder.join();
  queue.stop();
  EXPECT_EQ(told, 6);
  EXPECT_EQ(recorded(), 9);
  EXPECT_FALSE(recorder.record(login_of(AgentId{}), done)) << "nobody would write it";
}

TEST_F(AuditRecorder, StrangersCannotFillTheDisk) {
  Recorder recorder(*database_, queue_, clock_, {.strangers = {3, 2}});
  AuditEvent stranger = login_of(AgentId{});
  stranger.outcome = AuditOutcome::failure;
  for (int i = 0; i < 10; ++i) recorder.record_denial(stranger);
  clock_.advance(1s);
  for (int i = 0; i < 10; ++i) recorder.record_denial(stranger);
  recorder.record_denial(login_of(AgentId{}));
  queue_.stop();
  EXPECT_EQ(recorded(), 3 + 2 + 1);
  EXPECT_EQ(recorder.state().dropped[static_cast<std::size_t>(Dropped::flood)], 15U);
}

TEST_F(AuditRecorder, AnAgentThatIsDeniedAgainAndAgainHidesNobodyElse) {
  Recorder recorder(*database_, queue_, clock_, {.each_agent = {3, 2}});
  AuditEvent denied = login_of(*AgentId::parse("0b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5b"));
  denied.outcome = AuditOutcome::denied;
  for (int i = 0; i < 10; ++i) recorder.record_denial(denied);
  clock_.advance(1s);
  for (int i = 0; i < 10; ++i) recorder.record_denial(denied);
  denied.agent_id = AgentId{};
  recorder.record_denial(denied);
  denied.agent_id.reset();
  recorder.record_denial(denied);
  queue_.stop();
  EXPECT_EQ(recorded(), 3 + 2 + 1 + 1);
  EXPECT_EQ(recorder.state().dropped[static_cast<std::size_t>(Dropped::flood)], 15U);
}

TEST_F(AuditRecorder, WhatIsAskedAboutAnAgentHidesNothingThatItIsDenied) {
  Recorder recorder(*database_, queue_, clock_,
                    {.each_agent = {2, 1}, .each_asked_about = {3, 2}, .each_asker = {5, 2}});
  AuditEvent denied = login_of(AgentId{});
  denied.outcome = AuditOutcome::denied;
  const AgentId about = *AgentId::parse("0b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5b");
  const AgentId another = *AgentId::parse("1b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5b");
  int made = 0;
  const auto ask = [&](AgentId asker, AgentId subject, int times) {
    for (int i = 0; i < times; ++i)
      recorder.record_denial_asked(asker, subject, [&] {
        ++made;
        return denied;
      });
  };
  ask(AgentId{}, about, 4);
  EXPECT_EQ(made, 3) << "what is not recorded is not made";
  ask(AgentId{}, another, 10);
  EXPECT_EQ(made, 3 + 1) << "who asks has a budget, too";
  ask(another, about, 1);
  EXPECT_EQ(made, 3 + 1);
  ask(another, AgentId{}, 1);
  EXPECT_EQ(made, 3 + 1 + 1);
  denied.agent_id = about;
  for (int i = 0; i < 3; ++i) recorder.record_denial(denied);
  queue_.stop();
  EXPECT_EQ(recorded(), made + 2);
  EXPECT_EQ(recorder.state().dropped[static_cast<std::size_t>(Dropped::flood)], 1U + 9U + 1U + 1U);
}

TEST_F(AuditRecorder, WhatAnAgentMatchesAtWillHidesNothingThatItIsDenied) {
  Recorder recorder(*database_, queue_, clock_,
                    {.each_agent = {2, 1}, .each_agent_matched = {3, 1}});
  AuditEvent matched = login_of(AgentId{});
  matched.reason = AuditReason::audit_grant;
  for (int i = 0; i < 10; ++i) recorder.record_denial(matched);
  AuditEvent denied = login_of(AgentId{});
  denied.outcome = AuditOutcome::denied;
  for (int i = 0; i < 10; ++i) recorder.record_denial(denied);
  queue_.stop();
  EXPECT_EQ(recorded(), 3 + 2);
}

TEST(AuditText, WhatIsNotOfItsKindComesOutEmpty) {
  const std::string key = "aa_4fJx0Zk2QmP1_" + std::string(64, 'a') + "123456";
  EXPECT_TRUE(AuditText::of_kid(key).empty());
  EXPECT_TRUE(AuditText::of_permission(key).empty());
  EXPECT_TRUE(AuditText::of_path("/a/" + key + std::string(600, 'x')).empty());
  EXPECT_TRUE(AuditText::of_path("a").empty());
  EXPECT_TRUE(AuditText::of_path("/a\n").empty());
  EXPECT_EQ(AuditText::of_path("/a b").view(), "/a b");
  EXPECT_EQ(AuditText::of_path("/" + std::string(510, 'a') + "ä" + "b").view(),
            "/" + std::string(510, 'a') + "…");
  EXPECT_TRUE(AuditText::of_permission("read:" + key).empty());
  EXPECT_TRUE(AuditText::of_request_id(key).empty());
  EXPECT_TRUE(AuditText::of_request_id("x" + key).empty());
  EXPECT_TRUE(AuditText::of_node(key + " ").empty());
  EXPECT_EQ(AuditText::of_kid("4fJx0Zk2QmP1").view(), "4fJx0Zk2QmP1");
  EXPECT_EQ(AuditText::of_permission("agentauth:*").view(), "agentauth:*");
}

TEST(AuditCanonicalForm, IsWhatTheDocumentationSays) {
  AuditEvent event = login_of(*AgentId::parse("0b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5b"));
  event.sequence = 7;
  EXPECT_EQ(canonical(event),
            "17:agentauth-audit-1,1:7,24:2026-01-31T12:00:00.123Z,6:test/1,10:auth.login,"
            "7:success,0:,36:0b6f2a54-3c1d-4e5f-8a9b-0c1d2e3f4a5b,12:4fJx0Zk2QmP1,0:,"
            "11:2001:db8::7,5:logIn,0:,0:,0:,0:,7:abc-123,");
}

}  // namespace
}  // namespace agentauth::audit
