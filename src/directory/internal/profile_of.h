// An agent's profile, of what the database holds of it.
#pragma once

#include <memory>

#include "directory/known_entity.h"
#include "store/agents.h"

namespace agentauth::internal {

std::unique_ptr<const AgentProfile> profile_of(const AgentRepository::State& state);

}  // namespace agentauth::internal
