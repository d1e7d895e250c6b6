// Refresh tokens as texts: ar_ and base64url of what they say, with a MAC behind it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/master_key.h"
#include "model/agent.h"
#include "model/api_key.h"
#include "model/token_family.h"

namespace agentauth {

// What is the same in all tokens of a family.
struct TokenFamily {
  FamilyId id;
  AgentId agent_id;
  std::array<char, key_kid_length> kid{};  // of the key that logged in
  std::uint32_t token_generation = 0;      // of the agent, at the login
  Timestamp begun_at;                      // whole seconds
  Timestamp ends_at;                       // whole seconds

  std::string_view key() const { return {kid.data(), kid.size()}; }
  bool operator==(const TokenFamily&) const = default;
};

struct RefreshToken {
  TokenFamily family;
  std::uint32_t number = 0;  // 0 is the login's; each refresh spends one and gives the next

  bool operator==(const RefreshToken&) const = default;
};

// A token is a function of what it says and of the master key: the same successor can be given
// twice, and no database holds anything it could be made from. To everybody else it is opaque.
class RefreshTokenCodec {
 public:
  explicit RefreshTokenCodec(const MasterKey& master_key);

  std::string write(const RefreshToken& token) const;
  // Nothing when we did not write it, whatever is wrong with it.
  std::optional<RefreshToken> read(std::string_view text) const;

 private:
  HmacSha256 key_;
};

}  // namespace agentauth
