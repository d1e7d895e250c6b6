#include "store/sqlite/sqlite_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "store/sqlite/sqlite_driver.h"
#include "store/testing/test_database.h"

namespace agentauth {
namespace {

using ::testing::HasSubstr;
using testing::must;
using testing::TemporaryDirectory;

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

// The names of all files that were made in a folder, also of those that are gone already.
class FilesMade {
 public:
  explicit FilesMade(const std::filesystem::path& folder)
      : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(descriptor_, folder.c_str(), IN_CREATE), 0);
  }
  ~FilesMade() { ::close(descriptor_); }
  FilesMade(const FilesMade&) = delete;
  FilesMade& operator=(const FilesMade&) = delete;

  std::set<std::string> beginning_with(std::string_view prefix) const {
    std::set<std::string> names;
    alignas(inotify_event) char buffer[4096];
    for (ssize_t size; (size = ::read(descriptor_, buffer, sizeof buffer)) > 0;) {
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
        if (std::string_view(event->name).starts_with(prefix)) names.insert(event->name);
        at += static_cast<ssize_t>(sizeof *event + event->len);
      }
    }
    return names;
  }

 private:
  int descriptor_;
};

class SqliteCopy : public ::testing::Test {
 protected:
  std::unique_ptr<Session> connect(const std::string& path) {
    return must(sqlite_file_driver(path)->connect());
  }
  static std::int64_t number(Session& session, Sql sql) {
    std::int64_t value = -1;
    must(session.query(sql, {}, [&](const Row& row) -> Result<void> {
      value = row.integer(0);
      return {};
    }));
    return value;
  }
  std::string copied() {
    std::ofstream(copy_).close();
    must(copy_sqlite_file(path_, copy_));
    return copy_;
  }

  TemporaryDirectory directory_;
  std::string path_ = (directory_.path() / "source.db").string();
  std::string copy_ = (directory_.path() / "copy.db").string();
};

TEST_F(SqliteCopy, IsOfOneMomentAndHoldsUpNoWriter) {
  const auto session = connect(path_);
  must(session->execute("CREATE TABLE pairs (a BIGINT, b BIGINT, filler BLOB)"));
  for (int i = 0; i < 200; ++i)
    must(session->execute("INSERT INTO pairs VALUES (0, 0, zeroblob(20000))"));
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::thread writer([&] {
    const auto other = connect(path_);
    for (; !stop; ++written) must(other->execute("UPDATE pairs SET a = a + 1, b = b + 1"));
  });
  while (written == 0) std::this_thread::yield();
  for (int i = 0; i < 5; ++i) {
    const auto copy = connect(copied());
    EXPECT_EQ(number(*copy, "SELECT COUNT(*) FROM pairs"), 200);
    EXPECT_EQ(number(*copy, "SELECT COUNT(*) FROM pairs WHERE a <> b"), 0);
    EXPECT_EQ(number(*copy, "SELECT MAX(a) - MIN(a) FROM pairs"), 0);
  }
  stop = true;
  writer.join();
}

TEST_F(SqliteCopy, IsOneFileOnceItIsFolded) {
  const auto session = connect(path_);
  must(session->execute("CREATE TABLE t (id BIGINT)"));
  {
    const auto other = connect(copied());
    must(other->execute("INSERT INTO t VALUES (7)"));
  }
  must(fold_sqlite_file(copy_));
  EXPECT_FALSE(std::filesystem::exists(copy_ + "-wal"));
  must(check_sqlite_file(copy_));
  EXPECT_EQ(number(*connect(copy_), "SELECT id FROM t"), 7);
}

