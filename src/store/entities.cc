#include "store/entities.h"

#include "store/rows.h"

namespace agentauth {
namespace {

// Columns: type, id, properties, updated_at.
EntityRepository::State read_state(const Row& row) {
  return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
          row.time(3)};
}

}  // namespace

Result<bool> EntityRepository::put(const std::string& type, const std::string& id,
                                   const std::string& properties, Timestamp now) {
  if (TRY(session_.execute("UPDATE entities SET properties = $3, updated_at = $4 "
                           "WHERE type = $1 AND id = $2",
                           {type, id, properties, now})) == 1)
    return false;
  TRY(
      session_.execute("INSERT INTO entities (type, id, properties, updated_at) "
                       "VALUES ($1, $2, $3, $4)",
                       {type, id, properties, now}));
  return true;
}

Result<std::optional<EntityRepository::State>> EntityRepository::find(const std::string& type,
                                                                      const std::string& id) {
  std::optional<State> found;
  TRY(
      session_.query("SELECT type, id, properties, updated_at FROM entities "
                     "WHERE type = $1 AND id = $2",
                     {type, id}, [&](const Row& row) -> Result<void> {
                       found = read_state(row);
                       return {};
                     }));
  return found;
}

Result<void> EntityRepository::erase(const std::string& type, const std::string& id) {
  if (TRY(session_.execute("DELETE FROM entities WHERE type = $1 AND id = $2", {type, id})) == 0)
    return failure(Errc::not_found, "Nothing is known of it");
  return {};
}

Result<std::vector<EntityRepository::State>> EntityRepository::list(const std::string& type,
                                                                    const std::string& after,
                                                                    std::int64_t limit) {
  std::vector<State> found;
  TRY(
      session_.query("SELECT type, id, properties, updated_at FROM entities "
                     "WHERE type = $1 AND id > $2 ORDER BY id LIMIT $3",
                     {type, after, limit}, [&](const Row& row) -> Result<void> {
                       found.push_back(read_state(row));
                       return {};
                     }));
  return found;
}

// A join: SQLite looks at all there is for each IN of rows.
Result<void> EntityRepository::each_of(std::span<const Name> names,
                                       FunctionRef<void(const State&)> visit) {
  using Find = RowsSql<"SELECT type, id, properties, updated_at FROM (VALUES ", 2,
                       ") AS wanted CROSS JOIN entities WHERE type = column1 AND id = column2">;
  return query_rows<Find>(
      session_, names,
      [](const Name& name, Params& out) {
        out.insert(out.end(), {name.type, name.id});
      },
      [&](const Row& row) -> Result<void> {
        visit(read_state(row));
        return {};
      });
}

Result<void> EntityRepository::each(FunctionRef<Result<void>(const State&)> visit) {
  return session_.query("SELECT type, id, properties, updated_at FROM entities", {},
                        [&](const Row& row) { return visit(read_state(row)); });
}

}  // namespace agentauth
