// What changes of policy are about, as the audit trail names it.
#pragma once

#include <string>

#include "model/audit_event.h"
#include "model/grant.h"

namespace agentauth {

AuditTarget target_of_grant(const Grant& grant);
// A role or group, and whom it concerns: a member.
AuditTarget target_of_principal(const std::string& principal, const std::string& member = "");
AuditTarget target_of_entity(const std::string& type, const std::string& id);

}  // namespace agentauth
