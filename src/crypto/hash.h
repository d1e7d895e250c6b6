// SHA-256, HMAC-SHA-256 with prepared pads, and comparison in constant time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/encoding.h"

namespace agentauth {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(ByteView data);
inline Sha256 sha256(std::string_view text) { return sha256(as_bytes(text)); }

// One key, used often: the two padded blocks of RFC 2104 are hashed once, here, so that a tag over
// n bytes costs n/64 + 2 compressions and no allocation. Any key length; 32 bytes are usual.
class HmacSha256 {
 public:
  explicit HmacSha256(ByteView key);
  ~HmacSha256();
  HmacSha256(const HmacSha256&) = default;
  HmacSha256& operator=(const HmacSha256&) = default;

  Sha256 sign(ByteView data) const;
  Sha256 sign(std::string_view text) const { return sign(as_bytes(text)); }

 private:
  // SHA256_CTX, kept out of this header; hash.cc checks that it fits.
  struct alignas(8) State {
    std::array<std::uint8_t, 112> bytes;
  };
  State inner_{};
  State outer_{};
};

// Takes the same time wherever the difference is. Different lengths are simply unequal.
bool constant_time_equal(ByteView a, ByteView b);

}  // namespace agentauth
