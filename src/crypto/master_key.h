// The one secret of a deployment that is not in its database (CONTRACT section 2).
#pragma once

#include <sys/types.h>

#include <string>

#include "base/encoding.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"

namespace agentauth {

inline constexpr std::size_t master_key_bytes = 32;

// Everything derived from it is under a label of its own, so that no two uses share a key.
class MasterKey {
 public:
  explicit MasterKey(ByteView key) : key_(key) {}

  // Reads the file, or makes it (mode 0600) when `create` is set and it is not there. Two servers
  // that start at once end up with the same file. Errors: invalid_argument, in one line: missing,
  // unreadable, not 32 bytes, or not private.
  enum class IfMissing : bool { fail, create };
  static Result<MasterKey> load(const std::string& path, IfMissing if_missing, Random& random);

  // HMAC-SHA-256(master key, label).
  Sha256 derive(std::string_view label) const { return key_.sign(label); }

  // Tells two master keys apart without telling anything about either.
  std::string fingerprint() const;

 private:
  HmacSha256 key_;
};

// Whether nobody reads a file but who may: its owner alone, or, where root owns it and lends it to
// `reader`, a group. So Kubernetes mounts a Secret; PostgreSQL holds its own keys to the same rule.
bool is_private_file(mode_t mode, uid_t owner, uid_t reader);

// AES-256-GCM with a random nonce: nonce (12) ‖ ciphertext ‖ tag (16). `context` is authenticated
// and not stored: what was sealed for one name does not open under another.
class Sealer {
 public:
  explicit Sealer(const Sha256& key) : key_(key) {}
  Bytes seal(ByteView plain, std::string_view context, Random& random) const;
  // Errors: internal, when the key or the context does not fit or the bytes were changed.
  Result<Secret> open(ByteView sealed, std::string_view context) const;

 private:
  Sha256 key_;
};

}  // namespace agentauth
