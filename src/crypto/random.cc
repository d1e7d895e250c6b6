#include "crypto/random.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace agentauth {

std::string Random::base62(std::size_t characters) {
  static constexpr char alphabet[] =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  while (out.size() < characters) {
    for (const std::uint8_t byte : bytes<32>()) {
      // 248 is the largest multiple of 62 that fits: what lies above it would favour some digits.
      if (byte < 248 && out.size() < characters) out += alphabet[byte % 62];
    }
  }
  return out;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

}  // namespace agentauth
