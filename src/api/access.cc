#include "api/access.h"

#include <algorithm>

namespace agentauth::api {
namespace {

// The directory may not have heard yet of a signing key that was withdrawn.
Result<void> require_standing_signature(Services& services, Transaction& tx,
                                        const ApiExchange& exchange) {
  const auto token = bearer(exchange.request.find("Authorization").value_or(""));
  const std::string kid = TRY(services.tokens.signing_kid(token.value_or("")));
  if (kid == configured_signing_kid) return {};
  const auto standing = TRY(tx.signing_keys().list());
  if (std::any_of(standing.begin(), standing.end(),
                  [&](const SealedSigningKey& key) { return key.kid == kid; }))
    return {};
  return failure(Errc::unauthenticated, "The access token is not valid", "its key was withdrawn");
}

}  // namespace

Circumstances circumstances_of(const ApiExchange& exchange) {
  return {.address = &exchange.client_address(),
          .method = http::to_string(exchange.request.method),
          .path = exchange.request.path};
}

Result<void> require_allowed(Reason reason) {
  if (reason == Reason::granted) return {};
  return failure(Errc::permission_denied, "Permission denied", to_string(reason));
}

Decision decide_access(const Directory::View& view, const Operation& operation,
                       const Question& question, const Parties& parties) {
  const auto& [caller, named] = parties;
  if (operation.access == Access::any_agent) return Decision{Reason::granted};
  const bool changes = operation.method != http::Method::get;
  const bool is_self = named.agent != nullptr && named.agent->id == caller.agent->id;
  if (operation.access == Access::permission_or_self && is_self &&
      !(changes && caller.is_narrowed()))
    return Decision{Reason::granted};
  // Whatever is changed belongs to the agent that the path names. That there is no such agent is
  // for the handler to say.
  Decision decision = decide(view, caller, question);
  if (decision.allowed() && changes && named.agent != nullptr &&
      !may_manage(view, caller, named, question.now))
    decision.reason = Reason::not_granted;
  return decision;
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
  const Actor actor = TRY(acting_as(view, acting_ ? Actor(*acting_) : Actor(), caller_, now));
  return Parties{actor, named_ ? Actor(*named_) : Actor()};
}

Result<void> decide_again(Services& services, Transaction& tx, ApiExchange& exchange) {
  if (!exchange.caller) return {};
  TRY(require_standing_signature(services, tx, exchange));
  const auto committed =
      TRY(CommittedParties::read(services, tx, *exchange.caller, TRY(exchange.named_agent())));
  const Operation& operation = *exchange.operation;
  const Directory::View view(services.directory);
  Question question = question_of(view, operation.permission, services.clock.now());
  question.circumstances = circumstances_of(exchange);
  const Parties parties = TRY(committed.parties(view, question.now));
  return require_allowed(decide_access(view, operation, question, parties).reason);
}

}  // namespace agentauth::api
