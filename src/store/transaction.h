// What a service sees inside Database::read, snapshot or write: a repository for each noun.
#pragma once

#include <utility>
#include <vector>

#include "model/audit_event.h"
#include "store/agents.h"
#include "store/api_keys.h"
#include "store/audit_log.h"
#include "store/change_log.h"
#include "store/entities.h"
#include "store/grant_last_uses.h"
#include "store/grants.h"
#include "store/idempotency.h"
#include "store/key_uses.h"
#include "store/permissions.h"
#include "store/policy_tables.h"
#include "store/roles.h"
#include "store/session.h"
#include "store/settings.h"
#include "store/signing_keys.h"
#include "store/token_families.h"

namespace agentauth {

class Transaction {
 public:
  // What a write leaves behind besides its rows.
  struct Outcome {
    std::vector<AuditEvent> events{};  // what record() was given
    bool changes = false;              // the change log was asked for
  };
  // Without an outcome nothing can be recorded.
  explicit Transaction(Session& session, Outcome* outcome = nullptr)
      : session_(session), outcome_(outcome) {}

  AgentRepository agents() { return AgentRepository(session_); }
  ApiKeyRepository keys() { return ApiKeyRepository(session_); }
  KeyUseRepository key_uses() { return KeyUseRepository(session_); }
  PermissionRepository permissions() { return PermissionRepository(session_); }
  GrantRepository grants() { return GrantRepository(session_); }
  GrantLastUseRepository grant_last_uses() { return GrantLastUseRepository(session_); }
  RoleRepository roles() { return RoleRepository(session_); }
  EntityRepository entities() { return EntityRepository(session_); }
  PolicyTables policies() { return PolicyTables(session_); }
  ChangeLog changes() {
    if (outcome_ != nullptr) outcome_->changes = true;
    return ChangeLog(session_);
  }
  IdempotencyRepository idempotency() { return IdempotencyRepository(session_); }
  TokenFamilyRepository token_families() { return TokenFamilyRepository(session_); }
  SettingsRepository settings() { return SettingsRepository(session_); }
  SigningKeyRepository signing_keys() { return SigningKeyRepository(session_); }
  AuditLog audit() { return AuditLog(session_); }

  // Commits with this write or not at all: the event enters the chain right before the commit, and
  // when it cannot, the write is refused. REQUIRES: inside Database::write.
  void record(AuditEvent event) { outcome_->events.push_back(std::move(event)); }

  Session& session() { return session_; }

 private:
  Session& session_;
  Outcome* outcome_;
};

}  // namespace agentauth
