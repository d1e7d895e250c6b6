// The keys that sign access tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "model/signing_key.h"

namespace agentauth {

inline constexpr std::size_t signing_secret_bytes_min = 32;

// One key, one algorithm (RFC 8725 3.1): HS256, and nothing a token says changes that.
class SigningKey {
 public:
  struct Times {
    Timestamp signs_from = Timestamp::min();
    // What it signed has expired by then, and so has the key.
    Timestamp verifies_until = Timestamp::max();
  };
  SigningKey(std::string kid, ByteView secret) : SigningKey(std::move(kid), secret, Times()) {}
  SigningKey(std::string kid, ByteView secret, const Times& times);

  const std::string& kid() const { return kid_; }
  const Times& times() const { return times_; }
  // A configured secret has always signed.
  bool is_stored() const { return times_.signs_from != Timestamp::min(); }
  // The encoded header of every token this key signs, with the dot behind it.
  const std::string& encoded_header() const { return encoded_header_; }
  Sha256 sign(std::string_view signing_input) const { return hmac_.sign(signing_input); }

 private:
  std::string kid_;
  Times times_;
  std::string encoded_header_;
  HmacSha256 hmac_;
};

// All of them verify, the last that has begun to sign does. Never empty.
class SigningKeys {
 public:
  // From the one that signs last to the one that signed first.
  explicit SigningKeys(std::vector<SigningKey> keys) : keys_(std::move(keys)) {}

  // To a clock that is behind none may have begun: then it is the first.
  const SigningKey& signing_at(Timestamp now) const;
  const SigningKey* find(std::string_view kid) const;
  const std::vector<SigningKey>& all() const { return keys_; }

 private:
  std::vector<SigningKey> keys_;
};

// A secret of the operator's own, instead of the database's keys, under configured_signing_kid.
// Errors: invalid_argument when it is shorter than 32 bytes, well known or easy to guess.
Result<SigningKeys> configured_signing_keys(const Secret& secret);

}  // namespace agentauth
