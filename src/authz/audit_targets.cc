#include "authz/audit_targets.h"

namespace agentauth {

AuditTarget target_of_grant(const Grant& grant) {
  return {AuditTargetType::permission, AuditText::of_permission(grant.permission),
          agent_of(grant.subject), AuditText::of_principal(grant.subject)};
}

AuditTarget target_of_principal(const std::string& principal, const std::string& member) {
  return {AuditTargetType::principal, AuditText::of_principal(principal), agent_of(member),
          AuditText::of_principal(member)};
}

AuditedChange removal_of(const Membership& membership) {
  return {AuditAction::member_remove, target_of_principal(membership.of, membership.member)};
}

AuditTarget target_of_entity(const std::string& type, const std::string& id) {
  const std::string name = type + ':' + id;
  return {AuditTargetType::entity, AuditText::of_principal(name), agent_of(name)};
}

}  // namespace agentauth