TEST_F(SqliteCopy, OfAFileThatIsNoDatabaseFails) {
  std::ofstream(path_) << std::string(10'000, 'x');
  std::ofstream(copy_).close();
  EXPECT_EQ(copy_sqlite_file(path_, copy_).error().code, Errc::unavailable);
  EXPECT_EQ(check_sqlite_file(path_).error().code, Errc::unavailable);
}

TEST_F(SqliteCopy, IsNotWrittenThroughASymbolicLink) {
  must(connect(path_)->execute("CREATE TABLE t (id BIGINT)"));
  const auto elsewhere = directory_.path() / "precious";
  std::ofstream(elsewhere).close();
  std::filesystem::create_symlink(elsewhere, copy_);
  EXPECT_EQ(copy_sqlite_file(path_, copy_).error().code, Errc::unavailable);
  EXPECT_EQ(fold_sqlite_file(copy_).error().code, Errc::unavailable);
  EXPECT_EQ(std::filesystem::file_size(elsewhere), 0U);
}

TEST_F(SqliteCopy, TakesAPathForTheNameOfAFile) {
  must(connect(path_)->execute("CREATE TABLE t (id BIGINT)"));
  EXPECT_FALSE(check_sqlite_file("file:" + path_));
  EXPECT_FALSE(check_sqlite_file("file:" + path_ + "?mode=ro"));
  EXPECT_FALSE(check_sqlite_file(":memory:"));
  EXPECT_TRUE(check_sqlite_file(path_));
}

TEST_F(SqliteCopy, TellsADatabaseOfOursFromOthers) {
  must(connect(path_)->execute("CREATE TABLE schema_migrations (version BIGINT)"));
  EXPECT_FALSE(is_database_of_ours(path_));
  EXPECT_FALSE(is_database_of_ours(path_ + "-none"));
  std::ofstream(copy_) << std::string(10'000, 'x');
  EXPECT_FALSE(is_database_of_ours(copy_));
  const testing::TestDatabase ours(testing::Backend::sqlite_disk);
  ours.open_migrated();
  EXPECT_TRUE(is_database_of_ours(ours.path()));
}

TEST_F(SqliteCopy, ToLookWhetherADatabaseIsOursLeavesNothingBesideIt) {
  const auto folder = directory_.path() / "50% of #1?";
  std::filesystem::create_directory(folder);
  {
    const testing::TestDatabase ours(testing::Backend::sqlite_disk);
    ours.open_migrated();
    std::filesystem::copy(ours.path(), folder / "ours.db");
  }
  EXPECT_TRUE(is_database_of_ours(folder / "ours.db"));
  EXPECT_EQ(files_in(folder), std::set<std::string>{"ours.db"});
}

TEST_F(SqliteCopy, MakesNoOtherFile) {
  must(connect(path_)->execute("CREATE TABLE t (id BIGINT)"));
  const FilesMade files(directory_.path());
  copied();
  EXPECT_EQ(files.beginning_with("copy.db"), std::set<std::string>{"copy.db"});
}

TEST_F(SqliteCopy, OfADamagedFileIsFoundOut) {
  {
    const auto session = connect(path_);
    must(session->execute("CREATE TABLE t (id BIGINT PRIMARY KEY, filler TEXT)"));
    for (std::int64_t i = 0; i < 1000; ++i)
      must(session->execute("INSERT INTO t VALUES ($1, hex(randomblob(50)))", {i}));
  }
  must(check_sqlite_file(path_));
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5 * 4096);
  file << std::string(4096, '\xA5');
  file.close();
  const auto checked = check_sqlite_file(path_);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().detail, HasSubstr("sqlite 11"));
}

TEST_F(SqliteCopy, AFileIsLockedOnlyWhileNobodyHasItOpen) {
  auto session = connect(path_);
  must(session->execute("CREATE TABLE t (id BIGINT)"));
  const auto refused = SqliteFileLock::take(path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  session.reset();
  const auto lock = SqliteFileLock::take(path_);
  ASSERT_TRUE(lock);
  EXPECT_FALSE(sqlite_file_driver(path_, std::chrono::milliseconds(50))->connect());
}

}  // namespace
}  // namespace agentauth
