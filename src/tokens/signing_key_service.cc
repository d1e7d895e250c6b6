#include "tokens/signing_key_service.h"

#include <algorithm>

namespace agentauth {
namespace {

using internal::find_due;

constexpr std::string_view algorithm = "HS256";

std::string sealing_context(const std::string& kid) { return "signing key " + kid; }

Result<std::vector<SealedSigningKey>> stored_keys(Transaction& tx) {
  return tx.signing_keys().list();
}

SigningKeyDescription describe(internal::SealedKeys keys, std::size_t index, Timestamp now) {
  const SealedSigningKey& key = keys[index];
  return {key.kid,        key.algorithm,  internal::state_of(keys, index, now),
          key.created_at, key.signs_from, internal::verifies_until(keys, index)};
}

}  // namespace

SigningKeyService::SigningKeyService(Database& database, const MasterKey& master_key,
                                     const Clock& clock, Random& random, AuditText node,
                                     KeySchedule schedule)
    : database_(database),
      sealer_(master_key.derive("agentauth signing keys")),
      clock_(clock),
      random_(random),
      node_(std::move(node)),
      schedule_(schedule) {}

Result<void> SigningKeyService::make_first() {
  // The usual start finds its keys and waits for nobody.
  if (!TRY(database_.read(stored_keys)).empty()) return {};
  return database_.write([&](Transaction& tx) -> Result<void> {
    TRY(tx.changes().lock());
    if (!TRY(stored_keys(tx)).empty()) return {};
    return insert(tx, random_key(clock_.now()), AuditAction::signing_key_create, AuditReason::none);
  });
}

Result<SigningKeys> SigningKeyService::load() {
  auto stored = TRY(database_.read(stored_keys));
  std::vector<SigningKey> keys;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const SealedSigningKey& sealed = stored[i];
    if (sealed.algorithm != algorithm) continue;  // from a newer version; not ours to use
    const Secret secret = TRY(sealer_.open(sealed.sealed_secret, sealing_context(sealed.kid)));
    SigningKey::Times times{.signs_from = sealed.signs_from};
    if (const auto end = internal::verifies_until(stored, i)) times.verifies_until = *end;
    keys.emplace_back(sealed.kid, as_bytes(secret.reveal()), times);
  }
  if (keys.empty()) return failure(Errc::internal, "The database holds no usable signing key");
  const std::lock_guard lock(mutex_);
  known_ = std::move(stored);
  return SigningKeys(std::move(keys));
}

Result<void> SigningKeyService::keep_schedule() {
  if (!find_due(known(), schedule_, clock_.now()).any()) return {};
  return database_.write([&](Transaction& tx) -> Result<void> {
    TRY(tx.changes().lock());
    // Another node may have come first.
    const auto due = find_due(TRY(stored_keys(tx)), schedule_, clock_.now());
    if (!due.any()) return {};
    if (due.longer_lifetime) TRY(tx.signing_keys().raise_token_lifetime(schedule_.token_lifetime));
    for (const std::string& kid : due.expired)
      TRY(erase(tx, kid, AuditAction::signing_key_retire, AuditReason::schedule));
    if (due.next_signs_from)
      TRY(insert(tx, random_key(*due.next_signs_from), AuditAction::signing_key_rotate,
                 AuditReason::schedule));
    TRY(tx.changes().append(ChangeKind::signing_key, AgentId{}));
    return {};
  });
}

Result<std::vector<SigningKeyDescription>> SigningKeyService::list() {
  const auto keys = TRY(database_.read(stored_keys));
  const Timestamp now = clock_.now();
  std::vector<SigningKeyDescription> listed;
  for (std::size_t i = 0; i < keys.size(); ++i) listed.push_back(describe(keys, i, now));
  return listed;
}

