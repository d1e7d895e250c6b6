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

Result<Parties> find_parties(Services& services, const Directory::View& view,
                             const ApiExchange& exchange, AgentId named) {
  TRY(require_fresh(services));
  const Actor caller = TRY(find_acting(view, *exchange.caller, services.clock.now()));
  return Parties{caller, view.find_agent(named)};
}

Result<void> require_authority(const Directory::View& view, const Actor& caller,
                               const AgentRecord* agent) {
  if (agent == nullptr) return failure(Errc::not_found, "No such agent");
  if (!covers(view, caller, agent))
    return failure(Errc::permission_denied, "Permission denied",
                   "the caller does not hold everything the agent holds");
  return {};
}

Result<void> require_authority(Services& services, const ApiExchange& exchange, AgentId agent) {
  const Directory::View view(services.directory);
  const Parties parties = TRY(find_parties(services, view, exchange, agent));
  return require_authority(view, parties.caller, parties.named);
}

Result<void> require_authority(Services& services, Transaction& tx, const ApiExchange& exchange,
                               AgentId agent) {
  const auto committed = TRY(CommittedParties::read(services, tx, *exchange.caller, agent));
  const Directory::View view(services.directory);
  const Parties parties = TRY(committed.parties(view, services.clock.now()));
  return require_authority(view, parties.caller, parties.named);
}

Result<Idempotency> refuse_repeated(Services& services, const ApiExchange& exchange,
                                    std::string_view owner) {
  Idempotency idempotency = TRY(Idempotency::of(exchange, owner));
  TRY(idempotency.find(services));
  return idempotency;
}

}  // namespace agentauth::api
