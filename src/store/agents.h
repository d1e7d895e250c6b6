// The table of agents.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/agent.h"
#include "store/session.h"

namespace agentauth {

// Where the next page of a list starts: after the row with this time and id.
struct PageStart {
  Timestamp created_at{};
  Uuid id{};
};

struct AgentFilter {
  std::optional<std::string> name = {};
  std::optional<std::string> owner = {};
  std::optional<AgentStatus> status = {};
};

class AgentRepository {
 public:
  explicit AgentRepository(Session& session) : session_(session) {}

  Result<Agent> insert(const std::string& name, const std::string& owner);
  Result<Agent> find(AgentId id);
  // Oldest first, at most `limit`.
  Result<std::vector<Agent>> list(const AgentFilter& filter, const PageStart& after,
                                  std::int64_t limit);
  Result<std::int64_t> count();
  // Absent members stay as they are. Errors: not_found, as for the others below.
  struct Changes {
    std::optional<std::string> name = {};
    std::optional<std::string> owner = {};
    std::optional<Labels> labels = {};
  };
  Result<Agent> update(AgentId id, const Changes& changes, Timestamp now);
  // By itself, whatever its owner is.
  Result<Agent> set_status(AgentId id, AgentStatus status, Timestamp now);
  // Moves the agent on to its next generation of tokens.
  Result<void> revoke_tokens(AgentId id);
  // Moves every agent on by that many generations.
  Result<void> revoke_all_tokens(std::int64_t generations);
  // The owner and all its agents; returns which they are.
  Result<std::vector<AgentId>> suspend_owner(const std::string& owner, Timestamp now);
  // The owner, and those of its agents that were not suspended by themselves; returns which they
  // are. Errors: not_found: it was not suspended, and has no agents.
  Result<std::vector<AgentId>> resume_owner(const std::string& owner, Timestamp now);
  Result<bool> is_owner_suspended(const std::string& owner);
  // With its keys and permissions.
  Result<void> erase(AgentId id);

  // What the directory keeps of each agent.
  struct State {
    AgentId id;
    AgentStatus status;
    std::int64_t token_generation = 0;
    std::string name = {};
    std::string owner = {};
    std::string labels = {};  // a JSON object
  };
  Result<void> each_state(FunctionRef<void(const State&)> visit);
  Result<std::optional<State>> find_state(AgentId id);
  // Of those of them that are there, in no order.
  Result<void> each_state_of(std::span<const AgentId> ids, FunctionRef<void(const State&)> visit);

 private:
  Session& session_;
};

}  // namespace agentauth
