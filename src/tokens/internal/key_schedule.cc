#include "tokens/internal/key_schedule.h"

#include <algorithm>

namespace agentauth::internal {
namespace {

// How far the clocks of two nodes may be apart.
constexpr std::chrono::minutes clock_difference_max{1};

std::size_t active_index(SealedKeys keys, Timestamp now) {
  const auto found = std::find_if(
      keys.begin(), keys.end(), [&](const SealedSigningKey& key) { return key.signs_from <= now; });
  return found == keys.end() ? keys.size() - 1 : static_cast<std::size_t>(found - keys.begin());
}

}  // namespace

std::optional<Timestamp> verifies_until(SealedKeys keys, std::size_t index) {
  if (index == 0) return std::nullopt;
  return keys[index - 1].signs_from + keys[index].token_lifetime + clock_difference_max;
}

SigningKeyState state_of(SealedKeys keys, std::size_t index, Timestamp now) {
  const std::size_t active = active_index(keys, now);
  return index < active    ? SigningKeyState::published
         : index == active ? SigningKeyState::active
                           : SigningKeyState::retired;
}

const SealedSigningKey& active_key(SealedKeys keys, Timestamp now) {
  return keys[active_index(keys, now)];
}

DueKeys find_due(SealedKeys keys, const KeySchedule& schedule, Timestamp now) {
  DueKeys due;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto end = verifies_until(keys, i);
    if (end && *end <= now) {
      due.expired.push_back(keys[i].kid);
    } else if (keys[i].token_lifetime < schedule.token_lifetime) {
      due.longer_lifetime = true;
    }
  }
  if (keys.empty() || schedule.rotation == Seconds{0}) return due;
  const Timestamp next = keys.front().signs_from + schedule.rotation;
  const bool has_place = keys.size() - due.expired.size() < signing_keys_max;
  if (has_place && keys.front().signs_from <= now && next <= now + schedule.lead)
    due.next_signs_from = std::max(next, now + schedule.lead);
  return due;
}

}  // namespace agentauth::internal
