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

bool holds(const Directory::View& view, const Actor& caller, const ApiExchange& exchange,
           std::string_view permission, Timestamp now) {
  Question question = question_of(view, permission, now);
  question.circumstances = circumstances_of(exchange);
  const Decision decision = decide(view, caller, question);
  return decision.allowed() && !decision.is_to_be_spent();
}

Result<void> require_allowed(Reason reason) {
  if (reason == Reason::granted) return {};
  return failure(Errc::permission_denied, "Permission denied", to_string(reason));
}

Result<void> catch_up_with(Directory& directory, Revision seen, std::string_view field) {
  if (seen <= directory.revision()) return {};
  TRY(directory.catch_up());
  if (seen <= directory.revision()) return {};
  return tl::unexpected(Error{.code = Errc::invalid_argument,
                              .message = "One or more fields are invalid",
                              .fields = {{std::string(field), "is later than the last change"}}});
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
  const Timestamp now = services.clock.now();
  Author author = TRY(Author::read(services.directory, tx, caller, now));
  TRY(require_standing_signature(services, tx, exchange));
  TRY(require_standing_login(tx, caller.family));
  ApiKey own_key = TRY(find_own_key(tx, caller, now));
  const Actor other = named ? TRY(author.find(tx, *named)) : Actor();
  return CommittedParties(std::move(author), other, std::move(own_key));
}

Result<DecidedBy> decide_again(Services& services, Transaction& tx, ApiExchange& exchange) {
  if (!exchange.caller) return DecidedBy();
  CommittedParties committed = TRY(CommittedParties::read(services, tx, exchange));
  const Operation& operation = *exchange.operation;
  Question question = question_of(committed.view(), operation.permission, committed.now());
  question.circumstances = circumstances_of(exchange);
  const Decision decision =
      decide_access(committed.view(), operation, question, committed.parties());
  TRY(require_allowed(decision.reason));
  return DecidedBy(std::move(committed));
}

}  // namespace agentauth::api
