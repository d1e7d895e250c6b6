// What changes of policy are about, as the audit trail names it.
#pragma once

#include <string>

#include "model/audit_event.h"
#include "model/grant.h"
#include "model/role.h"

namespace agentauth {

// One of several changes that a call makes, each in the history of what it is about.
struct AuditedChange {
  AuditAction action;
  AuditTarget target;
};

AuditTarget target_of_grant(const Grant& grant);
// A role or group, and whom it concerns: a member.
AuditTarget target_of_principal(const std::string& principal, const std::string& member = "");
// Of a membership that goes along with what a call does.
AuditedChange removal_of(const Membership& membership);
AuditTarget target_of_entity(const std::string& type, const std::string& id);

}  // namespace agentauth
