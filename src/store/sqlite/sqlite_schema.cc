#include "store/sqlite/sqlite_schema.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <tuple>

#include "store/migrations.h"
#include "store/sqlite/sqlite_driver.h"

namespace agentauth {
namespace {

// Type, name, table and text: what SQLite reads a schema from.
using Objects = std::set<std::tuple<std::string, std::string, std::string, std::string>>;

Result<Objects> find_objects(Database& database) {
  return database.read([](Transaction& tx) -> Result<Objects> {
    Objects objects;
    TRY(tx.session().query(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema "
        "WHERE NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4'))",
        {}, [&](const Row& row) -> Result<void> {
          objects.emplace(row.text(0), row.text(1), row.text(2), row.text(3));
          return {};
        }));
    return objects;
  });
}

Result<Objects> objects_of_version(int version) {
  Database fresh(TRY(sqlite_memory_driver()));
  TRY(apply_migrations_up_to(fresh, version));
  return find_objects(fresh);
}

}  // namespace

Result<void> require_own_schema(Database& database) {
  const int version = TRY(database.read(find_schema_version));
  TRY(refuse_newer_schema(version));
  const Objects found = TRY(find_objects(database));
  const Objects own = TRY(objects_of_version(version));
  Objects different;
  std::set_symmetric_difference(found.begin(), found.end(), own.begin(), own.end(),
                                std::inserter(different, different.end()));
  if (different.empty()) return {};
  const auto& [type, name, table, sql] = *different.begin();
  return failure(Errc::invalid_argument,
                 "its schema is not that of AgentAuth: " + type + ' ' + name);
}

}  // namespace agentauth
