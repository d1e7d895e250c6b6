// The table of permissions: the grants to agents that have no terms, which are most of them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/grant.h"
#include "store/agents.h"
#include "store/session.h"

namespace agentauth {

// Of a row that begins with the columns id, agent_id, permission, created_at.
Grant read_permission(const Row& row);

class PermissionRepository {
 public:
  explicit PermissionRepository(Session& session) : session_(session) {}

  // Nothing when the agent held it already. Errors: conflict when there is no such agent.
  Result<std::optional<Grant>> insert(AgentId agent, const std::string& permission);
  // Errors: not_found.
  Result<Grant> find(AgentId agent, const std::string& permission);
  Result<std::vector<Grant>> list(AgentId agent, const PageStart& after, std::int64_t limit);
  Result<std::int64_t> count_of(AgentId agent);
  Result<void> erase(AgentId agent, const std::string& permission);

  // What the directory keeps of each grant; the rows of one agent come together.
  using Visit = FunctionRef<void(AgentId agent, std::string_view permission)>;
  Result<void> each(Visit visit);
  Result<void> each_of(AgentId agent, FunctionRef<void(std::string_view permission)> visit);
  // In no order.
  Result<void> each_of(std::span<const AgentId> agents, Visit visit);

 private:
  Session& session_;
};

}  // namespace agentauth
