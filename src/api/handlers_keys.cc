// New keys, by who may manage the agent's keys or by the key in hand: beside the others, or in an
// old one's place.
#include "api/authority.h"
#include "api/handlers.h"
#include "base/function_ref.h"

namespace agentauth::api {
namespace {

// A key that is narrowed to some permissions is worth those alone: the agent must hold each, and
// the caller must be able to give each. A whole one is worth all the agent holds.
Result<void> require_key_authority(const Directory::View& view, const Parties& parties,
                                   const CreateKey& request, Timestamp now) {
  const auto& [caller, agent] = parties;
  if (agent.agent == nullptr) return failure(Errc::not_found, "No such agent");
  if (!request.permissions) return require_authority(view, caller, agent, now);
  for (const std::string& permission : *request.permissions) {
    const bool own = caller.agent->id == agent.agent->id && !caller.is_narrowed();
    if (!own && !may_grant(view, caller, {permission}, now))
      return failure(Errc::permission_denied, "Permission denied",
                     "the caller does not hold what the key would be narrowed to");
    if (!holds_some(view, agent, permission, now))
      return tl::unexpected(
          Error{.code = Errc::invalid_argument,
                .message = "A field is missing or invalid",
                .fields = {{"permissions", "names what the agent does not hold"}}});
  }
  return {};
}

// By what the directory knows: who would be refused in the end costs no bcrypt.
Result<void> require_key_authority(Services& services, const ApiExchange& exchange,
                                   const CreateKey& request) {
  const Directory::View view(services.directory);
  return require_key_authority(view, TRY(find_parties(services, view, exchange, request.agent_id)),
                               request, services.clock.now());
}

// By what the transaction sees.
Result<void> require_key_authority(const CommittedParties& committed, const CreateKey& request) {
  return require_key_authority(committed.view(), committed.parties(), request, committed.now());
}

// Mints a key and answers with it, once. `store` is called in the transaction: it asks whether the
// caller may, by what that sees.
using StoreKey =
    FunctionRef<Result<ApiKey>(Transaction&, const CommittedParties&, const MintedKey&)>;
Result<void> answer_with_new_key(Services& services, ApiExchange& exchange,
                                 const Idempotency& idempotency, StoreKey store) {
  const MintedKey minted = TRY(services.keys.mint());
  const auto work = [&](Transaction& tx, AuditTarget& target,
                        const DecidedBy& committed) -> Result<ApiKey> {
    const ApiKey stored = TRY(store(tx, *committed, minted));
    TRY(idempotency.keep(services, tx,
                         {stored.agent_id.to_string(), stored.key_id.to_string(), 201, ""}));
    target = {AuditTargetType::key, AuditText::of_id(stored.key_id), stored.agent_id,
              AuditText::of_kid(minted.kid)};
    return stored;
  };
  const auto key = write_audited(services, exchange, work);
  if (!key) return refused(services, idempotency, key);
  forbid_storing(exchange);
  exchange.answer(exchange.operation->status,
                  CreatedApiKey{KeyDescription::of(*key, services.clock.now()), key->agent_id,
                                std::string(minted.text.reveal())});
  return {};
}

// `require` is asked in the transaction.
using Require = FunctionRef<Result<void>(const CommittedParties&)>;
Result<void> rotate(Services& services, ApiExchange& exchange, const RotateKey& request,
                    Require require) {
  const Idempotency idempotency = TRY(refuse_repeated(services, exchange));
  TRY(services.database.read(
      [&](Transaction& tx) { return services.keys.require_rotatable(tx, request); }));
  const auto store = [&](Transaction& tx, const CommittedParties& committed,
                         const MintedKey& minted) -> Result<ApiKey> {
    TRY(require(committed));
    const ApiKey stored = TRY(services.keys.rotate(tx, minted, request));
    TRY(keep_within(committed.own_key(), tx, stored, request.key_id));
    return stored;
  };
  return answer_with_new_key(services, exchange, idempotency, store);
}

}  // namespace

Result<void> create_key(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<CreateKey>());
  TRY(require_key_authority(services, exchange, request));
  const Idempotency idempotency = TRY(refuse_repeated(services, exchange));
  const auto store = [&](Transaction& tx, const CommittedParties& committed,
                         const MintedKey& minted) -> Result<ApiKey> {
    TRY(require_key_authority(committed, request));
    const ApiKey stored = TRY(services.keys.store(tx, minted, request));
    TRY(keep_within(committed.own_key(), tx, stored));
    return stored;
  };
  return answer_with_new_key(services, exchange, idempotency, store);
}

Result<void> rotate_key(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<RotateKey>());
  TRY(require_authority(services, exchange, request.agent_id));
  return rotate(services, exchange, request,
                [&](const CommittedParties& committed) { return require_authority(committed); });
}

// No permission: who has the key in hand gets nothing that the key did not open already. A key with
// an end renews itself so, for as long as it was made for, and once.
Result<void> rotate_own_key(Services& services, ApiExchange& exchange) {
  const auto input = TRY(exchange.decode_input<RotateOwnKey>());
  const Caller caller = *exchange.caller;
  const ApiKey own = TRY(services.database.read([&](Transaction& tx) {
    return tx.keys().find_by_kid(caller.agent_id, text_of(caller.key));
  }));
  return rotate(services, exchange, {caller.agent_id, own.key_id, input.overlap_seconds},
                [](const CommittedParties&) { return Result<void>(); });
}

}  // namespace agentauth::api
