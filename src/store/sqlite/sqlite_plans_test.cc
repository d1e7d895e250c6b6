// Whoever applies a policy keeps everybody else from writing, so no statement of PolicyTables may
// look at all grants or all memberships there are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <set>

#include "store/database.h"
#include "store/migrations.h"
#include "store/sqlite/sqlite_driver.h"
#include "store/testing/test_database.h"
#include "store/testing/watched_driver.h"

namespace agentauth {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::must;

class SqlitePlans : public ::testing::Test {
 protected:
  SqlitePlans() {
    must(apply_migrations(database_));
    watched_.statement = [this](Sql sql, std::span<const Param>) { texts_.emplace(sql.text()); };
  }
  static sqlite3* opened(const std::string& path) {
    sqlite3* connection = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
    return connection;
  }
  // The statements that `use` runs, each once.
  template <class F>
  std::set<std::string> statements_of(F use) {
    texts_.clear();
    must(database_.write([&](Transaction& tx) -> Result<void> {
      PolicyTables tables = tx.policies();
      TRY(use(tables));
      return {};
    }));
    return texts_;
  }
  // How SQLite finds the rows: a line for each table.
  std::vector<std::string> plan_of(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(connection_.get(), ("EXPLAIN QUERY PLAN " + sql).c_str(), -1,
                                 &statement, nullptr),
              SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(connection_.get());
    std::vector<std::string> lines;
    while (sqlite3_step(statement) == SQLITE_ROW)
      lines.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3)));
    sqlite3_finalize(statement);
    return lines;
  }
  // Those lines that look at all of a table whose rows are many, by an index or not.
  std::vector<std::string> full_scans_of(const std::string& sql) {
    std::vector<std::string> scans;
    for (const std::string& line : plan_of(sql))
      for (const char* table : {"grants", "permissions", "memberships", "agents", "entities"})
        if (const std::string scan = std::string("SCAN ") + table;
            line == scan || line.starts_with(scan + " "))
          scans.push_back(line);
    return scans;
  }
  template <class F>
  void expect_no_scan(const char* what, F use) {
    const auto statements = statements_of(use);
    EXPECT_FALSE(statements.empty()) << what;
    for (const std::string& sql : statements)
      EXPECT_THAT(full_scans_of(sql), IsEmpty()) << what << ": " << sql;
  }

  testing::TemporaryDirectory directory_;
  const std::string path_ = (directory_.path() / "plans.db").string();
  testing::Watched watched_;
  std::set<std::string> texts_;
  Database database_{std::make_unique<testing::WatchedDriver>(sqlite_file_driver(path_), watched_)};
  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> connection_{opened(path_), sqlite3_close};
};

TEST_F(SqlitePlans, OfAScanSayThatItIsOne) {
  EXPECT_THAT(full_scans_of("SELECT * FROM grants WHERE effect = 'deny'"),
              Contains(HasSubstr("SCAN grants")));
  EXPECT_THAT(full_scans_of("SELECT COUNT(*) FROM memberships"),
              Contains(HasSubstr("SCAN memberships")));
  EXPECT_THAT(full_scans_of("SELECT * FROM grants WHERE subject = 'user:alice'"), IsEmpty());
}

TEST_F(SqlitePlans, OfPolicyTablesUseIndexesForGrantsAndMemberships) {
  // Each text for as many rows as there are in one statement.
  constexpr std::size_t some = 64 + 16 + 4 + 2 + 1;
  const std::vector<std::string> names(some, "role:r");
  const std::vector<MembershipId> memberships(some);
  const std::vector<GrantId> grants(some);
  const std::vector<AgentId> agents(some);
  std::vector<Grant> alike(3);
  for (Grant& grant : alike) grant.subject = "user:alice";
  alike[0].resource = "city:rome";
  alike[1].effect = Effect::deny;
  alike[2].subject = subject_of(AgentId{});
  std::vector<const Grant*> wanted;
  std::vector<Grant> many(3 * some);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i] = alike[i % 3];
    many[i].permission = "p" + std::to_string(i);
    wanted.push_back(&many[i]);
  }
  expect_no_scan("erase_members",
                 [&](PolicyTables& tables) { return tables.erase_members(memberships); });
  expect_no_scan("erase_roles", [&](PolicyTables& tables) { return tables.erase_roles(names); });
  expect_no_scan("members_of_many",
                 [&](PolicyTables& tables) { return tables.members_of_many(names, {}, 1, 1); });
  expect_no_scan("members_far_above",
                 [&](PolicyTables& tables) { return tables.members_far_above(names, {}, 1); });
  expect_no_scan("erase_grants", [&](PolicyTables& tables) { return tables.erase_grants(grants); });
  expect_no_scan("count_rules_of", [&](PolicyTables& tables) {
    return tables.count_rules_of(names, [](const std::string&, std::int64_t) {});
  });
  expect_no_scan("count_permissions_of", [&](PolicyTables& tables) {
    return tables.count_permissions_of(agents, [](AgentId, std::int64_t) {});
  });
  expect_no_scan("each_grant_alike", [&](PolicyTables& tables) {
    return tables.each_grant_alike(wanted, [](const Grant&) {});
  });
  expect_no_scan("each_about_of", [&](PolicyTables& tables) {
    return tables.each_about_of(names, [](const std::string&, const std::string&) {});
  });
  expect_no_scan("each_grant_to", [&](PolicyTables& tables) {
    return tables.each_grant_to(RoleKind::role, [](const Grant&) { return Result<void>(); });
  });
  expect_no_scan("each_membership_in", [&](PolicyTables& tables) {
    return tables.each_membership_in(RoleKind::role,
                                     [](const Membership&) { return Result<void>(); });
  });
  expect_no_scan("erase_entities", [&](PolicyTables& tables) {
    return tables.erase_entities(std::vector<EntityRepository::Name>(some, {"city", "rome"}));
  });
}

}  // namespace
}  // namespace agentauth
