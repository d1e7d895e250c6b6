// Registering and managing agents.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "model/agent.h"
#include "store/transaction.h"

namespace agentauth {

struct RegisterAgent {
  std::string agent_name;
  std::string owner_email;

  static constexpr auto fields() {
    return std::array{
        field<&RegisterAgent::agent_name>(agent_name_rule),
        field<&RegisterAgent::owner_email>(owner_email_rule),
    };
  }
};

struct NameAgent {
  AgentId agent_id;
  static constexpr auto fields() {
    return std::array{field<&NameAgent::agent_id>(agent_id_in_path)};
  }
};

struct UpdateAgent {
  AgentId agent_id;
  std::optional<std::string> agent_name;
  std::optional<std::string> owner_email;
  std::optional<Labels> labels;

  static constexpr auto fields() {
    return std::array{
        field<&UpdateAgent::agent_id>(agent_id_in_path),
        field<&UpdateAgent::agent_name>(agent_name_rule),
        field<&UpdateAgent::owner_email>(owner_email_rule),
        field<&UpdateAgent::labels>(
            {.name = "labels", .min = 0, .max = 32, .about = "Replaces all labels"}),
    };
  }
};

struct ListAgents {
  std::optional<std::string> name;
  std::optional<std::string> owner;
  std::optional<AgentStatus> status;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;

  static constexpr auto fields() {
    return std::array{
        field<&ListAgents::name>({.name = "name", .max = 128, .place = Place::query}),
        field<&ListAgents::owner>({.name = "owner",
                                   .max = 254,
                                   .place = Place::query,
                                   .about = "In whatever case of letters"}),
        field<&ListAgents::status>({.name = "status",
                                    .place = Place::query,
                                    .rule = "must be active or suspended",
                                    .example = "active"}),
        field<&ListAgents::limit>(page_limit),
        field<&ListAgents::cursor>(page_cursor),
    };
  }
};

// Every change goes into the change log in the same transaction.
class AgentService {
 public:
  explicit AgentService(const Clock& clock) : clock_(clock) {}

  // A new agent has no permission at all. Errors: conflict, while its owner is suspended.
  Result<Agent> register_agent(Transaction& tx, const RegisterAgent& request);
  // Errors of these: not_found.
  Result<Agent> find(Transaction& tx, const NameAgent& request);
  // Errors: conflict, when it would go to or from an owner that is suspended.
  Result<Agent> update(Transaction& tx, const UpdateAgent& request);
  // Until it is resumed by itself.
  Result<Agent> suspend(Transaction& tx, const NameAgent& request);
  // Errors: conflict, while its owner is suspended.
  Result<Agent> resume(Transaction& tx, const NameAgent& request);
  // All tokens the agent has, on whatever node: the next request with one is refused. Its keys
  // stay.
  Result<void> revoke_tokens(Transaction& tx, const NameAgent& request);
  // All agents of an owner, in one transaction; returns which they are. Until the owner is resumed
  // none of them acts, and it gets no others. REQUIRES of both: the changes are locked, so that
  // nobody registers one meanwhile. Errors: not_found.
  Result<std::vector<AgentId>> suspend_owner(Transaction& tx, const std::string& owner);
  // Those of them that were not suspended by themselves; returns which they are.
  // Errors: not_found, when the owner has no agents and is not suspended.
  Result<std::vector<AgentId>> resume_owner(Transaction& tx, const std::string& owner);
  // With its keys and permissions; its tokens stop working at once.
  Result<void> erase(Transaction& tx, const NameAgent& request);
  // Oldest first.
  Result<std::vector<Agent>> list(Transaction& tx, const ListAgents& request,
                                  const PageStart& after, std::int64_t limit);

 private:
  Result<Agent> set_status(Transaction& tx, AgentId id, AgentStatus status);
  static Result<void> refuse_suspended_owner(Transaction& tx, const std::string& owner);

  const Clock& clock_;
};

}  // namespace agentauth
