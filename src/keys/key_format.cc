#include "keys/key_format.h"

#include <algorithm>

#include "base/encoding.h"

namespace agentauth {
namespace {

constexpr std::string_view prefix = "aa_";

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string checksum(std::string_view covered) {
  return base62_encode(crc32(covered), key_checksum_length);
}

}  // namespace

std::optional<KeyParts> parse_key(std::string_view text) {
  if (text.size() != key_text_length || !text.starts_with(prefix)) return std::nullopt;
  const std::string_view covered = text.substr(0, text.size() - key_checksum_length);
  if (text.substr(covered.size()) != checksum(covered)) return std::nullopt;
  const KeyParts parts{text.substr(prefix.size(), key_kid_length),
                       covered.substr(covered.size() - key_secret_length)};
  const bool separated = text[prefix.size() + key_kid_length] == '_';
  if (!separated || !is_base62(parts.kid) || !is_lower_hex(parts.secret)) return std::nullopt;
  return parts;
}

Secret make_key_text(Random& random) {
  std::string text(prefix);
  text.reserve(key_text_length);
  text += random.base62(key_kid_length);
  text += '_';
  const auto secret = random.bytes<key_secret_length / 2>();
  text += hex_encode(secret);
  text += checksum(text);
  return Secret(std::move(text));
}

}  // namespace agentauth
