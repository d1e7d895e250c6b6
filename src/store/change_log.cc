#include "store/change_log.h"

#include "store/rows.h"

namespace agentauth {

Result<Revision> ChangeLog::append(ChangeKind kind, AgentId agent) {
  return insert({.kind = kind, .agent_id = agent});
}

Result<Revision> ChangeLog::append_family(AgentId agent, FamilyId family) {
  return insert({.kind = ChangeKind::token_family, .agent_id = agent, .family = family});
}

Result<Revision> ChangeLog::append_name(ChangeKind kind, const std::string& name) {
  return insert({.kind = kind, .agent_id = {}, .name = name});
}

Result<Revision> ChangeLog::insert(const Change& change) {
  Revision revision = 0;
  TRY(session_.query("UPDATE change_counter SET revision = revision + 1 RETURNING revision", {},
                     [&](const Row& row) -> Result<void> {
                       revision = row.integer(0);
                       return {};
                     }));
  std::optional<std::string> name;
  if (!change.name.empty()) name = change.name;
  TRY(
      session_.execute("INSERT INTO change_log (revision, kind, agent_id, family_id, name) "
                       "VALUES ($1, $2, $3, $4, $5)",
                       {revision, to_string(change.kind), change.agent_id, change.family, name}));
  session_.announce(revision);
  return revision;
}

Result<void> ChangeLog::append_all(std::span<const Change> changes) {
  using Insert =
      RowsSql<"INSERT INTO change_log (revision, kind, agent_id, family_id, name) VALUES ", 5>;
  if (changes.empty()) return {};
  const auto count = static_cast<std::int64_t>(changes.size());
  Revision last = 0;
  TRY(session_.query("UPDATE change_counter SET revision = revision + $1 RETURNING revision",
                     {count}, [&](const Row& row) -> Result<void> {
                       last = row.integer(0);
                       return {};
                     }));
  Revision next = last - count;
  TRY(execute_rows<Insert>(session_, changes, [&](const Change& change, Params& out) {
    const Param name = change.name.empty() ? Param(nullptr) : Param(change.name);
    out.insert(out.end(), {++next, to_string(change.kind), change.agent_id, change.family, name});
  }));
  session_.announce(last);
  return {};
}

Result<void> ChangeLog::append_statuses_of_owner(const std::string& owner) {
  // Who is an agent of the owner cannot change until the commit, so what is inserted is what is
  // counted.
  TRY(lock());
  const std::int64_t appended =
      TRY(session_.execute("INSERT INTO change_log (revision, kind, agent_id) "
                           "SELECT change_counter.revision + ROW_NUMBER() OVER (ORDER BY "
                           "agents.id), 'status', agents.id "
                           "FROM agents CROSS JOIN change_counter WHERE agents.owner_identity = $1",
                           {owner_identity(owner)}));
  return session_.query("UPDATE change_counter SET revision = revision + $1 RETURNING revision",
                        {appended}, [&](const Row& row) -> Result<void> {
                          session_.announce(row.integer(0));
                          return {};
                        });
}

Result<Revision> ChangeLog::lock() {
  Revision revision = 0;
  TRY(session_.query("UPDATE change_counter SET revision = revision RETURNING revision", {},
                     [&](const Row& row) -> Result<void> {
                       revision = row.integer(0);
                       return {};
                     }));
  return revision;
}

Result<void> ChangeLog::leave_out(std::int64_t revisions) {
  TRY(session_.execute("UPDATE change_counter SET revision = revision + $1", {revisions}));
  return {};
}

Result<Revision> ChangeLog::revision() {
  Revision revision = 0;
  TRY(session_.query("SELECT revision FROM change_counter", {},
                     [&](const Row& row) -> Result<void> {
                       revision = row.integer(0);
                       return {};
                     }));
  return revision;
}

Result<std::vector<Change>> ChangeLog::after(Revision revision, std::int64_t limit) {
  std::vector<Change> changes;
  TRY(session_.query(
      "SELECT revision, kind, agent_id, family_id, name FROM change_log WHERE revision > $1 "
      "ORDER BY revision LIMIT $2",
      {revision, limit}, [&](const Row& row) -> Result<void> {
        Change change{row.integer(0), ChangeKind::agent, row.id<AgentId>(2)};
        if (!row.is_null(3)) change.family = row.id<FamilyId>(3);
        if (!row.is_null(4)) change.name = row.text(4);
        // A kind from a newer version still says which agent to read again.
        parse(row.text(1), change.kind);
        changes.push_back(std::move(change));
        return {};
      }));
  return changes;
}

Result<std::optional<Revision>> ChangeLog::oldest() {
  std::optional<Revision> oldest;
  TRY(session_.query("SELECT MIN(revision) FROM change_log", {},
                     [&](const Row& row) -> Result<void> {
                       if (!row.is_null(0)) oldest = row.integer(0);
                       return {};
                     }));
  return oldest;
}

Result<std::optional<Timestamp>> ChangeLog::newest_time() {
  std::optional<Timestamp> newest;
  TRY(session_.query("SELECT created_at FROM change_log ORDER BY revision DESC LIMIT 1", {},
                     [&](const Row& row) -> Result<void> {
                       newest = row.time(0);
                       return {};
                     }));
  return newest;
}

Result<void> ChangeLog::prune(Revision revision, std::int64_t limit) {
  TRY(
      session_.execute("DELETE FROM change_log WHERE revision IN "
                       "(SELECT revision FROM change_log WHERE revision <= $1 "
                       "ORDER BY revision LIMIT $2)",
                       {revision, limit}));
  return {};
}

}  // namespace agentauth
