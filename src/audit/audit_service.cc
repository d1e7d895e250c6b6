#include "audit/audit_service.h"

#include <limits>

namespace agentauth::audit {

Result<std::vector<AuditEvent>> AuditService::list(Transaction& tx, const ListEvents& request,
                                                   const PageStart& after, std::int64_t limit) {
  // Numbers begin with 1: a page that starts nowhere starts at the newest.
  const std::int64_t start = after.created_at.time_since_epoch().count();
  const std::int64_t before = start == 0 ? std::numeric_limits<std::int64_t>::max() : start;
  return tx.audit().list(
      {request.agent, request.action, request.outcome, request.since, request.until}, before,
      limit);
}

Result<Checkpoint> AuditService::checkpoint(Transaction& tx, const CurrentCheckpoint&) {
  return signer_.sign(Purpose::checkpoint, TRY(tx.audit().head()), clock_.now());
}

}  // namespace agentauth::audit
