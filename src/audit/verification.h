// Whether a trail is what was recorded: computed anew, event by event, and compared with what was
// signed. Needs no database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "crypto/hash.h"
#include "model/audit_event.h"

namespace agentauth::audit {

// Errors of all: conflict, in a sentence that names the first number that is wrong.
class Verification {
 public:
  // Every checkpoint must be signed by `key`, or nothing of it counts.
  static Result<Verification> create(std::vector<Checkpoint> checkpoints,
                                     const Ed25519PublicKey& key);

  // In the order in which they are found. The first is number 1, or behind a signed start.
  Result<void> add(const AuditEvent& event);
  // After the last event: whether anything is missing behind it.
  Result<void> finish(const std::optional<AuditHead>& head = std::nullopt);

  struct Report {
    std::int64_t events = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t signed_up_to = 0;  // 0: no checkpoint vouches for any of it
  };
  const Report& report() const { return report_; }
  AuditHead head() const { return {last_, hex_encode(hash_)}; }

 private:
  Verification() = default;

  Result<void> begin_before(std::int64_t first);
  Result<void> begin_after(const AuditHead& start);
  Result<void> compare_with_checkpoints();

  std::vector<Checkpoint> checkpoints_;  // by number
  std::vector<Checkpoint> starts_;
  std::size_t next_checkpoint_ = 0;
  bool begun_ = false;
  std::int64_t last_ = 0;
  Sha256 hash_{};
  Report report_;
};

}  // namespace agentauth::audit
