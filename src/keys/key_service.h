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
#include "keys/key_uses.h"
#include "keys/verified_keys.h"
#include "model/audit_event.h"
#include "model/caller.h"
#include "model/permission.h"
#include "store/transaction.h"

namespace agentauth {

inline constexpr std::int64_t key_lifetime_max_seconds = std::int64_t{10} * 365 * 24 * 3600;

struct CreateKey {
  AgentId agent_id;
  std::optional<std::string> name = {};
  std::optional<std::int64_t> expires_in = {};
  std::optional<Timestamp> expires_at = {};
  std::optional<Timestamp> not_before = {};
  std::optional<std::vector<std::string>> allowed_cidrs = {};
  std::optional<std::vector<std::string>> permissions = {};

  static constexpr auto fields() {
    return std::array{
        field<&CreateKey::agent_id>(agent_id_in_path),
        field<&CreateKey::name>({.name = "name", .max = 128, .example = "laptop"}),
        field<&CreateKey::expires_in>({.name = "expires_in",
                                       .max = key_lifetime_max_seconds,
                                       .example = "86400",
                                       .about = "Seconds; without it the key does not expire"}),
        field<&CreateKey::expires_at>({.name = "expires_at",
                                       .example = "2030-01-31T12:00:00Z",
                                       .about = "In place of expires_in"}),
        field<&CreateKey::not_before>({.name = "not_before",
                                       .example = "2030-01-01T00:00:00Z",
                                       .about = "The key cannot be used earlier"}),
        field<&CreateKey::allowed_cidrs>(
            {.name = "allowed_cidrs",
             .max = key_cidrs_max,
             .valid = is_cidr,
             .rule = "must be an address or a range of IPv4 or IPv6 without bits past its prefix",
             .example = "10.0.0.0/8",
             .about = "From where the key and its tokens can be used"}),
        field<&CreateKey::permissions>(
            {.name = "permissions",
             .max = key_permissions_max,
             .valid = is_permission,
             .rule = "must be a permission",
             .example = "read_weather",
             .about = "What the key is narrowed to; the agent must hold each"}),
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

// For how long a key that is rotated works beside the new one.
inline constexpr std::int64_t overlap_max_seconds = std::int64_t{30} * 24 * 3600;
inline constexpr std::int64_t overlap_default_seconds = 3600;
inline constexpr FieldRule overlap_field{
    .name = "overlap_seconds",
    .min = 0,
    .max = overlap_max_seconds,
    .example = "3600",
    .about = "How long the old key still works, an hour when absent; 0 ends it now"};

struct RotateKey {
  AgentId agent_id;
  KeyId key_id;
  std::optional<std::int64_t> overlap_seconds;

  static constexpr auto fields() {
    return std::array{
        field<&RotateKey::agent_id>(agent_id_in_path),
        field<&RotateKey::key_id>(
            {.name = "key_id", .place = Place::path, .about = "The key's id"}),
        field<&RotateKey::overlap_seconds>(overlap_field),
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
  std::optional<Timestamp> not_before;
  std::optional<std::vector<std::string>> allowed_cidrs;
  std::optional<std::vector<std::string>> permissions;
  std::optional<Timestamp> last_used_at;
  std::optional<std::string> last_used_address;

  static KeyDescription of(const ApiKey& key, Timestamp now);

  // Also of those that inherit them.
  template <class Object = KeyDescription>
  static constexpr auto fields() {
    return std::array{
        field<&KeyDescription::key_id, Object>({.name = "key_id"}),
        field<&KeyDescription::kid, Object>({.name = "kid", .example = "4fJx0Zk2QmP1"}),
        field<&KeyDescription::name, Object>({.name = "name", .example = "laptop"}),
        field<&KeyDescription::status, Object>({.name = "status",
                                                .example = "active",
                                                .about = "active, revoked, expired or pending"}),
        field<&KeyDescription::created_at, Object>({.name = "created_at"}),
        field<&KeyDescription::expires_at, Object>({.name = "expires_at"}),
        field<&KeyDescription::revoked_at, Object>({.name = "revoked_at"}),
        field<&KeyDescription::not_before, Object>({.name = "not_before"}),
        field<&KeyDescription::allowed_cidrs, Object>(
            {.name = "allowed_cidrs", .max = key_cidrs_max, .example = "10.0.0.0/8"}),
        field<&KeyDescription::permissions, Object>(
            {.name = "permissions", .max = key_permissions_max, .example = "read_weather"}),
        field<&KeyDescription::last_used_at, Object>(
            {.name = "last_used_at", .about = "Of the last login; a few seconds behind"}),
        field<&KeyDescription::last_used_address, Object>({.name = "last_used_address",
                                                           .example = "192.0.2.7",
                                                           .about = "From where that login came"}),
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
  struct Options {
    int bcrypt_cost;
    // Of a key that was made for no longer than this nobody needs to be told that it ends.
    Seconds expiry_notice{0};
  };
  KeyService(Database& database, const Directory& directory, const MasterKey& master_key,
             const Clock& clock, Random& random, const Options& options);

  // Computes bcrypt. Errors: internal.
  Result<MintedKey> mint();
  // Errors: not_found when the agent is gone; conflict when it has usable_keys_max already.
  Result<ApiKey> store(Transaction& tx, const MintedKey& minted, const CreateKey& request);
  Result<std::vector<KeyDescription>> list(Transaction& tx, const ListKeys& request,
                                           const PageStart& after, std::int64_t limit);
  // The new key in the old one's place: its name and as long a life, counted from now but no longer
  // than the old one may be renewed. The old one ends with the overlap, or earlier if it was to.
  // Errors: not_found; conflict when it has ended or was rotated already, or the agent has
  // usable_keys_max.
  Result<ApiKey> rotate(Transaction& tx, const MintedKey& minted, const RotateKey& request);
  // Whether it could be rotated: asked before a new one is minted, which costs bcrypt.
  // Errors: as rotate.
  Result<void> require_rotatable(Transaction& tx, const RotateKey& request) const;
  // Bites at the next use. Repeating it changes nothing, not even the log. Errors: not_found.
  Result<void> revoke(Transaction& tx, const NameKey& request);

  // What memory says about a key; never touches the database or bcrypt.
  struct Check {
    enum class Outcome : std::uint8_t {
      refused,     // wrong, unknown, not to be used now or from there, or its agent may not act
      verified,    // matched lately, and everything else is in order now
      unverified,  // may well be right; bcrypt has to say
    };
    Outcome outcome = Outcome::refused;
    Caller caller{};
    Sha256 name{};  // of this verification, for sharing it; the same whoever asks
    // Whose key the text says it is, whether or not that is true: a view of the text, empty when it
    // is no key's, and the agent of that kid, absent when there is no such key.
    std::string_view kid{};
    std::optional<AgentId> agent{};
    AuditReason why = AuditReason::none;  // it is refused; a revoked key is not known in memory
  };
  Check check(std::string_view text, const IpAddress& from) const;

  // The whole check. Computes bcrypt when memory does not suffice: for the hashing pool only.
  // Errors: unauthenticated, one and the same for every cause but for its detail; unavailable.
  Result<Caller> authenticate(std::string_view text, const IpAddress& from);

  // A login that succeeded: takes neither memory nor long.
  void note_use(const Caller& caller) { uses_.note({caller.key, clock_.now(), caller.address}); }
  KeyUses& uses() { return uses_; }

 private:
  AuditReason why_unknown(const KeyParts& parts) const;
  Result<void> require_room(Transaction& tx, AgentId agent) const;
  Result<void> require_room_for_names(const std::vector<std::string>& names) const;
  ExpiryNotice notice_of(std::optional<Timestamp> end, Timestamp now) const;
  KeyTagBytes tag_of(const KeyParts& parts) const;

  Database& database_;
  const Directory& directory_;
  const Clock& clock_;
  Random& random_;
  const Options options_;
  const HmacSha256 tag_key_;     // from the master key
  const HmacSha256 memory_key_;  // of this process
  VerifiedKeys verified_;
  KeyUses uses_;
};

// The one answer to every key that does not work. Why stands in `detail`, as the trail spells it:
// for the log and the trail.
tl::unexpected<Error> invalid_credentials(AuditReason why);

}  // namespace agentauth
