// What only PostgreSQL does: connections that end, servers that hang, time-outs.
#include "store/postgres/postgres_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <future>
#include <latch>

#include "store/migrations.h"
#include "store/postgres/postgres_error.h"
#include "store/testing/postgres_fixture.h"
#include "store/testing/test_database.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::Backend;
using ::testing::HasSubstr;
using testing::must;
using testing::PostgresServer;
using testing::TestDatabase;

std::string text(Session& session, Sql sql) {
  std::string value;
  must(session.query(sql, {}, [&](const Row& row) -> Result<void> {
    value = row.text(0);
    return {};
  }));
  return value;
}

class Postgres : public ::testing::Test {
 protected:
  std::unique_ptr<Session> connect() { return must(driver_->connect()); }
  static std::int64_t process(Session& session) {
    return std::stoll(text(session, "SELECT pg_backend_pid()"));
  }
  // As an administrator does, or a server that restarts.
  void terminate(std::int64_t process) {
    auto other = connect();
    must(other->query("SELECT pg_terminate_backend($1)", {process},
                      [](const Row&) -> Result<void> { return {}; }));
  }

  TestDatabase database_{Backend::postgresql};
  std::unique_ptr<Driver> driver_ = must(postgres_driver(database_.url()));
};

TEST_F(Postgres, KnowsWhoIsConnectedAndSpeaksUtc) {
  // Whatever somebody has set for the database.
  must(connect()->run_script("ALTER DATABASE " + database_.name() +
                             " SET timezone = 'Asia/Tokyo';"
                             "ALTER DATABASE " +
                             database_.name() +
                             " SET datestyle = 'German';"
                             "ALTER DATABASE " +
                             database_.name() + " SET bytea_output = 'escape'"));
  const auto session = connect();
  EXPECT_EQ(text(*session, "SHOW application_name"), "agentauth");
  EXPECT_EQ(text(*session, "SHOW timezone"), "UTC");
  EXPECT_EQ(text(*session, "SHOW client_encoding"), "UTF8");
  EXPECT_EQ(text(*session, "SHOW statement_timeout"), "5s");
  EXPECT_EQ(text(*session, "SHOW idle_in_transaction_session_timeout"), "5s");
  must(session->query("SELECT TIMESTAMPTZ '2026-01-31 12:00:00.120+02', BYTEA '\\x00ff', TRUE", {},
                      [](const Row& row) -> Result<void> {
                        EXPECT_EQ(format_rfc3339(row.time(0)), "2026-01-31T10:00:00.120Z");
                        const ByteView bytes = row.bytes(1);
                        EXPECT_EQ(Bytes(bytes.begin(), bytes.end()), (Bytes{0, 255}));
                        return {};
                      }));
}

// With anything weaker a revocation that was answered could be undone by a crash.
TEST_F(Postgres, CommitsAreDurableWhateverIsSetForTheDatabase) {
  for (const auto& [set, wanted] : {std::pair{"off", "on"},
                                    {"local", "on"},
                                    {"remote_write", "on"},
                                    {"on", "on"},
                                    {"remote_apply", "remote_apply"}}) {
    must(connect()->run_script("ALTER DATABASE " + database_.name() +
                               " SET synchronous_commit = " + set));
    EXPECT_EQ(text(*connect(), "SHOW synchronous_commit"), wanted) << set;
  }
}

TEST_F(Postgres, ASessionWhoseConnectionWasEndedIsBroken) {
  const auto session = connect();
  terminate(process(*session));
  const auto refused = session->execute("SELECT 1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().message, "The database is not available");
  EXPECT_TRUE(session->broken());
}

TEST_F(Postgres, AConnectionEndedWhileIdleIsReplacedUnnoticed) {
  const auto database = database_.open_migrated();
  const auto end_own_connection = [&] {
    std::int64_t own = 0;
    must(database->read([&](Transaction& tx) -> Result<void> {
      own = process(tx.session());
      return {};
    }));
    terminate(own);
  };
  const auto count = [](Transaction& tx) { return tx.agents().count(); };
  end_own_connection();
  EXPECT_EQ(must(database->read(count)), 0);
  end_own_connection();
  must(database->write([](Transaction& tx) { return tx.agents().insert("Bot", "ops@x.example"); }));
  end_own_connection();
  EXPECT_EQ(must(database->snapshot(count)), 1);
}

TEST_F(Postgres, CommitsNothingOfAWriteThatLostItsConnection) {
  const auto database = database_.open_migrated();
  const auto insert_and = [&](FunctionRef<void(Session&)> disturb) {
    return database->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.agents().insert("Bot", "ops@example.com"));
      disturb(tx.session());
      return {};
    });
  };
  const auto refused = insert_and([&](Session& session) { terminate(process(session)); });
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  const auto count = [](Transaction& tx) { return tx.agents().count(); };
  EXPECT_EQ(must(database->read(count)), 0);
  must(insert_and([](Session&) {}));
  EXPECT_EQ(must(database->read(count)), 1);
}

