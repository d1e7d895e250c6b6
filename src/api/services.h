// What the operations stand on. Wired once, in app; nothing here owns anything.
#pragma once

#include <atomic>
#include <string>
#include <type_traits>
#include <vector>

#include "api/cursor.h"
#include "api/metrics.h"
#include "audit/audit_service.h"
#include "audit/keeper.h"
#include "audit/recorder.h"
#include "authz/entity_service.h"
#include "authz/grant_uses.h"
#include "authz/permission_service.h"
#include "authz/role_service.h"
#include "base/log.h"
#include "base/network.h"
#include "crypto/secret.h"
#include "gateway/route_service.h"
#include "identity/agent_service.h"
#include "keys/key_service.h"
#include "limits/limit_service.h"
#include "model/registration.h"
#include "tokens/refresh_service.h"
#include "tokens/token_service.h"

namespace agentauth::api {

struct Settings {
  Registration registration = Registration::open;
  Secret registration_token;
  std::string version;
  std::vector<Network> trusted_proxies{};  // whose X-Forwarded-For is believed
  AuditText node;                          // of the audit trail
  std::string base_url{};  // where this server is reached; empty: where a request says it was sent
  bool serves_tls = false;
};

struct Services {
  Database& database;
  Directory& directory;
  AgentService& agents;
  KeyService& keys;
  TokenService& tokens;
  RefreshService& refresh_tokens;
  PermissionService& permissions;
  RoleService& roles;
  EntityService& entities;
  GrantUses& grant_uses;
  LimitService& limits;
  Limiter& limiter;
  GatewayRouteService& gateway_routes;
  const CursorCodec& cursors;
  WriteQueue& write_queue;
  audit::Recorder& recorder;
  audit::AuditService& audit;
  const audit::Keeper& keeper;
  Metrics& metrics;
  const Clock& clock;
  Random& random;
  Log& log;
  const Settings& settings;
  std::atomic<bool> is_applying{false};  // a policy: one at a time, others would wait for it

  // The service of that type, for bindings.
  template <class Service>
  Service& get() {
    if constexpr (std::is_same_v<Service, AgentService>) {
      return agents;
    } else if constexpr (std::is_same_v<Service, KeyService>) {
      return keys;
    } else if constexpr (std::is_same_v<Service, audit::AuditService>) {
      return audit;
    } else if constexpr (std::is_same_v<Service, LimitService>) {
      return limits;
    } else if constexpr (std::is_same_v<Service, RoleService>) {
      return roles;
    } else if constexpr (std::is_same_v<Service, EntityService>) {
      return entities;
    } else if constexpr (std::is_same_v<Service, GatewayRouteService>) {
      return gateway_routes;
    } else {
      static_assert(std::is_same_v<Service, PermissionService>);
      return permissions;
    }
  }
};

}  // namespace agentauth::api
