#include "store/permissions.h"

#include "store/rows.h"

namespace agentauth {
Grant read_permission(const Row& row) {
  Grant grant;
  grant.id = row.id<GrantId>(0);
  grant.subject = subject_of(row.id<AgentId>(1));
  grant.permission = row.text(2);
  grant.effect = Effect::allow;
  grant.created_at = row.time(3);
  return grant;
}

Result<std::optional<Grant>> PermissionRepository::insert(AgentId agent,
                                                          const std::string& permission) {
  std::optional<Grant> grant;
  TRY(
      session_.query("INSERT INTO permissions (agent_id, permission) VALUES ($1, $2) "
                     "ON CONFLICT (agent_id, permission) DO NOTHING "
                     "RETURNING id, agent_id, permission, created_at",
                     {agent, permission}, [&](const Row& row) -> Result<void> {
                       grant = read_permission(row);
                       return {};
                     }));
  return grant;
}

Result<Grant> PermissionRepository::find(AgentId agent, const std::string& permission) {
  std::optional<Grant> grant;
  TRY(
      session_.query("SELECT id, agent_id, permission, created_at FROM permissions "
                     "WHERE agent_id = $1 AND permission = $2",
                     {agent, permission}, [&](const Row& row) -> Result<void> {
                       grant = read_permission(row);
                       return {};
                     }));
  if (!grant) return failure(Errc::not_found, "The agent does not hold this permission");
  return *std::move(grant);
}

Result<std::vector<Grant>> PermissionRepository::list(AgentId agent, const PageStart& after,
                                                      std::int64_t limit) {
  std::vector<Grant> grants;
  TRY(session_.query(
      "SELECT id, agent_id, permission, created_at FROM permissions "
      "WHERE agent_id = $1 AND (created_at, id) > ($2, $3) "
      "ORDER BY created_at, id LIMIT $4",
      {agent, after.created_at, GrantId{after.id}, limit}, [&](const Row& row) -> Result<void> {
        grants.push_back(read_permission(row));
        return {};
      }));
  return grants;
}

Result<std::int64_t> PermissionRepository::count_of(AgentId agent) {
  std::int64_t count = 0;
  TRY(session_.query("SELECT COUNT(*) FROM permissions WHERE agent_id = $1", {agent},
                     [&](const Row& row) -> Result<void> {
                       count = row.integer(0);
                       return {};
                     }));
  return count;
}

Result<void> PermissionRepository::erase(AgentId agent, const std::string& permission) {
  const auto erased = TRY(session_.execute(
      "DELETE FROM permissions WHERE agent_id = $1 AND permission = $2", {agent, permission}));
  if (erased == 0) return failure(Errc::not_found, "The agent does not hold this permission");
  return {};
}

Result<void> PermissionRepository::each(Visit visit) {
  return session_.query("SELECT agent_id, permission FROM permissions ORDER BY agent_id", {},
                        [&](const Row& row) -> Result<void> {
                          visit(row.id<AgentId>(0), row.text(1));
                          return {};
                        });
}

Result<void> PermissionRepository::each_of(AgentId agent,
                                           FunctionRef<void(std::string_view)> visit) {
  return session_.query("SELECT permission FROM permissions WHERE agent_id = $1", {agent},
                        [&](const Row& row) -> Result<void> {
                          visit(row.text(0));
                          return {};
                        });
}

Result<void> PermissionRepository::each_of(std::span<const AgentId> agents, Visit visit) {
  using Find = RowsSql<"SELECT agent_id, permission FROM permissions WHERE agent_id IN (", 1, ")">;
  return query_rows<Find>(session_, agents, append_one, [&](const Row& row) -> Result<void> {
    visit(row.id<AgentId>(0), row.text(1));
    return {};
  });
}

}  // namespace agentauth