TEST_F(Postgres, MarksASessionBrokenInTheMiddleOfItsRows) {
  const auto session = connect();
  const std::int64_t own = process(*session);
  bool terminated = false;
  const auto lost =
      session->query("SELECT i, repeat('x', 1000) FROM generate_series(1, 1000000) AS n (i)", {},
                     [&](const Row&) -> Result<void> {
                       if (!std::exchange(terminated, true)) terminate(own);
                       return {};
                     });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Errc::unavailable);
  EXPECT_TRUE(session->broken());
  session->rollback();
  EXPECT_EQ(session->execute("SELECT 1").error().code, Errc::unavailable);
}

TEST_F(Postgres, DoesNotCommitATransactionInWhichAStatementFailed) {
  const auto session = connect();
  must(session->execute("CREATE TABLE t (id BIGINT PRIMARY KEY)"));
  must(session->begin(Access::write));
  must(session->execute("INSERT INTO t (id) VALUES (1)"));
  EXPECT_FALSE(session->execute("INSERT INTO t (id) VALUES (1)"));
  const auto refused = session->commit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::internal);
  EXPECT_EQ(text(*session, "SELECT COUNT(*) FROM t"), "0");
}

TEST_F(Postgres, ASnapshotCannotWrite) {
  const auto session = connect();
  must(session->execute("CREATE TABLE t (id BIGINT PRIMARY KEY)"));
  must(session->begin(Access::snapshot));
  const auto refused = session->execute("INSERT INTO t (id) VALUES (1)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "The database is read only");
  EXPECT_TRUE(session->broken()) << "for all it knows, another server is the primary now";
}

TEST_F(Postgres, GivesUpAStatementThatTakesTooLong) {
  const auto session = connect();
  must(session->run_script("SET statement_timeout = '50ms'"));
  const auto refused = session->execute("SELECT pg_sleep(30)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().message, "The database is busy");
  EXPECT_FALSE(session->broken());
}

TEST_F(Postgres, GivesUpWaitingForALock) {
  const auto session = connect();
  must(
      session->run_script("CREATE TABLE t (id BIGINT); INSERT INTO t VALUES (1);"
                          "SET lock_timeout = '50ms'"));
  const auto other = connect();
  must(other->begin(Access::write));
  must(other->execute("UPDATE t SET id = 2"));
  must(session->begin(Access::write));
  const auto refused = session->execute("UPDATE t SET id = 3");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "The database is busy");
  session->rollback();
  must(other->commit());
  must(session->execute("UPDATE t SET id = 3"));
}

TEST_F(Postgres, WritersThatBlockEachOtherAreParted) {
  must(connect()->run_script(
      "CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO t VALUES (1, 0), (2, 0)"));
  const auto session = connect();
  must(session->begin(Access::write));
  must(session->execute("UPDATE t SET n = 1 WHERE id = 1"));
  std::promise<void> locked;
  auto other = std::async(std::launch::async, [&] {
    const auto own = connect();
    must(own->begin(Access::write));
    must(own->execute("UPDATE t SET n = 2 WHERE id = 2"));
    locked.set_value();
    const auto crossed = own->execute("UPDATE t SET n = 2 WHERE id = 1");
    own->rollback();
    return crossed;
  });
  locked.get_future().wait();
  const auto crossed = session->execute("UPDATE t SET n = 1 WHERE id = 2");
  session->rollback();
  const auto others = other.get();
  EXPECT_NE(crossed.has_value(), others.has_value());
  EXPECT_EQ((crossed ? others : crossed).error().code, Errc::unavailable);
}

// On one node a change takes the counter's row and then an agent's, on another the other way round.
TEST_F(Postgres, WritesOfTwoNodesThatBlockEachOtherBothHappen) {
  const auto one = database_.open_migrated();
  const auto two = database_.open();
  const AgentId agent = must(one->write([](Transaction& tx) {
                          return tx.agents().insert("Bot", "ops@example.com");
                        })).agent_id;
  const auto append = [&](Transaction& tx) {
    return tx.changes().append(ChangeKind::agent, agent);
  };
  const auto suspend = [&](Transaction& tx) {
    return tx.agents().set_status(agent, AgentStatus::suspended, Timestamp{});
  };
  std::latch both_hold_one(2);
  std::atomic<int> tries{0};
  const auto first = [&](auto hold, auto want) {
    return [&, hold, want](Transaction& tx) -> Result<void> {
      TRY(hold(tx));
      if (tries++ < 2) both_hold_one.arrive_and_wait();
      TRY(want(tx));
      return {};
    };
  };
  auto other = std::async(std::launch::async, [&] { return two->write(first(suspend, append)); });
  const auto own = one->write(first(append, suspend));
  EXPECT_TRUE(own) << own.error().detail;
  const auto others = other.get();
  EXPECT_TRUE(others) << others.error().detail;
  EXPECT_GE(tries, 3) << "one of them was undone";
  EXPECT_EQ(must(one->read([](Transaction& tx) { return tx.changes().revision(); })), 2);
}

TEST_F(Postgres, DoesNotWaitForAServerThatHangs) {
  if (!PostgresServer::server().is_private()) GTEST_SKIP() << "the server is not ours to stop";
  const auto session = connect();
  const auto own = static_cast<pid_t>(process(*session));
  ASSERT_EQ(::kill(own, SIGSTOP), 0);
  const auto refused = session->execute("SELECT 1");
  ::kill(own, SIGCONT);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().detail, HasSubstr("no answer in time"));
  EXPECT_TRUE(session->broken());
}

