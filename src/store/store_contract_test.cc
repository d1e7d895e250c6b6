// What every driver promises (session.h) and what Database makes of it (database.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <limits>
#include <set>
#include <stdexcept>
#include <thread>

#include "store/migrations.h"
#include "store/testing/test_database.h"
#include "store/testing/watched_driver.h"
#include "store/write_queue.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::Backend;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::must;
using testing::TestDatabase;

std::string backend_name(const ::testing::TestParamInfo<Backend>& info) {
  return std::string(to_string(info.param));
}

std::int64_t integer(Session& session, Sql sql, std::initializer_list<Param> params = {}) {
  std::int64_t value = -1;
  must(session.query(sql, params, [&](const Row& row) -> Result<void> {
    value = row.integer(0);
    return {};
  }));
  return value;
}

constexpr auto ignore_row = [](const Row&) -> Result<void> { return {}; };

// Sessions alone, and a table with a column of each kind.
class SessionContract : public ::testing::TestWithParam<Backend> {
 protected:
  SessionContract() : driver_(must(open_driver(database_.url()))), session_(connect()) {
    const ColumnTypes& types = driver_->column_types();
    const auto column = [](std::string_view name, std::string_view type) {
      return std::string(name) + " " + std::string(type);
    };
    must(session_->run_script(
        "CREATE TABLE owners (id BIGINT PRIMARY KEY);"
        "CREATE TABLE things (id BIGINT PRIMARY KEY, word TEXT UNIQUE,"
        " owner BIGINT REFERENCES owners (id), size BIGINT CHECK (size > 0)," +
        column("uid", types.uuid) + "," + column("at", types.timestamp) + "," +
        column("data", types.bytes) + "); INSERT INTO owners (id) VALUES (1);"));
  }

  std::unique_ptr<Session> connect() { return must(driver_->connect()); }

  Result<std::int64_t> insert(std::int64_t id, const char* word = nullptr) {
    return insert(*session_, id, word);
  }
  static Result<std::int64_t> insert(Session& session, std::int64_t id,
                                     const char* word = nullptr) {
    std::optional<std::string> text;
    if (word != nullptr) text = word;
    return session.execute("INSERT INTO things (id, word) VALUES ($1, $2)", {id, text});
  }
  std::int64_t count() { return count(*session_); }
  static std::int64_t count(Session& session) {
    return integer(session, "SELECT COUNT(*) FROM things");
  }

  TestDatabase database_{GetParam()};
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Session> session_;
};

INSTANTIATE_TEST_SUITE_P(Store, SessionContract,
                         ::testing::Values(Backend::sqlite_memory, Backend::sqlite_disk,
                                           Backend::postgresql),
                         backend_name);

TEST_P(SessionContract, AValueComesBackAsItWasStored) {
  Bytes every_byte;
  for (int value = 0; value < 256; ++value) every_byte.push_back(static_cast<std::uint8_t>(value));
  const Timestamp at{1'769'860'800'123ms};
  const auto uid = KeyId::parse("00112233-4455-4677-8899-aabbccddeeff").value();
  const std::int64_t id = std::numeric_limits<std::int64_t>::min();
  must(session_->execute(
      "INSERT INTO things (id, word, size, uid, at, data) VALUES ($1, $2, $3, $4, $5, $6)",
      {id, "Grüße, 世界 '; --", std::numeric_limits<std::int64_t>::max(), uid, at, every_byte}));

  int rows = 0;
  must(session_->query("SELECT id, word, size, uid, at, data FROM things WHERE uid = $1", {uid},
                       [&](const Row& row) -> Result<void> {
                         ++rows;
                         EXPECT_EQ(row.integer(0), id);
                         EXPECT_EQ(row.text(1), "Grüße, 世界 '; --");
                         EXPECT_EQ(row.integer(2), std::numeric_limits<std::int64_t>::max());
                         EXPECT_EQ(row.text(3), uid.to_string());
                         EXPECT_EQ(row.id<KeyId>(3), uid);
                         EXPECT_EQ(row.time(4), at);
                         const ByteView data = row.bytes(5);
                         EXPECT_EQ(Bytes(data.begin(), data.end()), every_byte);
                         return {};
                       }));
  EXPECT_EQ(rows, 1);
}

TEST_P(SessionContract, NullIsNotEmpty) {
  must(session_->execute("INSERT INTO things (id, word, data) VALUES ($1, $2, $3)",
                         {std::int64_t{1}, "", Bytes{}}));
  must(session_->execute(
      "INSERT INTO things (id, word, data, at) VALUES ($1, $2, $3, $4)",
      {std::int64_t{2}, nullptr, std::optional<Bytes>{}, std::optional<Timestamp>{}}));
  std::vector<bool> nulls;
  must(session_->query("SELECT word, data, at FROM things ORDER BY id", {},
                       [&](const Row& row) -> Result<void> {
                         nulls.push_back(row.is_null(0));
                         nulls.push_back(row.is_null(1));
                         EXPECT_TRUE(row.text(0).empty());
                         EXPECT_TRUE(row.bytes(1).empty());
                         EXPECT_EQ(row.optional_time(2), std::nullopt);
                         return {};
                       }));
  EXPECT_THAT(nulls, ElementsAre(false, false, true, true));
}

