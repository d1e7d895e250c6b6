#include "crypto/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

namespace agentauth {
namespace {

void generate(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

// What a thread has in stock: OpenSSL takes a microsecond for 16 bytes and hardly more for 512. No
// byte is handed out twice or left behind where it was. The program never forks, so no other
// process has the same stock.
class Stock {
 public:
  Stock() = default;
  ~Stock() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  Stock(const Stock&) = delete;
  Stock& operator=(const Stock&) = delete;

  void take(std::span<std::uint8_t> out) {
    if (out.size() > bytes_.size() / 4) return generate(out);
    if (out.size() > left_) {
      generate(bytes_);
      left_ = bytes_.size();
    }
    const auto taken = std::span(bytes_).subspan(left_ - out.size(), out.size());
    std::copy(taken.begin(), taken.end(), out.begin());
    OPENSSL_cleanse(taken.data(), taken.size());
    left_ -= out.size();
  }

 private:
  std::array<std::uint8_t, 512> bytes_{};
  std::size_t left_ = 0;
};

}  // namespace

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
  thread_local Stock stock;
  stock.take(out);
}

}  // namespace agentauth