// Each would wait for an answer of its own, one after the other.
TEST_F(Postgres, WritesBehindAServerThatHangsAreRefusedTogether) {
  if (!PostgresServer::server().is_private()) GTEST_SKIP() << "the server is not ours to stop";
  const auto database = database_.open_migrated();
  constexpr int writers = 4;
  std::latch connected(writers);
  std::latch hangs(1);
  std::vector<std::future<Database::Steady::duration>> answered;
  for (int i = 0; i < writers; ++i)
    answered.push_back(std::async(std::launch::async, [&, name = std::to_string(i)] {
      const auto write = [&](Transaction& tx) { return tx.settings().replace(name, "value"); };
      // A write may be committed over another thread's.
      must(database->read([](Transaction& tx) { return tx.changes().revision(); }));
      connected.count_down();
      hangs.wait();
      const auto asked = Database::Steady::now();
      const auto refused = database->write(write);
      EXPECT_TRUE(!refused && refused.error().code == Errc::unavailable);
      return Database::Steady::now() - asked;
    }));
  connected.wait();
  std::vector<pid_t> sessions;
  const auto other = connect();
  must(
      other->query("SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                   "AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
                   {}, [&](const Row& row) -> Result<void> {
                     sessions.push_back(static_cast<pid_t>(row.integer(0)));
                     return {};
                   }));
  EXPECT_GE(sessions.size(), std::size_t{writers});
  for (const pid_t session : sessions) ::kill(session, SIGSTOP);
  hangs.count_down();
  for (auto& took : answered) EXPECT_LT(took.get(), 12s);
  for (const pid_t session : sessions) ::kill(session, SIGCONT);
}

TEST_F(Postgres, AWatchHearsWhatOtherSessionsCommit) {
  const auto watch = must(driver_->watch());
  const auto session = connect();
  must(session->begin(Access::write));
  session->announce(41);
  session->announce(42);
  EXPECT_EQ(must(watch->wait(50ms)), std::nullopt) << "it is not committed";
  must(session->commit());
  EXPECT_EQ(must(watch->wait(5s)), 42);
  EXPECT_EQ(must(watch->wait(50ms)), std::nullopt) << "it was told once";
}

TEST_F(Postgres, WhatHitsAllAgentsOfAnOwnerIsAnnounced) {
  const auto database = must(Database::open(database_.url()));
  must(apply_migrations(*database));
  const auto watch = must(database->watch());
  must(database->write([](Transaction& tx) -> Result<void> {
    for (const char* name : {"One", "Two"}) TRY(tx.agents().insert(name, "ops@example.com"));
    return tx.changes().append_statuses_of_owner("ops@example.com");
  }));
  EXPECT_EQ(must(watch->wait(5s)), 2) << "nodes need not wait for their next poll";
}

TEST_F(Postgres, WhatIsRolledBackIsNotAnnounced) {
  const auto watch = must(driver_->watch());
  const auto session = connect();
  must(session->begin(Access::write));
  session->announce(42);
  session->rollback();
  must(session->begin(Access::write));
  must(session->commit());
  EXPECT_EQ(must(watch->wait(50ms)), std::nullopt);
}

TEST_F(Postgres, ADatabaseThatHasNotShownToNotifyIsNotAskedTo) {
  const auto elsewhere = must(postgres_driver(database_.url()));
  const auto watch = must(elsewhere->watch());
  const auto session = connect();  // of a driver that watches nothing
  must(session->begin(Access::write));
  session->announce(42);
  must(session->commit());
  EXPECT_EQ(must(watch->wait(50ms)), std::nullopt);
}

