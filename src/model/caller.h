// Who makes a call, once that has been proved.
#pragma once

#include "model/agent.h"

namespace agentauth {

struct Caller {
  AgentId agent_id;
};

}  // namespace agentauth
