#include "app/database_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agentauth::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

const std::string url = "postgresql://agentauth:sesame@db.internal/agentauth";

Error unavailable(const std::string& detail) {
  return {Errc::unavailable, "The database is not available", detail, {}, {}};
}

Error advised(Error error, const std::string& of) {
  add_database_advice(error, of);
  return error;
}

TEST(DatabaseAdvice, NamesTheDatabaseWithoutItsPassword) {
  const Error told = advised(unavailable("postgresql: connection refused"), url);
  EXPECT_EQ(told.code, Errc::unavailable);
  EXPECT_EQ(told.message,
            "The database is not available: postgresql://agentauth:***@db.internal/agentauth");
  EXPECT_THAT(told.detail, AllOf(Not(HasSubstr("sesame")), EndsWith("--database")));
}

TEST(DatabaseAdvice, FitsTheKindOfTrouble) {
  struct Case {
    std::string_view detail;
    std::string_view advice;
  };
  const Case cases[] = {
      {"sqlite 5: database is locked", "something else writes for long"},
      {"sqlite 261: database is locked", "something else writes for long"},
      {"sqlite 1544: attempt to write a readonly database", "let this user write"},
      {"sqlite 778: disk I/O error", "look at its disk"},
      {"sqlite 11: database disk image is malformed", "restore a backup"},
      {"sqlite 26: file is not a database", "restore a backup"},
      {"sqlite 13: database or disk is full", "make room"},
      {"sqlite 14: unable to open database file", "let its folder exist"},
      {"cannot create /x/y.db: No such file or directory", "let its folder exist"},
      {"sqlite 1: something else", "see that it is what it ought to be"},
      {"postgresql: FATAL:  role \"x\" does not exist", "createuser"},
      {"postgresql: FATAL:  database \"x\" does not exist", "createdb"},
      {"postgresql: FATAL:  password authentication failed for user \"x\"", "~/.pgpass"},
      {"postgresql: FATAL:  no pg_hba.conf entry for host", "admit this user"},
      {"postgresql: FATAL:  sorry, too many clients already", "max_connections"},
      {"postgresql 25006: cannot execute INSERT in a read-only transaction", "name the primary"},
      {"postgresql: connection to server failed: session is read-only", "promote it"},
      {"postgresql 53100: could not extend file", "make room"},
      {"postgresql: connection refused", "can be reached"},
  };
  for (const Case& one : cases) {
    const Error told = advised(unavailable(std::string(one.detail)), "sqlite:a.db");
    EXPECT_THAT(told.detail, HasSubstr(std::string(one.detail) + "; ")) << one.detail;
    EXPECT_THAT(told.detail, HasSubstr(one.advice)) << one.detail;
  }
}

TEST(DatabaseAdvice, IsOneLineWhateverTheLibrarySays) {
  const Error told =
      advised(unavailable("postgresql: connection refused\n\tIs the server running?"), url);
  EXPECT_THAT(told.detail, AllOf(Not(HasSubstr("\n")), Not(HasSubstr("Is the server"))));
}

TEST(DatabaseAdvice, LeavesAloneWhatIsNoTroubleOfTheDatabase) {
  const Error given{
      Errc::invalid_argument, "the master key does not fit this database", {}, {}, {}};
  const Error told = advised(given, url);
  EXPECT_EQ(told.message, given.message);
  EXPECT_EQ(told.detail, "");
}

}  // namespace
}  // namespace agentauth::app
