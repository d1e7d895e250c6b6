#include "store/postgres/postgres_schema.h"

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

class PostgresSchema : public ::testing::Test {
 protected:
  // What is wrong once that was done to it.
  std::string wrong_after(const std::string& script) {
    must(database_->write([&](Transaction& tx) { return tx.session().run_script(script); }));
    const auto checked = require_no_foreign_code(*database_);
    return checked ? "" : checked.error().message;
  }

  TestDatabase where_{Backend::postgresql};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

TEST_F(PostgresSchema, IsOursAsMigrationsMadeIt) { EXPECT_EQ(wrong_after("SELECT 1"), ""); }

// The sessions of one Database belong to its threads; of this one there is one.
TEST_F(PostgresSchema, SeesTheSessionsOfOthers) {
  EXPECT_EQ(must(count_other_sessions(*database_)), 0);
  const auto other = where_.open_migrated();
  EXPECT_EQ(must(count_other_sessions(*database_)), 1);
}

TEST_F(PostgresSchema, WithATriggerIsNotOurs) {
  EXPECT_THAT(wrong_after("CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS "
                          "$$ BEGIN NEW.status := 'active'; RETURN NEW; END $$;"
                          "CREATE TRIGGER undo_suspend BEFORE UPDATE ON agents"
                          " FOR EACH ROW EXECUTE FUNCTION undo()"),
              HasSubstr("trigger undo_suspend on agents"));
}

// Disabled is one word away from enabled.
TEST_F(PostgresSchema, WithATriggerThatRestsIsNotOurs) {
  EXPECT_NE(wrong_after("CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS "
                        "$$ BEGIN RETURN NULL; END $$;"
                        "CREATE TRIGGER undo AFTER DELETE ON permissions"
                        " FOR EACH STATEMENT EXECUTE FUNCTION undo();"
                        "ALTER TABLE permissions DISABLE TRIGGER undo"),
            "");
}

TEST_F(PostgresSchema, WithARuleAPolicyOrAViewIsNotOurs) {
  for (const auto& [script, what, undo] :
       {std::tuple("CREATE RULE keep AS ON DELETE TO permissions DO INSTEAD NOTHING",
                   "rule keep on permissions", "DROP RULE keep ON permissions"),
        std::tuple("CREATE POLICY hide ON agents USING (status = 'active')",
                   "policy hide on agents", "DROP POLICY hide ON agents"),
        std::tuple("CREATE VIEW v AS SELECT 1", "view v", "DROP VIEW v"),
        std::tuple("CREATE MATERIALIZED VIEW v AS SELECT 1", "view v",
                   "DROP MATERIALIZED VIEW v")}) {
    EXPECT_THAT(wrong_after(script), HasSubstr(what));
    EXPECT_EQ(wrong_after(undo), "");
  }
}

// It would be read in the place of the table.
TEST_F(PostgresSchema, WithAViewBeforeATableInTheSearchPathIsNotOurs) {
  must(database_->write([&](Transaction& tx) {
    return tx.session().run_script(
        "CREATE SCHEMA before;"
        "CREATE VIEW before.agents AS SELECT * FROM public.agents;"
        "ALTER DATABASE " +
        where_.name() + " SET search_path = before, public");
  }));
  const auto database = where_.open();
  const auto checked = require_no_foreign_code(*database);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("view agents"));
}

TEST_F(PostgresSchema, OfOthersOutsideTheSearchPathIsNoMatter) {
  EXPECT_EQ(wrong_after("CREATE SCHEMA reports; CREATE VIEW reports.v AS SELECT 1"), "");
}

}  // namespace
}  // namespace agentauth
