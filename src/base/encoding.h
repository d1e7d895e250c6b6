// Base64url, hexadecimal, decimal, base62 and CRC-32. Decoders accept the canonical form only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace agentauth {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// RFC 4648 section 5, without padding.
std::string base64url_encode(ByteView bytes);
void base64url_append(ByteView bytes, std::string& out);
// Refuses padding, other alphabets and unused bits that are not zero, so that one value has one
// spelling (RFC 7515 section 2). Returns the bytes written, or nothing; `out` must hold
// base64url_decoded_max(text.size()).
std::optional<std::size_t> base64url_decode(std::string_view text, std::span<std::uint8_t> out);
std::optional<Bytes> base64url_decode(std::string_view text);
constexpr std::size_t base64url_decoded_max(std::size_t characters) { return characters * 3 / 4; }

// Two digits a byte, in lower case.
std::string hex_encode(ByteView bytes);
// The same into `out`, which has room for them; returns where they end.
char* hex_write(ByteView bytes, char* out);
std::optional<Bytes> hex_decode(std::string_view text);

void decimal_append(std::int64_t value, std::string& out);

// 0-9 A-Z a-z, most significant digit first, padded with 0 to `width`.
std::string base62_encode(std::uint64_t value, std::size_t width);
bool is_base62(std::string_view text);

// CRC-32 as in zlib and PNG (polynomial 0xEDB88320).
std::uint32_t crc32(std::string_view text);

// `application/x-www-form-urlencoded` is not spoken here: %XX only, "+" stays a plus.
// Nothing when an escape is broken or stands for NUL.
std::optional<std::string> percent_decode(std::string_view text);

// The length of the UTF-8 sequence at the start of `text`, which is not empty; 0 when it is not
// one (RFC 3629).
std::size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace agentauth
