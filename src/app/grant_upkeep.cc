#include "app/grant_upkeep.h"

#include <set>
#include <vector>

#include "authz/audit_targets.h"
#include "authz/permission_service.h"

namespace agentauth::app {
namespace {

AuditEvent swept(const AuditText& node, Timestamp now, AuditAction action, AuditTarget target) {
  AuditEvent event;
  event.at = now;
  event.node = node;
  event.action = action;
  event.reason = AuditReason::schedule;
  event.target_type = target.type;
  event.target_id = std::move(target.id);
  event.target_agent_id = target.agent_id;
  event.detail = std::move(target.detail);
  return event;
}

}  // namespace

Result<bool> sweep_grant_uses(Database& database, Timestamp now) {
  const Timestamp before = now - grant_uses_kept;
  // A write only when there is something to write.
  if (!TRY(database.read([&](Transaction& tx) { return tx.grants().has_uses(before); })))
    return false;
  return TRY(database.write_apart([&](Transaction& tx) {
           return tx.grants().sweep_uses(before, grant_uses_swept_at_once);
         })) == grant_uses_swept_at_once;
}

Result<bool> sweep_ended(Database& database, const AuditText& node, Timestamp now,
                         FunctionRef<void(const AuditEvent&)> recorded) {
  const Timestamp before = now - ended_kept;
  if (!TRY(database.read([&](Transaction& tx) -> Result<bool> {
        return TRY(tx.grants().has_ended(before)) || TRY(tx.roles().has_ended(before));
      })))
    return false;
  std::vector<AuditEvent> events;
  const bool more = TRY(database.write([&](Transaction& tx) -> Result<bool> {
    events.clear();
    TRY(tx.changes().lock());
    std::set<std::string> changed;
    const auto grants = TRY(tx.grants().sweep_ended(before, ended_swept_at_once));
    for (const Grant& grant : grants) {
      changed.insert(grant.subject);
      events.push_back(swept(node, now, AuditAction::permission_revoke, target_of_grant(grant)));
    }
    const auto memberships = TRY(tx.roles().sweep_ended(before, ended_swept_at_once));
    for (const Membership& membership : memberships) {
      changed.insert(membership.member);
      auto [action, target] = removal_of(membership);
      events.push_back(swept(node, now, action, std::move(target)));
    }
    for (const std::string& subject : changed) TRY(note_change(tx, subject));
    for (const AuditEvent& event : events) tx.record(event);
    return static_cast<std::int64_t>(std::max(grants.size(), memberships.size())) ==
           ended_swept_at_once;
  }));
  for (const AuditEvent& event : events) recorded(event);
  return more;
}

}  // namespace agentauth::app
