#include "audit/checkpoint.h"

#include <algorithm>

#include "audit/chain.h"
#include "crypto/hash.h"

namespace agentauth::audit {
namespace {

std::string signed_text(Purpose purpose, std::int64_t sequence, std::string_view hash,
                        Timestamp at) {
  std::string text;
  append_netstring(text, checkpoint_version);
  append_netstring(text, to_string(purpose));
  append_netstring(text, std::to_string(sequence));
  append_netstring(text, hash);
  append_netstring(text, format_rfc3339(at));
  return text;
}

std::string id_of(const Ed25519PublicKey& key) {
  return hex_encode(ByteView(sha256(ByteView(key))).first(16));
}

}  // namespace

std::string_view to_string(Purpose purpose) {
  return purpose == Purpose::start ? "start" : "checkpoint";
}

bool parse(std::string_view text, Purpose& purpose) {
  purpose = text == "start" ? Purpose::start : Purpose::checkpoint;
  return text == to_string(purpose);
}

Result<Ed25519PublicKey> parse_public_key(std::string_view text) {
  const auto bytes = base64url_decode(text);
  Ed25519PublicKey key{};
  if (!bytes || bytes->size() != key.size())
    return failure(Errc::invalid_argument,
                   "a public key is 43 characters of base64url, as in GET /audit/checkpoint");
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

Signer::Signer(const MasterKey& master_key)
    : key_(master_key.derive("agentauth audit checkpoints ed25519 1")) {}

Checkpoint Signer::sign(Purpose purpose, const AuditHead& head, Timestamp at) const {
  const std::string text = signed_text(purpose, head.sequence, head.hash, at);
  const Ed25519Signature signature = key_.sign(as_bytes(text));
  return shown(purpose, {head.sequence, head.hash, at, base64url_encode(signature)});
}

Checkpoint Signer::shown(Purpose purpose, const StoredCheckpoint& stored) const {
  return {purpose,         stored.sequence,          stored.hash,
          stored.at,       id_of(key_.public_key()), base64url_encode(key_.public_key()),
          stored.signature};
}

bool is_signed_by(const Checkpoint& checkpoint, const Ed25519PublicKey& key) {
  const auto bytes = base64url_decode(checkpoint.signature);
  Ed25519Signature signature{};
  if (!bytes || bytes->size() != signature.size()) return false;
  std::copy(bytes->begin(), bytes->end(), signature.begin());
  const std::string text =
      signed_text(checkpoint.purpose, checkpoint.sequence, checkpoint.hash, checkpoint.at);
  return ed25519_verify(key, as_bytes(text), signature);
}

}  // namespace agentauth::audit
