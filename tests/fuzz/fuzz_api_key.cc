// The text of an API key: one spelling, and no slip of one character goes through. The input is
// taken as a key, and as the random bytes of one.
#include <string>

#include "base/encoding.h"
#include "keys/key_format.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth {
namespace {

class BytesOf final : public Random {
 public:
  explicit BytesOf(std::string_view bytes) : bytes_(bytes) {}
  // Not the input alone: drawing again until a digit is unbiased must come to an end.
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) {
      const std::size_t at = next_++;
      byte = at < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at])
                                : static_cast<std::uint8_t>(at * 31);
    }
  }

 private:
  std::string_view bytes_;
  std::size_t next_ = 0;
};

// CRC-32 bit by bit, as the definition has it.
std::uint32_t plain_crc32(std::string_view text) {
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char c : text) {
    value ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~value;
}

bool accepts(std::string_view text) {
  const auto parts = parse_key(text);
  if (!parts) return false;
  MUST(parts->kid.size() == key_kid_length && is_base62(parts->kid));
  MUST(parts->secret.size() == key_secret_length);
  const auto secret = hex_decode(parts->secret);
  MUST(secret && hex_encode(*secret) == parts->secret);
  std::string again = "aa_" + std::string(parts->kid) + "_" + std::string(parts->secret);
  again += base62_encode(plain_crc32(again), key_checksum_length);
  MUST(again == text);
  return true;
}

FUZZ(std::string_view input) {
  accepts(input);
  accepts(input.substr(0, key_text_length));

  BytesOf random(input);
  const Secret key = make_key_text(random);
  MUST(accepts(key.reveal()));
  if (input.size() < 2) return;
  std::string slip(key.reveal());
  char& place = slip[static_cast<std::uint8_t>(input[0]) % slip.size()];
  if (place == input[1]) return;
  place = input[1];
  MUST(!accepts(slip));
  MUST(!accepts(std::string(key.reveal()) + input[0]));
  MUST(!accepts(key.reveal().substr(1)));
}

}  // namespace
}  // namespace agentauth
