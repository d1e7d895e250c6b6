#include "api/access.h"

#include <algorithm>

namespace agentauth::api {
namespace {

// The directory may not have heard yet of a signing key that was withdrawn.
Result<void> require_standing_signature(Services& services, Transaction& tx,
                                        const ApiExchange& exchange) {
  const auto token = bearer(exchange.request.find("Authorization").value_or(""));
  const auto kid = TRY(services.tokens.stored_signing_kid(token.value_or("")));
  if (!kid) return {};
  const auto standing = TRY(tx.signing_keys().list());
  if (std::any_of(standing.begin(), standing.end(),
                  [&](const SealedSigningKey& key) { return key.kid == kid; }))
    return {};
  return failure(Errc::unauthenticated, "The access token is not valid", "its key was withdrawn");
}

}  // namespace

Result<void> decide_access(const Directory::View& view, const Operation& operation,
                           const Requirement& requirement, const Parties& parties) {
  const auto& [caller, named] = parties;
  if (operation.access == Access::any_agent) return {};
  const bool changes = operation.method != http::Method::get;
  const bool is_self = named != nullptr && named->id == caller.agent->id;
  if (operation.access == Access::permission_or_self && is_self &&
      !(changes && caller.is_narrowed()))
    return {};
  // Whatever is changed belongs to the agent that the path names. That there is no such agent is
  // for the handler to say.
  if (decide(caller, requirement).allowed() &&
      (!changes || named == nullptr || may_manage(view, caller, named)))
    return {};
  return failure(Errc::permission_denied, "Permission denied");
}

Result<CommittedParties> CommittedParties::read(Services& services, Transaction& tx,
                                                const Caller& caller,
                                                std::optional<AgentId> named) {
  TRY(tx.changes().lock());
  CommittedParties parties;
  parties.caller_ = caller;
  parties.acting_ = TRY(services.directory.read_agent(tx, caller.agent_id));
  TRY(tx.keys().each_state_of(caller.agent_id, [&](const KeyState& key) {
    if (key.kid == text_of(caller.key)) parties.key_ = key;
  }));
  // A login has no row until it is first refreshed or ended.
  const auto login = TRY(tx.token_families().find(caller.family));
  parties.login_stands_ = !login || !login->revoked_at;
  if (named) parties.named_ = TRY(services.directory.read_agent(tx, *named));
  return parties;
}

Result<Parties> CommittedParties::parties(const Directory::View& view, Timestamp now) const {
  if (!login_stands_)
    return failure(Errc::unauthenticated, "The access token is not valid", "login has ended");
  if (!key_ || !key_->usable_at(now))
    return failure(Errc::unauthenticated, "The access token is not valid", "key may not be used");
  const Actor actor = TRY(acting_as(view, acting_ ? &acting_->record : nullptr, caller_, now));
  return Parties{actor, named_ ? &named_->record : nullptr};
}

Result<void> decide_again(Services& services, Transaction& tx, ApiExchange& exchange) {
  if (!exchange.caller) return {};
  TRY(require_standing_signature(services, tx, exchange));
  const auto committed =
      TRY(CommittedParties::read(services, tx, *exchange.caller, TRY(exchange.named_agent())));
  const Operation& operation = *exchange.operation;
  const Directory::View view(services.directory);
  return decide_access(view, operation, view.names().find_requirement(operation.permission),
                       TRY(committed.parties(view, services.clock.now())));
}

}  // namespace agentauth::api
