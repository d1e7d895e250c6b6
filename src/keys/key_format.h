// The text of an API key: aa_<kid>_<secret>, the secret ending in a checksum (CONTRACT section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/random.h"
#include "crypto/secret.h"
#include "model/api_key.h"

namespace agentauth {

inline constexpr std::size_t key_secret_length = 64;   // hexadecimal characters of 256 bits
inline constexpr std::size_t key_checksum_length = 6;  // base62 characters of CRC-32
inline constexpr std::size_t key_text_length =
    3 + key_kid_length + 1 + key_secret_length + key_checksum_length;

// Views into the text that was parsed.
struct KeyParts {
  std::string_view kid;
  std::string_view secret;  // the 64 characters that are hashed
};

// Nothing when the shape or the checksum is wrong: noise is refused before anything is looked up.
// The checksum finds slips, not attackers.
std::optional<KeyParts> parse_key(std::string_view text);

// A new key's text.
Secret make_key_text(Random& random);

}  // namespace agentauth
