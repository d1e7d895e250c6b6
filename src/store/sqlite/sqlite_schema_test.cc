#include "store/sqlite/sqlite_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/migrations.h"
#include "store/testing/test_database.h"

namespace agentauth {
namespace {

using testing::Backend;
using ::testing::HasSubstr;
using testing::must;
using testing::TestDatabase;

class SqliteSchema : public ::testing::Test {
 protected:
  // What is wrong once that was done to it.
  std::string wrong_after(const std::string& script) {
    must(database_->write([&](Transaction& tx) { return tx.session().run_script(script); }));
    const auto checked = require_own_schema(*database_);
    return checked ? "" : checked.error().message;
  }

  TestDatabase where_{Backend::sqlite_disk};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

TEST_F(SqliteSchema, IsOursAsMigrationsMadeIt) { EXPECT_EQ(wrong_after("ANALYZE"), ""); }

TEST_F(SqliteSchema, OfAnOlderVersionIsOurs) {
  for (int version = 1; version <= schema_version(); ++version) {
    TestDatabase where(Backend::sqlite_disk);
    const auto older = where.open();
    must(apply_migrations_up_to(*older, version));
    EXPECT_TRUE(require_own_schema(*older)) << version;
  }
}

TEST_F(SqliteSchema, WithATriggerIsNotOurs) {
  EXPECT_THAT(wrong_after("CREATE TRIGGER undo_suspend AFTER UPDATE ON agents BEGIN "
                          "UPDATE agents SET status = 'active'; END"),
              HasSubstr("trigger undo_suspend"));
}

TEST_F(SqliteSchema, WithAViewAnIndexOrATableOfOthersIsNotOurs) {
  for (const auto& [script, name] :
       {std::pair("CREATE VIEW v AS SELECT 1", "view v"),
        std::pair("CREATE UNIQUE INDEX i ON agents (labels)", "index i"),
        std::pair("CREATE TABLE t (id BIGINT)", "table t")}) {
    EXPECT_THAT(wrong_after(script), HasSubstr(name));
    must(database_->write([&, &name = name](Transaction& tx) {
      return tx.session().run_script(std::string("DROP ") + name);
    }));
  }
  EXPECT_EQ(wrong_after(""), "");
}

TEST_F(SqliteSchema, WithATableThatIsOtherwiseIsNotOurs) {
  EXPECT_THAT(wrong_after("ALTER TABLE agents ADD COLUMN other TEXT"), HasSubstr("table agents"));
}

TEST_F(SqliteSchema, ThatLacksAnIndexIsNotOurs) {
  EXPECT_THAT(wrong_after("DROP INDEX agents_by_age"), HasSubstr("index agents_by_age"));
}

TEST_F(SqliteSchema, OfANewerProgramIsRefusedAsSuch) {
  EXPECT_THAT(wrong_after("INSERT INTO schema_migrations (version, name) VALUES (9999, 'later')"),
              HasSubstr("newer"));
}

// The second line, behind the look at the schema.
TEST_F(SqliteSchema, ATriggerThatIsThereDoesNotRun) {
  wrong_after("CREATE TRIGGER undo AFTER INSERT ON settings BEGIN DELETE FROM settings; END");
  must(database_->write([](Transaction& tx) { return tx.settings().replace("name", "value"); }));
  EXPECT_EQ(must(database_->read([](Transaction& tx) { return tx.settings().find("name"); })),
            "value");
}

}  // namespace
}  // namespace agentauth
