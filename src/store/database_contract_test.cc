// What Database makes of what drivers promise: database.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>

#include "store/migrations.h"
#include "store/testing/contract.h"
#include "store/testing/watched_driver.h"
#include "store/write_queue.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::Backend;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::integer;
using ::testing::IsEmpty;
using testing::must;
using testing::TestDatabase;

// Databases with the schema.
class DatabaseContract : public ::testing::TestWithParam<Backend> {
 protected:
  static Result<Agent> register_agent(Transaction& tx, const std::string& name) {
    auto agent = TRY(tx.agents().insert(name, "ops@example.com"));
    TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
    return agent;
  }
  Result<Agent> write_agent(const std::string& name) {
    return database_->write([&](Transaction& tx) { return register_agent(tx, name); });
  }
  std::int64_t agents() {
    return must(database_->read([](Transaction& tx) { return tx.agents().count(); }));
  }
  Revision revision() {
    return must(database_->read([](Transaction& tx) { return tx.changes().revision(); }));
  }

  // Holds the writer's place until `works` wait behind it, so that they commit together.
  std::vector<Result<void>> write_together(
      std::vector<std::function<Result<void>(Transaction&)>> works) {
    std::latch holds(1);
    std::promise<void> release;
    std::thread holder([&] {
      must(database_->write([&](Transaction&) -> Result<void> {
        holds.count_down();
        release.get_future().wait();
        return {};
      }));
    });
    holds.wait();
    std::vector<std::future<Result<void>>> answers;
    for (auto& work : works) {
      answers.push_back(std::async(std::launch::async, [this, &work] {
        return database_->write([&](Transaction& tx) { return work(tx); });
      }));
      // Long enough to be in the queue, and in this order.
      std::this_thread::sleep_for(20ms);
    }
    release.set_value();
    std::vector<Result<void>> results;
    for (auto& answer : answers) results.push_back(answer.get());
    holder.join();
    return results;
  }

