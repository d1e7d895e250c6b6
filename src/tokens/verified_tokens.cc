#include "tokens/verified_tokens.h"

#include <cstring>

#include "crypto/hash.h"

namespace agentauth {

// The signature's characters are as good as random, and whoever sends them knows them.
std::size_t VerifiedTokens::place_of(std::string_view text) {
  std::uint64_t word = 0;
  if (text.size() >= 16) std::memcpy(&word, text.data() + text.size() - 16, sizeof word);
  word *= 0x9E3779B97F4A7C15ULL;
  return (word >> 32) % entries_max;
}

std::optional<VerifiedToken> VerifiedTokens::find(std::string_view text, Timestamp now) const {
  if (entries_.empty()) return std::nullopt;
  const Entry& entry = entries_[place_of(text)];
  if (!entry.token || !constant_time_equal(as_bytes(entry.text), as_bytes(text)))
    return std::nullopt;
  if (entry.token->keys_generation() != service_.keys_generation()) return std::nullopt;
  if (entry.token->expires_at() <= now || now < entry.token->begins_at()) return std::nullopt;
  return entry.token;
}

void VerifiedTokens::remember(std::string_view text, const VerifiedToken& token) {
  if (text.size() > text_bytes_max) return;
  if (entries_.empty()) entries_.resize(entries_max);
  Entry& entry = entries_[place_of(text)];
  entry.text = text;
  entry.token = token;
}

}  // namespace agentauth
