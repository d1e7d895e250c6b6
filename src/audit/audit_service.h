// Reading the audit trail over the API. Who reads it is not recorded, who is refused is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "model/audit_event.h"
#include "store/transaction.h"

namespace agentauth::audit {

struct ListEvents {
  std::optional<AgentId> agent;
  std::optional<AuditAction> action;
  std::optional<AuditOutcome> outcome;
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;

  static constexpr auto fields() {
    return std::array{
        field<&ListEvents::agent>({.name = "agent",
                                   .place = Place::query,
                                   .about = "An id: who acted, or whom it was done to"}),
        field<&ListEvents::action>({.name = "action",
                                    .place = Place::query,
                                    .rule = "must be an action such as auth.login or key.revoke",
                                    .example = "auth.login"}),
        field<&ListEvents::outcome>({.name = "outcome",
                                     .place = Place::query,
                                     .rule = "must be success, denied or failure",
                                     .example = "denied"}),
        field<&ListEvents::since>(
            {.name = "since", .place = Place::query, .about = "At that time or later"}),
        field<&ListEvents::until>(
            {.name = "until", .place = Place::query, .about = "Before that time"}),
        field<&ListEvents::limit>(page_limit),
        field<&ListEvents::cursor>(page_cursor),
    };
  }
};

struct CurrentCheckpoint {
  static constexpr std::array<Field, 0> fields() { return {}; }
};

class AuditService {
 public:
  AuditService(const MasterKey& master_key, const Clock& clock)
      : signer_(master_key), clock_(clock) {}

  // Newest first. A page starts below the number that `after` holds as its time.
  Result<std::vector<AuditEvent>> list(Transaction& tx, const ListEvents& request,
                                       const PageStart& after, std::int64_t limit);
  // Of the chain as it is now.
  Result<Checkpoint> checkpoint(Transaction& tx, const CurrentCheckpoint& request);

  const Signer& signer() const { return signer_; }

 private:
  const Signer signer_;
  const Clock& clock_;
};

}  // namespace agentauth::audit