  TestDatabase where_{GetParam(), testing::Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

INSTANTIATE_TEST_SUITE_P(Store, DatabaseContract, testing::every_backend, testing::backend_name);

TEST_P(DatabaseContract, AWriteIsThereWhenItIsAnswered) {
  const Agent agent = must(write_agent("Bot"));
  auto read_elsewhere = std::async(std::launch::async, [&] {
    return must(database_->read([&](Transaction& tx) { return tx.agents().find(agent.agent_id); }));
  });
  EXPECT_EQ(read_elsewhere.get().agent_name, "Bot");
}

TEST_P(DatabaseContract, AFailedWriteLeavesNothing) {
  const auto refused = database_->write([&](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Bot"));
    return failure(Errc::permission_denied, "Permission denied");
  });
  EXPECT_EQ(refused.error().code, Errc::permission_denied);
  EXPECT_EQ(agents(), 0);
  EXPECT_EQ(revision(), 0);
}

TEST_P(DatabaseContract, AWriteThatThrowsLeavesNothing) {
  const auto refused = database_->write([&](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Bot"));
    throw std::runtime_error("a bug");
  });
  EXPECT_EQ(refused.error().code, Errc::internal);
  EXPECT_EQ(refused.error().detail, "a bug");
  EXPECT_EQ(agents(), 0);
}

TEST_P(DatabaseContract, WaitingWritesCommitTogether) {
  std::atomic<int> commits{0};
  database_->on_commit([&] { ++commits; });
  std::vector<std::function<Result<void>(Transaction&)>> works;
  for (int i = 0; i < 10; ++i) {
    works.emplace_back([i](Transaction& tx) -> Result<void> {
      TRY(register_agent(tx, "Bot" + std::to_string(i)));
      return {};
    });
  }
  for (const auto& result : write_together(std::move(works))) EXPECT_TRUE(result);
  EXPECT_EQ(commits, 1) << "the holder's changes nothing";
  EXPECT_EQ(agents(), 10);
}

TEST_P(DatabaseContract, AWriteThatLeavesTheChangeLogAloneTellsNoHook) {
  int told = 0;
  database_->on_commit([&] { ++told; });
  must(database_->write([](Transaction& tx) -> Result<void> {
    TRY(tx.agents().insert("Bot", "ops@example.com"));
    return {};
  }));
  EXPECT_EQ(agents(), 1);
  EXPECT_EQ(told, 0);
}

TEST_P(DatabaseContract, WritesOfOneThreadFailEachForItself) {
  const auto insert = [&](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Bot"));
    return {};
  };
  const auto refuse = [&](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Undone"));
    return failure(Errc::permission_denied, "Permission denied");
  };
  Database::Write first{insert};
  Database::Write refused{refuse};
  Database::Write last{insert};
  database_->write_each(std::array{&first, &refused, &last});
  EXPECT_TRUE(first.result);
  EXPECT_EQ(refused.result.error().code, Errc::permission_denied);
  EXPECT_TRUE(last.result);
  EXPECT_EQ(agents(), 2);
  EXPECT_EQ(revision(), 2) << "what was made again counts once";
}

TEST_P(DatabaseContract, AWriteAloneIsMadeOnceWhateverFailsBesideIt) {
  std::atomic<int> commits{0};
  database_->on_commit([&] { ++commits; });
  int made = 0;
  const auto insert = [&](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Bot"));
    return {};
  };
  const auto insert_alone = [&](Transaction& tx) -> Result<void> {
    ++made;
    return insert(tx);
  };
  const auto refuse = [](Transaction&) -> Result<void> {
    return failure(Errc::permission_denied, "Permission denied");
  };
  Database::Write first{insert};
  Database::Write alone{insert_alone};
  alone.shares = Database::Shares::no;
  Database::Write last{insert};
  Database::Write refused{refuse};
  database_->write_each(std::array{&first, &alone, &last, &refused});
  EXPECT_TRUE(first.result && alone.result && last.result && !refused.result);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(commits, 3);
  EXPECT_EQ(agents(), 3);
  EXPECT_FALSE(database_->write_alone(refuse));
  must(database_->write_alone(insert));
  EXPECT_EQ(agents(), 4);
}

TEST_P(DatabaseContract, AQueueMakesWhatThreadsDoNotWaitFor) {
  WriteQueue queue(*database_, 4);
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
  std::atomic<int> made = 0;
  std::atomic<int> refused = 0;
  const auto done = [&](const Database::Write& write) { ++(write.result ? made : refused); };
  const auto insert = [&](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Bot"));
    return {};
  };
  EXPECT_TRUE(queue.push(insert, done));
  while (queue.depth() > 0) std::this_thread::sleep_for(1ms);  // the thread has it
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(insert, done));
  EXPECT_TRUE(
      queue.push([](Transaction&) { return Result<void>(failure(Errc::conflict, "no")); }, done));
  EXPECT_FALSE(queue.push(insert, done)) << "it is full";
  release.set_value();
  holder.join();
  queue.stop();
  EXPECT_EQ(made, 4);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(agents(), 4);
  EXPECT_FALSE(queue.push(insert, done)) << "nobody would make it";
}

// All those in the first commit are answered before it waits for as many to come back.
TEST_P(DatabaseContract, AQueueAnswersOneWhoComesBackAloneWhereManyWere) {
  WriteQueue queue(*database_);
  const auto insert = [&](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Bot"));
    return {};
  };
  constexpr int many = 40;
  std::atomic<int> made = 0;
  must(database_->write([&](Transaction&) -> Result<void> {
    for (int i = 0; i < many; ++i)
      EXPECT_TRUE(queue.push(insert, [&](const Database::Write& write) {
        if (write.result) ++made;
      }));
    return {};
  }));
  while (made < many) std::this_thread::sleep_for(1ms);
  std::promise<bool> answered;
  EXPECT_TRUE(queue.push(
      insert, [&](const Database::Write& write) { answered.set_value(write.result.has_value()); }));
  EXPECT_TRUE(answered.get_future().get());
}

TEST_P(DatabaseContract, AWriteApartIsCommittedOrUndoneAndTellsNoHook) {
  int told = 0;
  database_->on_commit([&] { ++told; });
  const auto register_apart = [&](const Result<void>& then) {
    return database_->write_apart([&](Transaction& tx) -> Result<void> {
      TRY(register_agent(tx, "Bot"));
      return then;
    });
  };
  EXPECT_EQ(register_apart(failure(Errc::conflict, "no")).error().code, Errc::conflict);
  EXPECT_EQ(agents(), 0);
  must(register_apart({}));
  EXPECT_EQ(agents(), 1);
  EXPECT_EQ(told, 0);
}

TEST_P(DatabaseContract, AFailingWriteAmongWaitingOnesUndoesOnlyItself) {
  const Agent taken = must(write_agent("Taken"));
  const auto grant_twice = [&](Transaction& tx) -> Result<void> {
    TRY(register_agent(tx, "Undone"));
    const ApiKeyRepository::NewKey key{taken.agent_id, "kid000000001", "hash", {}, "", {}};
    TRY(tx.keys().insert(key));
    TRY(tx.keys().insert(key));
    return {};
  };
  const auto results = write_together({
      [](Transaction& tx) -> Result<void> {
        TRY(register_agent(tx, "First"));
        return {};
      },
      grant_twice,
      [](Transaction& tx) -> Result<void> {
        TRY(register_agent(tx, "Undone"));
        throw std::runtime_error("a bug");
      },
      [](Transaction& tx) -> Result<void> {
        TRY(register_agent(tx, "Last"));
        return {};
      },
  });
  EXPECT_TRUE(results[0]);
  EXPECT_EQ(results[1].error().code, Errc::conflict);
  EXPECT_EQ(results[2].error().code, Errc::internal);
  EXPECT_TRUE(results[3]);
  EXPECT_EQ(agents(), 3);
  EXPECT_EQ(revision(), 3);
}

TEST_P(DatabaseContract, TheCommitHookRunsBetweenCommitAndAnswer) {
  std::vector<std::int64_t> seen;
  database_->on_commit([&] { seen.push_back(agents()); });
  must(write_agent("One"));
  EXPECT_THAT(seen, ElementsAre(1));
  must(write_agent("Two"));
  EXPECT_THAT(seen, ElementsAre(1, 2));
  (void)database_->write([](Transaction&) -> Result<void> { return failure(Errc::conflict, ""); });
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_P(DatabaseContract, AHookThatThrowsFailsItsWriteAndHoldsUpNobody) {
  bool throws = true;
  database_->on_commit([&] {
    if (throws) throw std::runtime_error("a bug");
  });
  const auto refused = write_agent("One");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::internal);
  EXPECT_EQ(refused.error().detail, "a bug");
  throws = false;
  EXPECT_TRUE(write_agent("Two"));
  EXPECT_EQ(agents(), 2);
}

TEST_P(DatabaseContract, ManyThreadsWriteAndEveryWriteIsCountedOnce) {
  constexpr int thread_count = 8;
  constexpr int writes_each = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < writes_each; ++i)
        must(write_agent("Bot" + std::to_string(t * writes_each + i)));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(agents(), thread_count * writes_each);
  const auto changes = must(database_->read(
      [](Transaction& tx) { return tx.changes().after(0, thread_count * writes_each + 1); }));
  ASSERT_EQ(changes.size(), thread_count * writes_each);
  for (std::size_t i = 0; i < changes.size(); ++i)
    EXPECT_EQ(changes[i].revision, static_cast<Revision>(i + 1));
}

