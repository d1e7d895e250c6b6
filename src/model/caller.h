// Who makes a call, once that has been proved, and by which credential.
#pragma once

#include <cstdint>

#include "base/network.h"
#include "model/api_key.h"
#include "model/token_family.h"

namespace agentauth {

// What an access token says of its bearer. Whether it still stands is asked of the directory on
// every request: find_acting() in authz/decision.h.
struct Caller {
  AgentId agent_id{};
  // The agent's, when the token was issued: revoking all of an agent's tokens moves it on.
  std::uint32_t token_generation = 0;
  FamilyId family{};  // nil when the token is of none
  // The key the token was got with: the token stands only as long as the key does.
  Kid key{};
  // From where this call comes: not in the token, but a key may be bound to networks.
  IpAddress address{};

  bool operator==(const Caller&) const = default;
};

}  // namespace agentauth
