// API keys: making, checking, listing and revoking them. Start here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "crypto/master_key.h"
#include "crypto/random.h"
#include "directory/directory.h"
#include "keys/key_format.h"
#include "keys/verified_keys.h"
#include "model/caller.h"
#include "store/transaction.h"

namespace agentauth {

inline constexpr std::int64_t key_lifetime_max_seconds = std::int64_t{10} * 365 * 24 * 3600;

struct CreateKey {
  AgentId agent_id;
  std::optional<std::string> name;
  std::optional<std::int64_t> expires_in;

  static constexpr auto fields() {
    return std::array{
        field<&CreateKey::agent_id>(agent_id_in_path),
        field<&CreateKey::name>({.name = "name", .max = 128, .example = "laptop"}),
        field<&CreateKey::expires_in>({.name = "expires_in",
                                       .max = key_lifetime_max_seconds,
                                       .example = "86400",
                                       .about = "Seconds; without it the key does not expire"}),
    };
  }
};

struct NameKey {
  AgentId agent_id;
  KeyId key_id;

  static constexpr auto fields() {
    return std::array{
        field<&NameKey::agent_id>(agent_id_in_path),
        field<&NameKey::key_id>({.name = "key_id", .place = Place::path, .about = "The key's id"}),
    };
  }
};

struct ListKeys {
  AgentId agent_id;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;

  static constexpr auto fields() {
    return std::array{
        field<&ListKeys::agent_id>(agent_id_in_path),
        field<&ListKeys::limit>(page_limit),
        field<&ListKeys::cursor>(page_cursor),
    };
  }
};

// A key as it is shown: never its secret or its hash.
struct KeyDescription {
  KeyId key_id;
  std::string kid;
  std::string name;
  KeyStatus status = KeyStatus::active;
  Timestamp created_at;
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> revoked_at;

  static KeyDescription of(const ApiKey& key, Timestamp now);

  static constexpr auto fields() {
    return std::array{
        field<&KeyDescription::key_id>({.name = "key_id"}),
        field<&KeyDescription::kid>({.name = "kid", .example = "4fJx0Zk2QmP1"}),
        field<&KeyDescription::name>({.name = "name", .example = "laptop"}),
        field<&KeyDescription::status>(
            {.name = "status", .example = "active", .about = "active, revoked or expired"}),
        field<&KeyDescription::created_at>({.name = "created_at"}),
        field<&KeyDescription::expires_at>({.name = "expires_at"}),
        field<&KeyDescription::revoked_at>({.name = "revoked_at"}),
    };
  }
};

// A key that was made but not stored yet: hashing takes a quarter of a second and must not happen
// inside a transaction.
struct MintedKey {
  Secret text;  // shown once
  std::string kid;
  std::string hash;
  KeyTagBytes tag;
};

class KeyService {
 public:
  KeyService(Database& database, const Directory& directory, const MasterKey& master_key,
             const Clock& clock, Random& random, int bcrypt_cost);

  // Computes bcrypt. Errors: internal.
  Result<MintedKey> mint();
  // Errors: not_found when the agent is gone; conflict when it has usable_keys_max already.
  Result<ApiKey> store(Transaction& tx, const MintedKey& minted, const CreateKey& request);
  Result<std::vector<KeyDescription>> list(Transaction& tx, const ListKeys& request,
                                           const PageStart& after, std::int64_t limit);
  // Bites at the next use. Repeating it changes nothing, not even the log. Errors: not_found.
  Result<void> revoke(Transaction& tx, const NameKey& request);

  // What memory says about a key; never touches the database or bcrypt.
  struct Check {
    enum class Outcome : std::uint8_t {
      refused,     // wrong, unknown, expired, revoked, or its agent may not act
      verified,    // matched lately, and everything else is in order now
      unverified,  // may well be right; bcrypt has to say
    };
    Outcome outcome = Outcome::refused;
    Caller caller{};
    Sha256 name{};  // of this verification, for sharing it; the same whoever asks
  };
  Check check(std::string_view text) const;

  // The whole check. Computes bcrypt when memory does not suffice: for the hashing pool only.
  // Errors: unauthenticated, one and the same for every cause; unavailable.
  Result<Caller> authenticate(std::string_view text);

 private:
  KeyTagBytes tag_of(const KeyParts& parts) const;

  Database& database_;
  const Directory& directory_;
  const Clock& clock_;
  Random& random_;
  const int bcrypt_cost_;
  const HmacSha256 tag_key_;     // from the master key
  const HmacSha256 memory_key_;  // of this process
  VerifiedKeys verified_;
};

// The one answer to every key that does not work.
tl::unexpected<Error> invalid_credentials(std::string_view detail);

}  // namespace agentauth