TEST_P(DatabaseContract, ASnapshotReadsSeveralTablesAtOneMoment) {
  using Seen = std::pair<std::int64_t, Revision>;
  std::future<void> writer;
  const auto look = [&](Transaction& tx) -> Result<Seen> {
    const auto before = TRY(tx.agents().count());
    writer = std::async(std::launch::async, [&] { must(write_agent("Two")); });
    (void)writer.wait_for(100ms);
    return Seen{before, TRY(tx.changes().revision())};
  };
  must(write_agent("One"));
  EXPECT_EQ(must(database_->snapshot(look)), (Seen{1, 1}));
  writer.get();
  EXPECT_EQ(must(database_->brief_snapshot(look)), (Seen{2, 2}));
  writer.get();
  EXPECT_EQ(revision(), 3);
}

TEST_P(DatabaseContract, MigratingAgainChangesNothing) {
  must(write_agent("Bot"));
  EXPECT_EQ(must(apply_migrations(*database_)), schema_version());
  EXPECT_EQ(agents(), 1);
  EXPECT_EQ(must(database_->read(find_schema_version)), schema_version());
}

TEST_P(DatabaseContract, ASigningKeyFromBeforeTheyRotatedSignsFromTheUpgradeOn) {
  const TestDatabase older(GetParam());
  const auto database = older.open();
  must(apply_migrations_up_to(*database, 7));
  const Bytes sealed{1, 2, 3};
  must(database->write([&](Transaction& tx) -> Result<void> {
    TRY(
        tx.session().execute("INSERT INTO signing_keys (kid, algorithm, sealed_secret, created_at) "
                             "VALUES ('first', 'HS256', $1, $2)",
                             {sealed, Timestamp{1s}}));
    return {};
  }));
  const Timestamp before = SystemClock().now();
  must(apply_migrations(*database));
  const auto keys = must(database->read([](Transaction& tx) { return tx.signing_keys().list(); }));
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].kid, "first");
  EXPECT_EQ(keys[0].sealed_secret, sealed);
  EXPECT_EQ(keys[0].created_at, Timestamp{1s});
  EXPECT_GE(keys[0].signs_from, before - 1s);
  EXPECT_EQ(keys[0].token_lifetime, 24h);
}