TEST_P(SessionContract, ParametersAreFoundByNumberWhereverTheyStand) {
  must(session_->execute("INSERT INTO things (word, id, size) VALUES ($3, $1, $2)",
                         {std::int64_t{1}, std::int64_t{2}, "three"}));
  EXPECT_EQ(integer(*session_, "SELECT id FROM things WHERE word = $2 AND size >= $1 AND $2 = word",
                    {std::int64_t{2}, "three"}),
            1);
}

TEST_P(SessionContract, AStatementForgetsTheParametersOfItsLastRun) {
  must(insert(1, "one"));
  must(insert(2));
  EXPECT_EQ(integer(*session_, "SELECT COUNT(*) FROM things WHERE word IS NULL"), 1);
}

TEST_P(SessionContract, TextWithNulIsRefusedRatherThanCut) {
  const auto refused = session_->execute("INSERT INTO things (id, word) VALUES ($1, $2)",
                                         {std::int64_t{1}, std::string_view("admin\0x", 7)});
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_EQ(count(), 0);
}

TEST_P(SessionContract, ExecuteTellsHowManyRowsItChanged) {
  EXPECT_EQ(must(insert(1)), 1);
  EXPECT_EQ(must(insert(2)), 1);
  EXPECT_EQ(must(session_->execute("UPDATE things SET size = 5")), 2);
  EXPECT_EQ(must(session_->execute("DELETE FROM things WHERE id = $1", {std::int64_t{7}})), 0);
  EXPECT_EQ(must(session_->execute("INSERT INTO things (id) VALUES (1) ON CONFLICT DO NOTHING")),
            0);
  must(session_->begin(Access::write));
  EXPECT_EQ(must(session_->execute("SAVEPOINT one")), 0);
  must(session_->commit());
}

TEST_P(SessionContract, ARowThatIsThereAlreadyIsAConflict) {
  must(insert(1, "same"));
  const auto refused = insert(2, "same");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(refused.error().message, "The change conflicts with what is stored");
  EXPECT_THAT(refused.error().detail, HasSubstr(std::string(driver_->name())));
  EXPECT_EQ(insert(1).error().code, Errc::conflict);
  EXPECT_EQ(count(), 1);
}

