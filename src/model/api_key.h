// An API key as it is stored: everything but the secret.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/fields.h"
#include "base/network.h"
#include "model/agent.h"

namespace agentauth {

using KeyId = Id<struct KeyTag>;

inline constexpr std::size_t key_kid_length = 12;  // base62 characters
inline constexpr std::size_t key_tag_bytes = 16;   // HMAC-SHA-256 under the master key, cut

// Keys of one agent that can be used at once: every node holds them in memory, and an agent makes
// them itself.
inline constexpr std::int64_t usable_keys_max = 1000;

// The public part of a key's text: what it is found and named by.
using Kid = std::array<char, key_kid_length>;
inline std::string_view text_of(const Kid& kid) { return {kid.data(), kid.size()}; }
std::optional<Kid> parse_kid(std::string_view text);

using KeyTagBytes = std::array<std::uint8_t, key_tag_bytes>;

enum class KeyStatus : std::uint8_t { active, revoked, expired, pending };
std::string_view to_string(KeyStatus status);
bool parse(std::string_view text, KeyStatus& status);

// What narrows a key beyond its end. An absent one narrows nothing; one that is there and lets
// nothing through lets nothing through.
struct KeyConstraints {
  std::optional<Timestamp> not_before{};
  std::optional<std::vector<std::string>> allowed_cidrs{};
  std::optional<std::vector<std::string>> permissions{};  // it may do no more than these cover

  bool any() const { return not_before || allowed_cidrs || permissions; }
  bool operator==(const KeyConstraints&) const = default;
};

inline constexpr std::int64_t key_cidrs_max = 32;
inline constexpr std::int64_t key_permissions_max = 64;

// A range of addresses without bits past its prefix, or one address.
bool is_cidr(std::string_view text);

// A login with a key.
struct KeyUse {
  Kid kid{};
  Timestamp at{};
  IpAddress address{};

  bool operator==(const KeyUse&) const = default;
};

struct ApiKey {
  KeyId key_id;
  AgentId agent_id;
  std::string kid;  // the public part, found by index
  std::string name;
  Timestamp created_at;
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> revoked_at;
  KeyConstraints constraints;
  std::optional<KeyUse> last_use{};  // in a list only

  KeyStatus status(Timestamp now) const {
    if (revoked_at) return KeyStatus::revoked;
    if (expires_at && now >= *expires_at) return KeyStatus::expired;
    if (constraints.not_before && now < *constraints.not_before) return KeyStatus::pending;
    return KeyStatus::active;
  }
};

// What decisions read of a key; small, because the directory holds one for every key.
struct KeyState {
  std::string kid;
  AgentId agent_id;
  KeyTagBytes tag{};
  std::int64_t generation = 0;  // grows whenever the row changes
  bool revoked = false;
  std::optional<Timestamp> expires_at;
  KeyConstraints constraints;
};

}  // namespace agentauth
