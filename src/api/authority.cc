#include "api/authority.h"

#include <algorithm>

#include "api/operations.h"

namespace agentauth::api {
namespace {

bool lies_within(const std::string& range, const std::vector<std::string>& ranges) {
  const auto inner = Network::parse_exact(range);
  return inner && std::any_of(ranges.begin(), ranges.end(), [&](const std::string& text) {
           const auto outer = Network::parse_exact(text);
           return outer && outer->contains(*inner);
         });
}

bool works_outside(const ApiKey& made, const std::vector<std::string>& networks) {
  const auto& wanted = made.constraints.allowed_cidrs;
  return !wanted || !std::all_of(wanted->begin(), wanted->end(), [&](const std::string& range) {
    return lies_within(range, networks);
  });
}

}  // namespace

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
  return Parties{caller, Actor(view.find_agent(named))};
}

Result<void> require_authority(const Directory::View& view, const Actor& caller, const Actor& agent,
                               Timestamp now) {
  if (agent.agent == nullptr) return failure(Errc::not_found, "No such agent");
  if (!covers(view, caller, agent, now))
    return failure(Errc::permission_denied, "Permission denied",
                   "the caller does not hold everything the agent holds");
  return {};
}

Result<void> require_authority(Services& services, const ApiExchange& exchange, AgentId agent) {
  const Directory::View view(services.directory);
  const Parties parties = TRY(find_parties(services, view, exchange, agent));
  return require_authority(view, parties.caller, parties.named, services.clock.now());
}

Result<void> require_authority(const CommittedParties& committed) {
  const Parties parties = committed.parties();
  return require_authority(committed.view(), parties.caller, parties.named, committed.now());
}

Result<void> keep_within(const ApiKey& own, Transaction& tx, const ApiKey& made,
                         std::optional<KeyId> in_place_of) {
  if (const auto& networks = own.constraints.allowed_cidrs;
      networks && works_outside(made, *networks))
    return failure(Errc::permission_denied,
                   "A key that is bound to networks makes none that works outside them");
  if (!own.expires_at || in_place_of == own.key_id) return {};
  if (TRY(tx.keys().was_rotated(own.agent_id, own.key_id)))
    return failure(
        Errc::permission_denied,
        "The key you logged in with was rotated and makes none any more: log in with the "
        "key that replaced it");
  if (!made.expires_at || *made.expires_at > *own.expires_at)
    return failure(
        Errc::permission_denied,
        "The key you logged in with ends before the new one would: say an earlier end, or "
        "log in with a key without one");
  return tx.keys().limit_renewal(made.agent_id, made.key_id, *own.expires_at);
}

Result<Idempotency> refuse_repeated(Services& services, const ApiExchange& exchange,
                                    std::string_view owner) {
  Idempotency idempotency = TRY(Idempotency::of(exchange, owner));
  TRY(idempotency.find(services));
  return idempotency;
}

}  // namespace agentauth::api
