// Ed25519 signatures (RFC 8032): what one key signed, everybody with its public half can check.
#pragma once

#include <array>
#include <cstdint>

#include "base/encoding.h"

namespace agentauth {

using Ed25519Seed = std::array<std::uint8_t, 32>;
using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

class Ed25519Key {
 public:
  explicit Ed25519Key(const Ed25519Seed& seed);
  ~Ed25519Key();
  Ed25519Key(const Ed25519Key&) = delete;
  Ed25519Key& operator=(const Ed25519Key&) = delete;

  const Ed25519PublicKey& public_key() const { return public_key_; }
  Ed25519Signature sign(ByteView message) const;

 private:
  Ed25519Seed seed_;
  Ed25519PublicKey public_key_{};
};

// False for whatever is not a signature of that message by that key.
bool ed25519_verify(const Ed25519PublicKey& key, ByteView message,
                    const Ed25519Signature& signature);

}  // namespace agentauth
