// When signing keys sign, verify and go: arithmetic on times and nothing else.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/signing_key.h"
#include "store/signing_keys.h"

namespace agentauth {

// Keys that verify at once, so that a token is verified by one of few.
inline constexpr std::size_t signing_keys_max = 16;

struct KeySchedule {
  Seconds lead{600};            // from a key's publication to its first signature
  Seconds rotation{0};          // how long a key signs; 0: until somebody rotates it
  Seconds token_lifetime{900};  // of this node's tokens
};

namespace internal {

// As the repository lists them.
using SealedKeys = std::span<const SealedSigningKey>;

// From then on the key verifies nothing. Never, while it has no successor.
std::optional<Timestamp> verifies_until(SealedKeys keys, std::size_t index);
SigningKeyState state_of(SealedKeys keys, std::size_t index, Timestamp now);
// REQUIRES: there is one.
const SealedSigningKey& active_key(SealedKeys keys, Timestamp now);

struct DueKeys {
  bool longer_lifetime = false;  // this node's tokens live longer than a key knows
  std::optional<Timestamp> next_signs_from;
  std::vector<std::string> expired;  // kids

  bool any() const { return longer_lifetime || next_signs_from || !expired.empty(); }
};
DueKeys find_due(SealedKeys keys, const KeySchedule& schedule, Timestamp now);

}  // namespace internal
}  // namespace agentauth
