// Tokens one core has verified lately, so that the next call with one skips the arithmetic.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokens/token_service.h"

namespace agentauth {

// Remembers the whole text, compared in constant time, and never past its expiry or, should the
// clock go back, before its begin; what the agent may do is read anew on each use. For one thread;
// direct mapped: a newer token takes the place.
class VerifiedTokens {
 public:
  // Whose tokens they are; a token is forgotten when that has other keys than it was verified with.
  explicit VerifiedTokens(const TokenService& service) : service_(service) {}

  std::optional<VerifiedToken> find(std::string_view text, Timestamp now) const;
  // Ignores texts longer than 1 KiB: ours are under 500 bytes.
  void remember(std::string_view text, const VerifiedToken& token);

 private:
  static constexpr std::size_t entries_max = 4096;
  static constexpr std::size_t text_bytes_max = 1024;

  struct Entry {
    std::string text;
    std::optional<VerifiedToken> token;
  };
  static std::size_t place_of(std::string_view text);

  const TokenService& service_;
  std::vector<Entry> entries_;  // empty until the first token is remembered
};

}  // namespace agentauth
