#include "store/postgres/postgres_schema.h"

#include <string>

namespace agentauth {

// `_RETURN` is what makes a view one: it is told as the view. Triggers that are internal enforce
// foreign keys.
Result<void> require_no_foreign_code(Database& database) {
  std::string found;
  TRY(database.read([&](Transaction& tx) {
    found.clear();
    return tx.session().query(
        "WITH ours AS ("
        "SELECT c.oid, c.relname, c.relkind FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY(current_schemas(FALSE))"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
        " AND d.objid = c.oid AND d.deptype = 'e'))"
        " SELECT what FROM ("
        "SELECT 'trigger ' || t.tgname || ' on ' || o.relname AS what"
        " FROM pg_trigger t JOIN ours o ON o.oid = t.tgrelid WHERE NOT t.tgisinternal"
        " UNION ALL "
        "SELECT 'rule ' || r.rulename || ' on ' || o.relname"
        " FROM pg_rewrite r JOIN ours o ON o.oid = r.ev_class WHERE r.rulename <> '_RETURN'"
        " UNION ALL "
        "SELECT 'policy ' || p.polname || ' on ' || o.relname"
        " FROM pg_policy p JOIN ours o ON o.oid = p.polrelid"
        " UNION ALL "
        "SELECT CASE o.relkind WHEN 'f' THEN 'foreign table ' ELSE 'view ' END || o.relname"
        " FROM ours o WHERE o.relkind IN ('v', 'm', 'f')"
        ") AS foreign_code ORDER BY what LIMIT 1",
        {}, [&](const Row& row) -> Result<void> {
          found = row.text(0);
          return {};
        });
  }));
  if (found.empty()) return {};
  return failure(Errc::invalid_argument, "its schema is not that of AgentAuth: " + found);
}

Result<std::int64_t> count_other_sessions(Database& database) {
  std::int64_t found = 0;
  TRY(database.read([&](Transaction& tx) {
    return tx.session().query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = current_setting('application_name')"
        " AND pid <> pg_backend_pid()",
        {}, [&](const Row& row) -> Result<void> {
          found = row.integer(0);
          return {};
        });
  }));
  return found;
}

}  // namespace agentauth
