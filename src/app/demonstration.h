// What `serve --dev` puts into an empty database, and the quick start it prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/services.h"

namespace agentauth::app {

// An agent with its first key and permissions, in one transaction, on record for `reason`.
// `agentauth admin create` makes its administrator with it too.
struct NewAgent {
  std::string agent_id;
  std::string api_key;
};
Result<NewAgent> create_agent(Database& database, AgentService& agents, KeyService& keys,
                              const RegisterAgent& request, const std::string& permission,
                              AuditReason reason);

struct Demonstration {
  NewAgent administrator;
  NewAgent weather_bot;
  NewAgent stock_bot;
};
// All three or, when there are agents already, nothing: also when another server makes them now.
Result<std::optional<Demonstration>> create_demonstration(api::Services& services);

// To be pasted into a shell; with the keys, if they were made just now. Otherwise `program` makes
// an administrator: the words of an "admin create" on the server's database.
std::string quick_start(const std::string& url, const std::optional<Demonstration>& demonstration,
                        const std::vector<std::string>& program);

}  // namespace agentauth::app