TEST_P(SessionContract, ARowWithoutItsParentIsAConflict) {
  const auto refused = session_->execute("INSERT INTO things (id, owner) VALUES (1, 2)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  must(session_->execute("INSERT INTO things (id, owner) VALUES (1, 1)"));
  EXPECT_EQ(session_->execute("DELETE FROM owners").error().code, Errc::conflict);
}

TEST_P(SessionContract, WhatOurOwnSqlDoesWrongIsInternal) {
  EXPECT_EQ(session_->execute("INSERT INTO things (id, size) VALUES (1, 0)").error().code,
            Errc::internal);
  EXPECT_EQ(session_->execute("INSERT INTO things (id, size) VALUES (1, $1)").error().code,
            Errc::internal);
  EXPECT_EQ(session_->execute("SELECT no_such_column FROM things").error().code, Errc::internal);
  const auto refused = session_->execute("SELEC 1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::internal);
  EXPECT_EQ(refused.error().message, "Internal error");
  EXPECT_THAT(refused.error().detail, HasSubstr("syntax error"));
  EXPECT_FALSE(session_->broken());
  EXPECT_EQ(count(), 0);
}

// The numbers from 1 to $1, a row each.
constexpr Sql counting =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < $1) SELECT i FROM n";

TEST_P(SessionContract, AVisitorMayStop) {
  std::vector<std::int64_t> seen;
  const auto stopped =
      session_->query(counting, {std::int64_t{100'000}}, [&](const Row& row) -> Result<void> {
        seen.push_back(row.integer(0));
        if (seen.size() == 3) return failure(Errc::not_found, "Enough");
        return {};
      });
  EXPECT_EQ(stopped.error().message, "Enough");
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
  EXPECT_EQ(integer(*session_, counting, {std::int64_t{10}}), 10);
}

TEST_P(SessionContract, AVisitorThatThrowsLeavesTheSessionUsable) {
  must(insert(1));
  must(insert(2));
  EXPECT_THROW(
      (void)session_->query("SELECT id FROM things", {},
                            [](const Row&) -> Result<void> { throw std::runtime_error("a bug"); }),
      std::runtime_error);
  EXPECT_EQ(count(), 2);
}

TEST_P(SessionContract, AVisitorMayNotUseTheSession) {
  must(insert(1));
  const auto nested = session_->query("SELECT id FROM things", {}, [&](const Row&) -> Result<void> {
    if (auto inner = session_->query("SELECT id FROM things", {}, ignore_row); !inner) return inner;
    return {};
  });
  EXPECT_EQ(nested.error().code, Errc::internal);
  EXPECT_EQ(count(), 1);
}

TEST_P(SessionContract, CommitKeepsAndRollbackUndoes) {
  must(session_->begin(Access::write));
  must(insert(1));
  must(session_->commit());
  must(session_->begin(Access::write));
  must(insert(2));
  session_->rollback();
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(count(*connect()), 1);
}

TEST_P(SessionContract, AnUnfinishedTransactionEndsWithItsSession) {
  auto other = connect();
  must(other->begin(Access::write));
  must(insert(*other, 1));
  other.reset();
  must(insert(2));
  EXPECT_EQ(count(), 1);
}

TEST_P(SessionContract, RollbackMendsATransactionThatFailed) {
  must(session_->begin(Access::write));
  must(insert(1));
  EXPECT_EQ(insert(1).error().code, Errc::conflict);
  session_->rollback();
  EXPECT_FALSE(session_->broken());
  EXPECT_EQ(count(), 0);
  must(session_->begin(Access::write));
  must(insert(1));
  must(session_->commit());
  EXPECT_EQ(count(), 1);
}

TEST_P(SessionContract, ASavepointUndoesWhatCameAfterIt) {
  must(session_->begin(Access::write));
  must(insert(1));
  must(session_->execute("SAVEPOINT one"));
  must(insert(2));
  EXPECT_EQ(insert(1).error().code, Errc::conflict);
  must(session_->execute("ROLLBACK TO SAVEPOINT one"));
  must(insert(3));
  must(session_->commit());
  EXPECT_EQ(integer(*session_, "SELECT SUM(id) FROM things"), 4);
}

TEST_P(SessionContract, RollbackWithoutATransactionDoesNothing) {
  session_->rollback();
  EXPECT_FALSE(session_->broken());
  EXPECT_EQ(session_->commit().has_value(), GetParam() == Backend::postgresql);
  EXPECT_FALSE(session_->broken());
}

TEST_P(SessionContract, ASnapshotSeesOneMoment) {
  int id = 0;
  must(insert(++id));
  for (const Access access : {Access::snapshot, Access::brief_snapshot}) {
    const auto before = count();
    must(session_->begin(access));
    // In memory the writer waits for the snapshot to end; elsewhere it commits meanwhile.
    auto writer = std::async(std::launch::async, [&, added = ++id] {
      auto other = connect();
      must(other->begin(Access::write));
      must(insert(*other, added));
      must(other->commit());
    });
    const auto waited = writer.wait_for(GetParam() == Backend::sqlite_memory ? 100ms : 5000ms);
    EXPECT_EQ(waited == std::future_status::ready, GetParam() != Backend::sqlite_memory);
    EXPECT_EQ(count(), before);
    must(session_->commit());
    writer.get();
    EXPECT_EQ(count(), before + 1);
  }
}

TEST_P(SessionContract, WritersOfOneRowWaitForEachOther) {
  must(session_->execute("UPDATE owners SET id = 1"));
  must(session_->begin(Access::write));
  must(session_->execute("UPDATE owners SET id = id + 1"));
  auto second = std::async(std::launch::async, [&] {
    auto other = connect();
    must(other->begin(Access::write));
    must(other->execute("UPDATE owners SET id = id + 1"));
    must(other->commit());
  });
  EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  must(session_->commit());
  second.get();
  EXPECT_EQ(integer(*session_, "SELECT id FROM owners"), 3);
}

TEST_P(SessionContract, AScriptIsAllOrNothingInsideATransaction) {
  must(session_->begin(Access::migrate));
  EXPECT_EQ(session_->run_script("CREATE TABLE a (id BIGINT); CREATE TABLE b (id NOPE NOPE (;")
                .error()
                .code,
            Errc::internal);
  session_->rollback();
  EXPECT_FALSE(must(session_->has_table("a")));
  EXPECT_TRUE(must(session_->has_table("things")));
}

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

  TestDatabase where_{GetParam()};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

INSTANTIATE_TEST_SUITE_P(Store, DatabaseContract,
                         ::testing::Values(Backend::sqlite_memory, Backend::sqlite_disk,
                                           Backend::postgresql),
                         backend_name);

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

INSTANTIATE_TEST_SUITE_P(Store, SharedDatabaseContract,
                         ::testing::Values(Backend::sqlite_disk, Backend::postgresql),
                         backend_name);

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