TEST_P(DatabaseContract, AnAuditTrailFromBeforeItsSpansIsFoundAsItWas) {
  const TestDatabase older(GetParam());
  const auto database = older.open();
  must(apply_migrations_up_to(*database, 15));
  const AgentId agent{Uuid{std::array<std::uint8_t, 16>{1}}};
  std::vector<AuditEvent> events(3);
  std::vector<AuditEvent*> places;
  for (AuditEvent& event : events) {
    event.sequence = static_cast<std::int64_t>(places.size()) + 1;
    event.at = Timestamp{event.sequence * 1h};
    if (event.sequence != 1) event.agent_id = agent;
    event.hash = "hash " + std::to_string(event.sequence);
    places.push_back(&event);
  }
  must(database->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.audit().reserve(3));
    TRY(tx.audit().append(places));
    TRY(tx.session().execute("INSERT INTO audit_parties (agent_id, sequence) VALUES ($1, 2)",
                             {agent}));
    TRY(tx.session().execute("UPDATE audit_parties_end SET sequence = 2"));
    return {};
  }));
  must(apply_migrations(*database));
  const auto hashes = [&](const AuditFilter& filter) {
    std::vector<std::string> found;
    for (const AuditEvent& event :
         must(database->read([&](Transaction& tx) { return tx.audit().list(filter, 9, 9); })))
      found.push_back(event.hash);
    return found;
  };
  EXPECT_THAT(hashes({}), ElementsAre("hash 3", "hash 2", "hash 1"));
  EXPECT_THAT(hashes({.agent = agent}), ElementsAre("hash 3", "hash 2"));
  EXPECT_THAT(hashes({.until = Timestamp{2h}}), ElementsAre("hash 1"));
  EXPECT_THAT(hashes({.since = Timestamp{2h}}), ElementsAre("hash 3", "hash 2"));
}

TEST_P(DatabaseContract, ADatabaseFromANewerProgramIsRefused) {
  must(database_->write([](Transaction& tx) -> Result<void> {
    TRY(tx.session().execute("INSERT INTO schema_migrations (version, name) VALUES (9999, 'new')"));
    return {};
  }));
  const auto refused = apply_migrations(*database_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("newer version of this program (schema 9999"));
}

TEST_P(DatabaseContract, IdsAreVersionFourUuids) {
  std::set<std::string> ids;
  for (int i = 0; i < 50; ++i) {
    const std::string id = must(write_agent("Bot")).agent_id.to_string();
    EXPECT_EQ(id[14], '4');
    EXPECT_THAT(std::string("89ab"), HasSubstr(id.substr(19, 1)));
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 50U);
}

// A database whose commits the test decides.
class CommitOutcome : public ::testing::Test {
 protected:
  CommitOutcome() {
    must(apply_migrations(database_));
    database_.on_commit([this] { seen_.push_back(agents()); });
  }
  Result<void> write_agent() {
    return database_.write([](Transaction& tx) -> Result<void> {
      const Agent agent = TRY(tx.agents().insert("Bot", "ops@example.com"));
      TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
      return {};
    });
  }
  std::int64_t agents() {
    return must(database_.read([](Transaction& tx) { return tx.agents().count(); }));
  }

  testing::Watched watched_;
  Database database_{
      std::make_unique<testing::WatchedDriver>(must(open_driver("sqlite::memory:")), watched_)};
  std::vector<std::int64_t> seen_;  // by the hook
};

