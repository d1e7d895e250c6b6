// Signing keys of a deployment: made, published, used, retired, the same on all nodes. Start here.
//
// They are rows of the database. A rotation inserts the next key with the time from which it signs;
// every node hears of it through the change log, verifies with it at once and signs with it from
// that time on. The key before it verifies until the last token it can have signed has expired.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "crypto/master_key.h"
#include "crypto/random.h"
#include "model/audit_event.h"
#include "store/database.h"
#include "tokens/internal/key_schedule.h"
#include "tokens/signing_key.h"

namespace agentauth {

struct SigningKeyDescription {
  std::string kid;
  std::string algorithm;
  SigningKeyState state = SigningKeyState::active;
  Timestamp created_at;
  Timestamp signs_from;
  std::optional<Timestamp> verifies_until;

  static constexpr auto fields() {
    return std::array{
        field<&SigningKeyDescription::kid>({.name = "kid"}),
        field<&SigningKeyDescription::algorithm>({.name = "algorithm"}),
        field<&SigningKeyDescription::state>({.name = "state"}),
        field<&SigningKeyDescription::created_at>({.name = "created_at"}),
        field<&SigningKeyDescription::signs_from>({.name = "signs_from"}),
        field<&SigningKeyDescription::verifies_until>({.name = "verifies_until"}),
    };
  }
};

// At once: a secret that is known to others. The keys of before verify no more and all access
// tokens end.
enum class KeyRotation : std::uint8_t { published_first, at_once };

// Safe to use from any thread.
class SigningKeyService {
 public:
  SigningKeyService(Database& database, const MasterKey& master_key, const Clock& clock,
                    Random& random, AuditText node, KeySchedule schedule);

  // Makes a key when there is none; servers that start at once agree on one.
  Result<void> make_first();
  // Errors: the database's; internal when the master key does not open them, or there is none.
  Result<SigningKeys> load();

  // Does what is due by what was loaded last, and by then no other node has done. Cheap when there
  // is nothing, so call it often.
  Result<void> keep_schedule();

  // From the one that signs last to the one that signed first.
  Result<std::vector<SigningKeyDescription>> list();
  // Publishes the next key. Errors: conflict when there is one already that does not sign yet, or
  // too many that still verify.
  Result<SigningKeyDescription> rotate(KeyRotation rotation);

  // The secret that the operator configured becomes a key of the database that signs from now on,
  // under the kid it has: servers that are configured with it and servers that are not sign alike,
  // and from then on it rotates like any other. REQUIRES: all servers sign with that secret.
  // Errors: invalid_argument as of configured_signing_keys(); conflict as of rotate(), and when one
  // was adopted before and has not gone yet.
  Result<SigningKeyDescription> adopt(const Secret& configured);

  // As loaded last.
  struct Status {
    std::size_t keys = 0;
    Seconds active_for{};  // how long the key that signs has existed
  };
  Status status() const;

 private:
  struct NewKey {
    std::string kid;
    Secret secret;
    Timestamp signs_from;
  };

  NewKey random_key(Timestamp signs_from);
  Result<void> insert(Transaction& tx, const NewKey& key, AuditAction action, AuditReason reason);
  Result<void> erase(Transaction& tx, const std::string& kid, AuditAction action,
                     AuditReason reason);
  void record(Transaction& tx, const std::string& kid, AuditAction action, AuditReason reason);
  Result<void> make_room(Transaction& tx, KeyRotation rotation);
  std::vector<SealedSigningKey> known() const;

  Database& database_;
  const Sealer sealer_;
  const Clock& clock_;
  Random& random_;
  const AuditText node_;
  const KeySchedule schedule_;
  mutable std::mutex mutex_;
  std::vector<SealedSigningKey> known_;  // as loaded last
};

}  // namespace agentauth
