// What only SQLite does: files, locks and settings.
#include "store/sqlite/sqlite_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>

#include "store/database.h"
#include "store/sqlite/sqlite_error.h"
#include "store/testing/test_database.h"

namespace agentauth {
namespace {

using ::testing::HasSubstr;
using testing::must;
using testing::TemporaryDirectory;

class SqliteFile : public ::testing::Test {
 protected:
  std::unique_ptr<Session> connect() { return must(driver()->connect()); }
  std::unique_ptr<Driver> driver() { return sqlite_file_driver(path_); }

  Result<void> connect_error() {
    const auto session = driver()->connect();
    if (session) return {};
    return tl::unexpected(session.error());
  }
  static std::string setting(Session& session, Sql pragma) {
    std::string value;
    must(session.query(pragma, {}, [&](const Row& row) -> Result<void> {
      value = row.text(0);
      return {};
    }));
    return value;
  }
  // A connection outside of the code under test.
  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> stranger() {
    sqlite3* connection = nullptr;
    EXPECT_EQ(sqlite3_open(path_.c_str(), &connection), SQLITE_OK);
    return {connection, sqlite3_close};
  }
  static int mode(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return static_cast<int>(found.st_mode & 0777);
  }

  TemporaryDirectory directory_;
  std::string path_ = (directory_.path() / "agent auth?mode=memory%20.db").string();
};

TEST_F(SqliteFile, IsReadableByItsOwnerOnly) {
  const mode_t old = ::umask(0);
  const auto session = connect();
  must(session->execute("CREATE TABLE t (id BIGINT)"));
  ::umask(old);
  EXPECT_EQ(mode(path_), 0600);
  EXPECT_EQ(mode(path_ + "-wal"), 0600);
  EXPECT_EQ(mode(path_ + "-shm"), 0600);
}

TEST_F(SqliteFile, KeepsWhatWasCommitted) {
  must(connect()->run_script("CREATE TABLE t (id BIGINT); INSERT INTO t VALUES (42);"));
  EXPECT_EQ(setting(*connect(), "SELECT id FROM t"), "42");
}

TEST_F(SqliteFile, IsOpenedWithTheSettingsThatKeepItSafe) {
  const auto session = connect();
  EXPECT_EQ(setting(*session, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(setting(*session, "PRAGMA synchronous"), "2");  // FULL
  EXPECT_EQ(setting(*session, "PRAGMA foreign_keys"), "1");
  EXPECT_EQ(setting(*session, "PRAGMA trusted_schema"), "0");
  EXPECT_EQ(setting(*session, "PRAGMA busy_timeout"), "5000");
}

TEST_F(SqliteFile, IsNotMadeInADirectoryThatIsMissing) {
  path_ = (directory_.path() / "missing" / "agentauth.db").string();
  const auto refused = connect_error();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().message, "The database is not available");
  EXPECT_THAT(refused.error().detail, HasSubstr("No such file"));
}

TEST_F(SqliteFile, ThatIsMovedAwayIsUnavailableUntilItIsBack) {
  const auto driver = this->driver();
  Database database(this->driver());
  const auto insert = [&] {
    return database.write(
        [](Transaction& tx) { return tx.session().execute("INSERT INTO t (id) VALUES (1)"); });
  };
  must(must(driver->connect())->execute("CREATE TABLE t (id BIGINT)"));
  must(insert());
  const std::filesystem::path elsewhere = directory_.path() / "elsewhere.db";
  std::filesystem::rename(path_, elsewhere);
  for (int turn = 0; turn < 2; ++turn) {
    const auto refused = insert();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable);
    const auto unopened = driver->connect();
    ASSERT_FALSE(unopened);
    EXPECT_EQ(unopened.error().code, Errc::unavailable);
    EXPECT_FALSE(std::filesystem::exists(path_)) << "made anew";
  }
  std::filesystem::rename(elsewhere, path_);
  must(insert());
  EXPECT_EQ(setting(*must(driver->connect()), "SELECT COUNT(*) FROM t"), "2");
}

TEST_F(SqliteFile, ThatIsNoDatabaseIsUnavailableAndStaysAsItIs) {
  const std::string text(5000, 'x');
  std::ofstream(path_) << text;
  const auto refused = connect_error();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  std::ifstream file(path_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(SqliteFile, ThatSomebodyElseWritesForLongIsBusyAndThenUsable) {
  const auto session = connect();
  must(session->execute("CREATE TABLE t (id BIGINT)"));
  // The usual patience would make this test as long as it is.
  must(session->run_script("PRAGMA busy_timeout = 50"));
  const auto other = stranger();
  ASSERT_EQ(sqlite3_exec(other.get(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = session->begin(Access::write);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().message, "The database is busy");
  EXPECT_FALSE(session->broken());
  EXPECT_EQ(setting(*session, "SELECT COUNT(*) FROM t"), "0");

  ASSERT_EQ(sqlite3_exec(other.get(), "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  must(session->begin(Access::write));
  must(session->execute("INSERT INTO t (id) VALUES (1)"));
  must(session->commit());
}

TEST_F(SqliteFile, ThatIsFullRefusesTheWholeTransaction) {
  const auto session = connect();
  must(session->run_script("CREATE TABLE t (id BIGINT, word TEXT); PRAGMA max_page_count = 5;"));
  must(session->begin(Access::write));
  must(session->execute("INSERT INTO t (id) VALUES (1)"));
  const auto refused =
      session->execute("INSERT INTO t (id, word) VALUES (2, $1)", {std::string(100'000, 'x')});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().message, "The database is full");
  session->rollback();
  EXPECT_EQ(setting(*session, "SELECT COUNT(*) FROM t"), "0");
}

// Some errors end SQLite's transaction behind the back of whoever works in it.
TEST_F(SqliteFile, CommitsNothingAfterItsTransactionWasEndedByAnError) {
  const auto session = connect();
  must(session->execute("CREATE TABLE t (id BIGINT PRIMARY KEY)"));
  must(session->begin(Access::write));
  must(session->execute("INSERT INTO t (id) VALUES (1)"));
  EXPECT_FALSE(session->execute("INSERT OR ROLLBACK INTO t (id) VALUES (1)"));
  EXPECT_EQ(session->execute("INSERT INTO t (id) VALUES (2)").error().code, Errc::unavailable);
  EXPECT_EQ(session->commit().error().code, Errc::unavailable);
  EXPECT_EQ(setting(*session, "SELECT COUNT(*) FROM t"), "0");
}

// Ten attempts that wait five seconds each would be a start that nobody waits for.
TEST_F(SqliteFile, ThatOthersHoldIsGivenUpAfterOneDeadlineForAllAttempts) {
  using Steady = std::chrono::steady_clock;
  const auto other = stranger();
  // A writer of a file in the old journal mode keeps it from being turned to WAL.
  ASSERT_EQ(sqlite3_exec(other.get(), "CREATE TABLE t (id BIGINT); BEGIN EXCLUSIVE", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  const auto impatient = sqlite_file_driver(path_, std::chrono::milliseconds{300});
  const auto begin = Steady::now();
  const auto refused = impatient->connect();
  const auto took = Steady::now() - begin;
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "The database is busy");
  EXPECT_GE(took, std::chrono::milliseconds{250});
  EXPECT_LT(took, std::chrono::seconds{4});
}

TEST_F(SqliteFile, ThatIsDamagedBreaksTheSession) {
  auto session = connect();
  must(
      session->run_script("CREATE TABLE t (id BIGINT, word TEXT);"
                          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
                          "i < 2000) INSERT INTO t SELECT i, hex(randomblob(20)) FROM n;"
                          "PRAGMA wal_checkpoint(TRUNCATE);"));
  session.reset();
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  for (int page = 2; page < 20; ++page) {
    file.seekp(page * 4096);
    file << std::string(4096, '\x7F');
  }
  file.close();
  session = connect();
  const auto refused =
      session->query("SELECT SUM(id) FROM t", {}, [](const Row&) -> Result<void> { return {}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_TRUE(session->broken());
}

TEST(SqliteMemory, BelongsToOneDriver) {
  const auto one = must(sqlite_memory_driver());
  const auto two = must(sqlite_memory_driver());
  must(must(one->connect())->execute("CREATE TABLE t (id BIGINT)"));
  EXPECT_TRUE(must(must(one->connect())->has_table("t")));
  EXPECT_FALSE(must(must(two->connect())->has_table("t")));
}

TEST(SqliteError, TellsWhatTheCallerMayKnow) {
  struct Case {
    int code;
    Errc meaning;
    std::string_view message;
    bool breaks;
  };
  const Case cases[] = {
      {SQLITE_CONSTRAINT_UNIQUE, Errc::conflict, "The change conflicts with what is stored", false},
      {SQLITE_CONSTRAINT_PRIMARYKEY, Errc::conflict, "The change conflicts with what is stored",
       false},
      {SQLITE_CONSTRAINT_FOREIGNKEY, Errc::conflict, "The change conflicts with what is stored",
       false},
      {SQLITE_CONSTRAINT_NOTNULL, Errc::internal, "Internal error", false},
      {SQLITE_CONSTRAINT_CHECK, Errc::internal, "Internal error", false},
      {SQLITE_ERROR, Errc::internal, "Internal error", false},
      {SQLITE_MISUSE, Errc::internal, "Internal error", false},
      {SQLITE_BUSY, Errc::unavailable, "The database is busy", false},
      {SQLITE_BUSY_SNAPSHOT, Errc::unavailable, "The database is busy", false},
      {SQLITE_LOCKED, Errc::unavailable, "The database is busy", false},
      {SQLITE_FULL, Errc::unavailable, "The database is full", false},
      {SQLITE_NOMEM, Errc::unavailable, "The database is not available", false},
      {SQLITE_READONLY, Errc::unavailable, "The database is read only", false},
      {SQLITE_READONLY_DBMOVED, Errc::unavailable, "The database is read only", true},
      {SQLITE_IOERR_FSYNC, Errc::unavailable, "The database is not available", true},
      {SQLITE_CORRUPT, Errc::unavailable, "The database is not available", true},
      {SQLITE_NOTADB, Errc::unavailable, "The database is not available", true},
      {SQLITE_CANTOPEN, Errc::unavailable, "The database is not available", true},
  };
  for (const Case& expected : cases) {
    const Error error = sqlite_error(expected.code, "words of SQLite");
    EXPECT_EQ(error.code, expected.meaning) << expected.code;
    EXPECT_EQ(error.message, expected.message) << expected.code;
    EXPECT_THAT(error.detail, HasSubstr("words of SQLite"));
    EXPECT_EQ(breaks_sqlite_session(expected.code), expected.breaks) << expected.code;
  }
}

}  // namespace
}  // namespace agentauth