TEST_F(Postgres, AWatchWhoseConnectionEndedSaysSo) {
  const auto watch = must(driver_->watch());
  must(
      connect()->run_script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE datname = current_database() AND query LIKE 'LISTEN%'"));
  // The server's last words come first.
  auto heard = watch->wait(5s);
  if (heard) heard = watch->wait(5s);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, Errc::unavailable);
}

TEST_F(Postgres, RefusesTextThatIsNotUtf8) {
  const auto session = connect();
  must(session->execute("CREATE TABLE t (word TEXT)"));
  const auto refused = session->execute("INSERT INTO t (word) VALUES ($1)", {"\xFF\xFE"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
}

TEST_F(Postgres, DoesNotQuoteTheRowThatWasRefused) {
  const auto session = connect();
  must(session->execute("CREATE TABLE t (hash TEXT UNIQUE, n INTEGER NOT NULL CHECK (n > 0))"));
  must(session->execute("INSERT INTO t (hash, n) VALUES ($1, 1)", {"$2b$12$secret"}));
  for (const Sql wrong : {Sql("INSERT INTO t (hash, n) VALUES ($1, 1)"),
                          Sql("INSERT INTO t (hash, n) VALUES ($1 || 'x', 0)"),
                          Sql("INSERT INTO t (hash, n) VALUES ($1 || 'x', NULL)")}) {
    const auto refused = session->execute(wrong, {"$2b$12$secret"});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().detail, HasSubstr("violates"));
    EXPECT_EQ(refused.error().detail.find("secret"), std::string::npos) << refused.error().detail;
  }
}

TEST_F(Postgres, KeepsNoticesOffStandardError) {
  const auto session = connect();
  ::testing::internal::CaptureStderr();
  must(session->run_script("DO $$ BEGIN RAISE WARNING 'psst'; END $$"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(PostgresDriver, CannotReachAServerThatIsNotThere) {
  const auto driver = must(postgres_driver("postgresql://agent:hunter2@127.0.0.1:1/x"));
  const auto refused = driver->connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().message, "The database is not available");
  EXPECT_EQ(refused.error().detail.find("hunter2"), std::string::npos);
}

TEST(PostgresError, WantsAServerThatHasWhatWeUse) {
  const auto refused = check_postgres_version(120022);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().message, "PostgreSQL 13 or newer is required");
  EXPECT_EQ(refused.error().detail, "the server is PostgreSQL 12.22");
  EXPECT_TRUE(check_postgres_version(130000));
  EXPECT_TRUE(check_postgres_version(170002));
}

TEST(PostgresError, TellsWhatTheCallerMayKnow) {
  struct Case {
    std::string_view state;
    Errc meaning;
    std::string_view message;
    bool breaks;
  };
  const Case cases[] = {
      {"23505", Errc::conflict, "The change conflicts with what is stored", false},
      {"23503", Errc::conflict, "The change conflicts with what is stored", false},
      {"23502", Errc::internal, "Internal error", false},           // not null
      {"23514", Errc::internal, "Internal error", false},           // check
      {"42601", Errc::internal, "Internal error", false},           // syntax
      {"42P01", Errc::internal, "Internal error", false},           // no such table
      {"25P02", Errc::internal, "Internal error", false},           // after a failed statement
      {"08P01", Errc::internal, "Internal error", false},           // wrong number of parameters
      {"40001", Errc::unavailable, "The database is busy", false},  // serialization
      {"40P01", Errc::unavailable, "The database is busy", false},  // deadlock
      {"55P03", Errc::unavailable, "The database is busy", false},  // lock not available
      {"57014", Errc::unavailable, "The database is busy", false},  // statement time-out
      {"25006", Errc::unavailable, "The database is read only", true},
      {"42501", Errc::unavailable,
       "The database user may not create or use the tables; make it the owner of the database",
       false},
      {"53100", Errc::unavailable, "The database is full", false},
      {"53300", Errc::unavailable, "The database is not available", false},
      {"58030", Errc::unavailable, "The database is not available", false},
      {"XX001", Errc::unavailable, "The database is not available", false},
      {"57P01", Errc::unavailable, "The database is not available", true},
      {"25P03", Errc::unavailable, "The database is not available", true},
      {"08006", Errc::unavailable, "The database is not available", true},
      {"", Errc::unavailable, "The database is not available", true},
  };
  for (const Case& expected : cases) {
    const Error error = postgres_error(expected.state, "words of PostgreSQL\n");
    EXPECT_EQ(error.code, expected.meaning) << expected.state;
    EXPECT_EQ(error.message, expected.message) << expected.state;
    const std::string state(expected.state);
    EXPECT_EQ(error.detail,
              "postgresql" + (state.empty() ? "" : " " + state) + ": words of PostgreSQL");
    EXPECT_EQ(breaks_postgres_session(expected.state), expected.breaks) << expected.state;
  }
}

}  // namespace
}  // namespace agentauth
