// Who may register an agent.
#pragma once

#include <cstdint>

namespace agentauth {

enum class Registration : std::uint8_t {
  open,    // everybody
  token,   // who knows the registration token, or may write agents
  closed,  // who may write agents
};

}  // namespace agentauth
