#include "api/access.h"

#include <algorithm>

namespace agentauth::api {
namespace {

tl::unexpected<Error> ended(std::string_view why) {
  return failure(Errc::unauthenticated, "The access token is not valid", why);
}

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
  return ended("its key was withdrawn");
}

// A login has no row until it is first refreshed or ended.
Result<void> require_standing_login(Transaction& tx, FamilyId family) {
  const auto login = TRY(tx.token_families().find(family));
  if (login && login->revoked_at) return ended("login has ended");
  return {};
}

Result<ApiKey> find_own_key(Transaction& tx, const Caller& caller, Timestamp now) {
  auto key = tx.keys().find_by_kid(caller.agent_id, text_of(caller.key));
  if (key ? key->status(now) != KeyStatus::active : key.error().code == Errc::not_found)
    return ended("key may not be used");
  return key;
}

}  // namespace

Circumstances circumstances_of(const ApiExchange& exchange) {
  return {.address = &exchange.client_address(),
          .method = http::to_string(exchange.request.method)};
}

Result<void> require_allowed(Reason reason) {
  if (reason == Reason::granted) return {};
  return failure(Errc::permission_denied, "Permission denied", to_string(reason));
}

Decision decide_access(const Directory::View& view, const Operation& operation,
                       const Question& question, const Parties& parties) {
  const auto& [caller, named] = parties;
  if (operation.access == Access::any_agent) return Decision{Reason::granted};
  const bool changes = changes_something(operation);
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
                                                ApiExchange& exchange) {
  const Caller& caller = *exchange.caller;
  const auto named = TRY(exchange.named_agent());
  TRY(tx.changes().lock());
  TRY(require_standing_signature(services, tx, exchange));
  TRY(require_standing_login(tx, caller.family));
  CommittedParties parties(caller, named, TRY(find_own_key(tx, caller, services.clock.now())));
  parties.acting_ = TRY(services.directory.read_agent(tx, caller.agent_id));
  if (named && *named != caller.agent_id)
    parties.named_ = TRY(services.directory.read_agent(tx, *named));
  return parties;
}

Result<Parties> CommittedParties::parties(const Directory::View& view, Timestamp now) const {
  const auto actor_of = [](const std::optional<Directory::Committed>& agent) {
    return agent ? Actor(*agent) : Actor();
  };
  const Actor caller = TRY(acting_as(view, actor_of(acting_), caller_, now));
  return Parties{caller, actor_of(named_id_ == caller_.agent_id ? acting_ : named_)};
}

Result<DecidedBy> decide_again(Services& services, Transaction& tx, ApiExchange& exchange) {
  if (!exchange.caller) return DecidedBy();
  CommittedParties committed = TRY(CommittedParties::read(services, tx, exchange));
  const Operation& operation = *exchange.operation;
  const Directory::View view(services.directory);
  Question question = question_of(view, operation.permission, services.clock.now());
  question.circumstances = circumstances_of(exchange);
  const Parties parties = TRY(committed.parties(view, question.now));
  TRY(require_allowed(decide_access(view, operation, question, parties).reason));
  return DecidedBy(std::move(committed));
}

}  // namespace agentauth::api
