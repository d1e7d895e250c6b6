#include "tokens/signing_key.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "tokens/internal/guessable_secret.h"

namespace agentauth {
namespace {

constexpr std::string_view algorithm = "HS256";

std::string encode_header(std::string_view kid) {
  std::string json;
  JsonWriter out(json);
  out.open();
  out.member("alg", algorithm);
  out.member("typ", "at+jwt");  // RFC 9068 2.1
  out.member("kid", kid);
  out.close();
  return base64url_encode(as_bytes(json)) + ".";
}

}  // namespace

SigningKey::SigningKey(std::string kid, ByteView secret, const Times& times)
    : kid_(std::move(kid)), times_(times), encoded_header_(encode_header(kid_)), hmac_(secret) {}

const SigningKey& SigningKeys::signing_at(Timestamp now) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const SigningKey& key) {
    return key.times().signs_from <= now;
  });
  return found == keys_.end() ? keys_.back() : *found;
}

const SigningKey* SigningKeys::find(std::string_view kid) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const SigningKey& key) { return key.kid() == kid; });
  return found == keys_.end() ? nullptr : &*found;
}

Result<SigningKeys> configured_signing_keys(const Secret& secret) {
  const std::string_view text = secret.reveal();
  // RFC 7518 3.2: a key as long as the hash, at least.
  if (text.size() < signing_secret_bytes_min)
    return failure(Errc::invalid_argument, "signing-secret must have at least 32 bytes");
  if (is_guessable(text))
    return failure(
        Errc::invalid_argument,
        "signing-secret is well known or easy to guess; make one with: openssl rand -hex 32");
  std::vector<SigningKey> keys;
  keys.emplace_back(std::string(configured_signing_kid), as_bytes(text));
  return SigningKeys(std::move(keys));
}

}  // namespace agentauth
