#include "tokens/signing_key.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/json.h"

namespace agentauth {
namespace {

constexpr std::string_view algorithm = "HS256";

// Long enough to pass the length check, and known to everybody who tries secrets.
constexpr std::array<std::string_view, 8> well_known = {
    "your-256-bit-secret-your-256-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "0123456789abcdef0123456789abcdef",
    "12345678901234567890123456789012",
    "abcdefghijklmnopqrstuvwxyz123456",
};

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

std::string sealing_context(const std::string& kid) { return "signing key " + kid; }

SealedSigningKey new_signing_key(const Sealer& sealer, const Clock& clock, Random& random) {
  const std::string kid = random.base62(16);
  const Secret secret = random_secret(random, signing_secret_bytes_min);
  return {kid, std::string(algorithm),
          sealer.seal(as_bytes(secret.reveal()), sealing_context(kid), random), clock.now()};
}

// "abcabcabc…": a short text repeated has only the short text's strength.
bool is_repetition(std::string_view text) {
  for (std::size_t period = 1; period <= text.size() / 4; ++period) {
    const bool repeats =
        std::equal(text.begin() + static_cast<std::ptrdiff_t>(period), text.end(), text.begin());
    if (repeats) return true;
  }
  return false;
}

}  // namespace

SigningKey::SigningKey(std::string kid, ByteView secret)
    : kid_(std::move(kid)), encoded_header_(encode_header(kid_)), hmac_(secret) {}

const SigningKey* SigningKeys::find(std::string_view kid) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const SigningKey& key) { return key.kid() == kid; });
  return found == keys_.end() ? nullptr : &*found;
}

Result<SigningKeys> load_signing_keys(Database& database, const MasterKey& master_key,
                                      const Clock& clock, Random& random) {
  const Sealer sealer(master_key.derive("agentauth signing keys"));
  // The usual start finds its keys and waits for nobody.
  auto stored = TRY(database.read([](Transaction& tx) { return tx.settings().signing_keys(); }));
  if (stored.empty()) {
    // Under the migration lock: of two servers that start at once one makes the key.
    stored = TRY(database.migrate([&](Transaction& tx) -> Result<std::vector<SealedSigningKey>> {
      auto keys = TRY(tx.settings().signing_keys());
      if (keys.empty()) {
        keys.push_back(new_signing_key(sealer, clock, random));
        TRY(tx.settings().insert_signing_key(keys.back()));
      }
      return keys;
    }));
  }
  std::vector<SigningKey> keys;
  for (const SealedSigningKey& sealed : stored) {
    if (sealed.algorithm != algorithm) continue;  // from a newer version; not ours to use
    const Secret secret = TRY(sealer.open(sealed.sealed_secret, sealing_context(sealed.kid)));
    keys.emplace_back(sealed.kid, as_bytes(secret.reveal()));
  }
  if (keys.empty()) return failure(Errc::internal, "The database holds no usable signing key");
  return SigningKeys(std::move(keys));
}

Result<SigningKeys> configured_signing_keys(const Secret& secret) {
  const std::string_view text = secret.reveal();
  // RFC 7518 3.2: a key as long as the hash, at least.
  if (text.size() < signing_secret_bytes_min)
    return failure(Errc::invalid_argument, "signing-secret must have at least 32 bytes");
  const bool known = std::find(well_known.begin(), well_known.end(), text) != well_known.end();
  if (known || is_repetition(text))
    return failure(
        Errc::invalid_argument,
        "signing-secret is well known or a repetition; make one with: openssl rand -hex 32");
  std::vector<SigningKey> keys;
  keys.emplace_back("configured", as_bytes(text));
  return SigningKeys(std::move(keys));
}

}  // namespace agentauth