TEST_F(CommitOutcome, ThatIsUnknownIsToldToTheHookAsWell) {
  watched_.commit = [](Session& inner) -> Result<void> {
    must(inner.commit());
    return failure(Errc::unavailable, "The database is not available", "the answer got lost");
  };
  EXPECT_EQ(write_agent().error().code, Errc::unavailable);
  EXPECT_THAT(seen_, ElementsAre(1));
}

TEST_F(CommitOutcome, ThatIsAnErrorUndoesTheWrite) {
  watched_.commit = [](Session&) -> Result<void> { throw std::runtime_error("a bug"); };
  EXPECT_EQ(write_agent().error().code, Errc::internal);
  EXPECT_THAT(seen_, IsEmpty());
  watched_.commit = [](Session& inner) { return inner.commit(); };
  must(write_agent());
  EXPECT_THAT(seen_, ElementsAre(1));
}

// Several servers on one database.
class SharedDatabaseContract : public ::testing::TestWithParam<Backend> {
 protected:
  TestDatabase where_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Store, SharedDatabaseContract, testing::shared_backends,
                         testing::backend_name);

TEST_P(SharedDatabaseContract, ServersThatStartTogetherMigrateOnce) {
  constexpr int servers = 4;
  std::vector<std::future<Result<int>>> versions;
  for (int i = 0; i < servers; ++i) {
    versions.push_back(std::async(std::launch::async, [&] {
      const auto database = where_.open();
      return apply_migrations(*database);
    }));
  }
  for (auto& version : versions) EXPECT_EQ(must(version.get()), schema_version());
  const auto database = where_.open();
  EXPECT_EQ(must(database->read([](Transaction& tx) -> Result<std::int64_t> {
              return integer(tx.session(), "SELECT COUNT(*) FROM schema_migrations");
            })),
            schema_version());
}

TEST_P(SharedDatabaseContract, RevisionsHaveNoGapsAndAreInCommitOrder) {
  constexpr int servers = 3;
  constexpr int writes_each = 40;
  where_.open_migrated();
  std::atomic<bool> writing{true};
  std::vector<Revision> followed;
  std::thread follower([&] {
    const auto database = where_.open();
    for (bool last = false; !last;) {
      last = !writing;
      const Revision known = followed.empty() ? 0 : followed.back();
      for (const Change& change :
           must(database->read([&](Transaction& tx) { return tx.changes().after(known, 1000); })))
        followed.push_back(change.revision);
    }
  });
  std::vector<std::thread> writers;
  for (int server = 0; server < servers; ++server) {
    writers.emplace_back([&] {
      const auto database = where_.open();
      for (int i = 0; i < writes_each; ++i) {
        must(database
                 ->write([&](Transaction& tx) -> Result<void> {
                   const auto agent = TRY(tx.agents().insert("Bot", "ops@example.com"));
                   TRY(tx.changes().append(ChangeKind::agent, agent.agent_id));
                   // Some changes are taken back: their numbers must be given again.
                   if (i % 5 == 0) return failure(Errc::permission_denied, "no");
                   return {};
                 })
                 .or_else([](const Error& error) -> Result<void> {
                   if (error.code == Errc::permission_denied) return {};
                   return tl::unexpected(error);
                 }));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  writing = false;
  follower.join();
  // A follower never skips a change: what it has not seen has a higher number than what it has.
  ASSERT_EQ(followed.size(), static_cast<std::size_t>(servers * writes_each * 4 / 5));
  for (std::size_t i = 0; i < followed.size(); ++i)
    EXPECT_EQ(followed[i], static_cast<Revision>(i + 1));
}

TEST(OpenDriver, RefusesWhatIsNoDatabaseOfOurs) {
  for (const char* url : {"", "sqlite:", "mysql://localhost/x", "agentauth.db", "postgresql:x"})
    EXPECT_EQ(open_driver(url).error().code, Errc::invalid_argument) << url;
}

TEST(OpenDriver, DoesNotRepeatAPasswordOfAUrlItCannotRead) {
  const auto refused = open_driver("postgresql://u:hunter2@host:1/db?no_such_option=hunter2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_EQ((refused.error().message + refused.error().detail).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace agentauth