Result<SigningKeyDescription> SigningKeyService::rotate(KeyRotation rotation) {
  return database_.write([&](Transaction& tx) -> Result<SigningKeyDescription> {
    TRY(tx.changes().lock());
    TRY(make_room(tx, rotation));
    const Timestamp now = clock_.now();
    const Timestamp signs_from = rotation == KeyRotation::at_once ? now : now + schedule_.lead;
    TRY(insert(tx, random_key(signs_from), AuditAction::signing_key_rotate,
               AuditReason::command_line));
    TRY(tx.changes().append(ChangeKind::signing_key, AgentId{}));
    const auto keys = TRY(stored_keys(tx));
    return describe(keys, 0, now);
  });
}

Result<SigningKeyDescription> SigningKeyService::adopt(const Secret& configured) {
  TRY(configured_signing_keys(configured));
  return database_.write([&](Transaction& tx) -> Result<SigningKeyDescription> {
    TRY(tx.changes().lock());
    for (const SealedSigningKey& key : TRY(stored_keys(tx)))
      if (key.kid == configured_signing_kid)
        return failure(Errc::conflict, "A configured secret is a key of the database already");
    TRY(make_room(tx, KeyRotation::published_first));
    const Timestamp now = clock_.now();
    const NewKey key{std::string(configured_signing_kid), configured, now};
    TRY(insert(tx, key, AuditAction::signing_key_create, AuditReason::command_line));
    TRY(tx.changes().append(ChangeKind::signing_key, AgentId{}));
    return describe(TRY(stored_keys(tx)), 0, now);
  });
}

Result<void> SigningKeyService::make_room(Transaction& tx, KeyRotation rotation) {
  const auto keys = TRY(stored_keys(tx));
  if (rotation == KeyRotation::at_once) {
    for (const SealedSigningKey& key : keys)
      TRY(erase(tx, key.kid, AuditAction::signing_key_revoke, AuditReason::command_line));
    return {};
  }
  if (!keys.empty() && keys.front().signs_from > clock_.now())
    return failure(Errc::conflict, "The next signing key is published already; it signs from " +
                                       format_rfc3339(keys.front().signs_from) + " on");
  if (keys.size() >= signing_keys_max)
    return failure(Errc::conflict,
                   "There are " + std::to_string(keys.size()) +
                       " signing keys that still verify; wait until one of them has retired");
  return {};
}

SigningKeyService::Status SigningKeyService::status() const {
  const auto keys = known();
  if (keys.empty()) return {};
  const Timestamp now = clock_.now();
  const auto age = now - internal::active_key(keys, now).created_at;
  return {keys.size(), std::max(Seconds{0}, std::chrono::floor<Seconds>(age))};
}

SigningKeyService::NewKey SigningKeyService::random_key(Timestamp signs_from) {
  return {random_.base62(signing_kid_length), random_secret(random_, signing_secret_bytes_min),
          signs_from};
}

Result<void> SigningKeyService::insert(Transaction& tx, const NewKey& key, AuditAction action,
                                       AuditReason reason) {
  TRY(tx.signing_keys().insert(
      {key.kid, std::string(algorithm),
       sealer_.seal(as_bytes(key.secret.reveal()), sealing_context(key.kid), random_), clock_.now(),
       key.signs_from, schedule_.token_lifetime}));
  record(tx, key.kid, action, reason);
  return {};
}

Result<void> SigningKeyService::erase(Transaction& tx, const std::string& kid, AuditAction action,
                                      AuditReason reason) {
  TRY(tx.signing_keys().erase(kid));
  record(tx, kid, action, reason);
  return {};
}

// Nobody called: a server did it of itself, or somebody on the database.
void SigningKeyService::record(Transaction& tx, const std::string& kid, AuditAction action,
                               AuditReason reason) {
  AuditEvent event;
  event.at = clock_.now();
  event.node = node_;
  event.action = action;
  event.reason = reason;
  event.target_type = AuditTargetType::signing_key;
  event.target_id = AuditText::of_signing_kid(kid);
  tx.record(std::move(event));
}

std::vector<SealedSigningKey> SigningKeyService::known() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

}  // namespace agentauth
