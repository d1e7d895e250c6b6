// What every driver promises: session.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <limits>
#include <stdexcept>

#include "store/testing/contract.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::Backend;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::integer;
using testing::must;
using testing::TestDatabase;

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

INSTANTIATE_TEST_SUITE_P(Store, SessionContract, testing::every_backend, testing::backend_name);

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

}  // namespace
}  // namespace agentauth
