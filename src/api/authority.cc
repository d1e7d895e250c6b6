#include "api/authority.h"

#include "api/operations.h"

namespace agentauth::api {

void forbid_storing(ApiExchange& exchange) {
  exchange.response.add_header("Cache-Control", "no-store");
}

Result<void> require_fresh(const Services& services) {
  if (services.directory.is_fresh(std::chrono::steady_clock::now())) return {};
  return failure(Errc::unavailable, "The database has not been reachable for too long");
}

Result<void> require_access(Services& services, const ApiExchange& exchange, Self self,
                            AgentId named) {
  TRY(require_fresh(services));
  const Directory::View view(services.directory);
  const Actor caller = TRY(find_acting(view, *exchange.caller, services.clock.now()));
  if (self == Self::permitted && caller.agent->id == named && !caller.is_narrowed()) return {};
  if (decide(caller, view.names().find_requirement(exchange.operation->permission)).allowed())
    return {};
  return failure(Errc::permission_denied, "Permission denied");
}

Result<void> require_acting(Services& services, const ApiExchange& exchange) {
  TRY(require_fresh(services));
  const Directory::View view(services.directory);
  TRY(find_acting(view, *exchange.caller, services.clock.now()));
  return {};
}

Result<void> require_authority(Services& services, const ApiExchange& exchange, AgentId agent) {
  TRY(require_access(services, exchange, Self::permitted, agent));
  const Directory::View view(services.directory);
  const AgentRecord* other = view.find_agent(agent);
  if (other == nullptr) return failure(Errc::not_found, "No such agent");
  const Actor caller = TRY(find_acting(view, *exchange.caller, services.clock.now()));
  if (!covers(view, caller, other))
    return failure(Errc::permission_denied, "Permission denied",
                   "the caller does not hold everything the agent holds");
  return {};
}

AuditTarget made(const ApiKey& key, const MintedKey& minted) {
  return {AuditTargetType::key, AuditText::of_id(key.key_id), key.agent_id,
          AuditText::of_kid(minted.kid)};
}

}  // namespace agentauth::api
