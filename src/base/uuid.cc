#include "base/uuid.h"

#include "base/encoding.h"

namespace agentauth {
namespace {

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid uuid;
  std::size_t byte = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return std::nullopt;
      ++i;
      continue;
    }
    const int high = nibble(text[i]);
    const int low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    uuid.bytes[byte++] = static_cast<std::uint8_t>(high << 4 | low);
    i += 2;
  }
  return uuid;
}

void Uuid::write(char* out) const {
  const ByteView all(bytes);
  out = hex_write(all.first(4), out);
  for (std::size_t first = 4; first < 10; first += 2) {
    *out++ = '-';
    out = hex_write(all.subspan(first, 2), out);
  }
  *out++ = '-';
  hex_write(all.last(6), out);
}

std::string Uuid::to_string() const {
  std::string text(36, '\0');
  write(text.data());
  return text;
}

}  // namespace agentauth
