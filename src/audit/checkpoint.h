// Signed statements of where the chain stood: what was signed cannot be rewritten unnoticed, not
// even by who can write the whole database.
#pragma once

#include <string>

#include "base/fields.h"
#include "crypto/ed25519.h"
#include "crypto/master_key.h"
#include "store/audit_log.h"

namespace agentauth::audit {

inline constexpr std::string_view checkpoint_version = "agentauth-audit-checkpoint-1";

// checkpoint: so far the chain had come. start: what came before was taken away in good order, or
// stands in another file, and the chain may begin behind this event.
enum class Purpose : std::uint8_t { checkpoint, start };
std::string_view to_string(Purpose purpose);
bool parse(std::string_view text, Purpose& purpose);

// The signature is over the netstrings of checkpoint_version, purpose, sequence, hash and at, as
// they are shown. Key and signature are in base64url.
struct Checkpoint {
  Purpose purpose = Purpose::checkpoint;
  std::int64_t sequence = 0;
  std::string hash;
  Timestamp at;
  std::string key_id;  // the first half of the public key's SHA-256, in hexadecimal
  std::string public_key;
  std::string signature;

  static constexpr auto fields() {
    return std::array{
        field<&Checkpoint::purpose>({.name = "purpose",
                                     .example = "checkpoint",
                                     .about = "checkpoint; in files also start"}),
        field<&Checkpoint::sequence>({.name = "sequence",
                                      .min = 0,
                                      .max = 9'007'199'254'740'991,
                                      .example = "42",
                                      .about = "Of the last event"}),
        field<&Checkpoint::hash>({.name = "hash", .min = 64, .max = 64, .about = "Its hash"}),
        field<&Checkpoint::at>({.name = "at"}),
        field<&Checkpoint::key_id>({.name = "key_id", .min = 32, .max = 32}),
        field<&Checkpoint::public_key>(
            {.name = "public_key", .min = 43, .max = 43, .about = "Ed25519, base64url"}),
        field<&Checkpoint::signature>(
            {.name = "signature",
             .min = 86,
             .max = 86,
             .about =
                 "Ed25519, base64url, over the netstrings of \"agentauth-audit-checkpoint-1\", "
                 "purpose, sequence, hash and at"}),
    };
  }
};

// Errors: invalid_argument when it is not 43 characters of base64url.
Result<Ed25519PublicKey> parse_public_key(std::string_view text);

// Signs with a key that is derived from the master key: all nodes of a deployment have the same,
// and a stolen database does not hold it.
class Signer {
 public:
  explicit Signer(const MasterKey& master_key);

  Checkpoint sign(Purpose purpose, const AuditHead& head, Timestamp at) const;
  // A stored one, as it is shown.
  Checkpoint shown(Purpose purpose, const StoredCheckpoint& stored) const;
  const Ed25519PublicKey& public_key() const { return key_.public_key(); }

 private:
  Ed25519Key key_;
};

// Whether that key signed it; what it says of its key itself does not count.
bool is_signed_by(const Checkpoint& checkpoint, const Ed25519PublicKey& key);

}  // namespace agentauth::audit
