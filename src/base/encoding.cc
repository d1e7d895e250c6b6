#include "base/encoding.h"

#include <array>
#include <charconv>
#include <cstring>

namespace agentauth {
namespace {

constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view base62_alphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::uint8_t not_a_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(not_a_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}

constexpr auto base64url_values = reverse(base64url_alphabet);
constexpr auto base62_values = reverse(base62_alphabet);

using CrcTable = std::array<std::uint32_t, 256>;

// Table k moves a byte over k bytes more, so that a word is looked up at once.
constexpr std::array<CrcTable, 4> crc_tables = [] {
  std::array<CrcTable, 4> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320U : 0U);
    tables[0][i] = value;
  }
  for (std::size_t k = 1; k < tables.size(); ++k)
    for (std::size_t i = 0; i < 256; ++i)
      tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 0xFF];
  return tables;
}();

// The two digits of each twelve bits.
constexpr auto base64url_pairs = [] {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t bits = 0; bits < pairs.size(); ++bits)
    pairs[bits] = {base64url_alphabet[bits >> 6], base64url_alphabet[bits & 63]};
  return pairs;
}();

// The two digits of each byte.
constexpr auto hex_digits = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte)
    pairs[byte] = {digits[byte >> 4], digits[byte & 15]};
  return pairs;
}();

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void base64url_append(ByteView bytes, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + (bytes.size() * 4 + 2) / 3);
  char* at = out.data() + before;
  const auto pair = [](std::uint32_t bits) { return base64url_pairs[bits & 4095].data(); };
  const std::uint8_t* in = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, at += 4) {
    const std::uint32_t group =
        static_cast<std::uint32_t>(in[0]) << 16 | static_cast<std::uint32_t>(in[1]) << 8 | in[2];
    std::memcpy(at, pair(group >> 12), 2);
    std::memcpy(at + 2, pair(group), 2);
  }
  if (left == 0) return;
  std::uint32_t group = static_cast<std::uint32_t>(in[0]) << 16;
  if (left == 2) group |= static_cast<std::uint32_t>(in[1]) << 8;
  std::memcpy(at, pair(group >> 12), 2);
  if (left == 2) at[2] = *pair(group);
}

std::string base64url_encode(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  base64url_append(bytes, out);
  return out;
}

std::optional<std::size_t> base64url_decode(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() % 4 == 1 || out.size() < base64url_decoded_max(text.size())) return std::nullopt;
  std::size_t written = 0;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::uint8_t value = base64url_values[static_cast<std::uint8_t>(c)];
    if (value == not_a_digit) return std::nullopt;
    group = (group << 6 | value) & 0xFFFFFF;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[written++] = static_cast<std::uint8_t>(group >> bits);
    }
  }
  // Left-over bits must be zero, or two spellings would decode to the same bytes.
  if ((group & ((1U << bits) - 1)) != 0) return std::nullopt;
  return written;
}

std::optional<Bytes> base64url_decode(std::string_view text) {
  Bytes bytes(base64url_decoded_max(text.size()));
  const auto size = base64url_decode(text, bytes);
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

char* hex_write(ByteView bytes, char* out) {
  for (const std::uint8_t byte : bytes) {
    std::memcpy(out, hex_digits[byte].data(), 2);
    out += 2;
  }
  return out;
}

std::string hex_encode(ByteView bytes) {
  std::string out(bytes.size() * 2, '\0');
  hex_write(bytes, out.data());
  return out;
}

std::optional<Bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

void decimal_append(std::int64_t value, std::string& out) {
  std::array<char, 24> digits;
  char* const end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  out += std::string_view(digits.data(), end);
}

std::string base62_encode(std::uint64_t value, std::size_t width) {
  std::string out(width, '0');
  for (std::size_t i = width; i-- > 0;) {
    out[i] = base62_alphabet[value % 62];
    value /= 62;
  }
  return out;
}

bool is_base62(std::string_view text) {
  for (const char c : text)
    if (base62_values[static_cast<std::uint8_t>(c)] == not_a_digit) return false;
  return true;
}

std::uint32_t crc32(std::string_view text) {
  const ByteView bytes = as_bytes(text);
  std::uint32_t value = 0xFFFFFFFFU;
  std::size_t i = 0;
  for (; i + 4 <= bytes.size(); i += 4) {
    value = crc_tables[3][(value ^ bytes[i]) & 0xFF] ^
            crc_tables[2][(value >> 8 ^ bytes[i + 1]) & 0xFF] ^
            crc_tables[1][(value >> 16 ^ bytes[i + 2]) & 0xFF] ^
            crc_tables[0][(value >> 24 ^ bytes[i + 3]) & 0xFF];
  }
  for (; i < bytes.size(); ++i) value = (value >> 8) ^ crc_tables[0][(value ^ bytes[i]) & 0xFF];
  return value ^ 0xFFFFFFFFU;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace agentauth
