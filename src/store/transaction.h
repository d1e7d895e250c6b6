// What a service sees inside Database::read, snapshot or write: a repository for each noun.
#pragma once

#include "store/agents.h"
#include "store/api_keys.h"
#include "store/change_log.h"
#include "store/idempotency.h"
#include "store/permissions.h"
#include "store/session.h"
#include "store/settings.h"

namespace agentauth {

class Transaction {
 public:
  explicit Transaction(Session& session) : session_(session) {}

  AgentRepository agents() { return AgentRepository(session_); }
  ApiKeyRepository keys() { return ApiKeyRepository(session_); }
  PermissionRepository permissions() { return PermissionRepository(session_); }
  ChangeLog changes() { return ChangeLog(session_); }
  IdempotencyRepository idempotency() { return IdempotencyRepository(session_); }
  SettingsRepository settings() { return SettingsRepository(session_); }

  Session& session() { return session_; }

 private:
  Session& session_;
};

}  // namespace agentauth
