// A new key in an old one's place: by who may manage the agent's keys, or by the key itself.
#include "api/authority.h"
#include "api/handlers.h"
#include "api/idempotency.h"

namespace agentauth::api {
namespace {

// `require` is asked in the transaction.
template <class Require>
Result<void> rotate(Services& services, ApiExchange& exchange, const RotateKey& request,
                    Require require) {
  const Idempotency idempotency = TRY(Idempotency::of(exchange));
  TRY(idempotency.find(services));  // the answer held a key, so a repeat is an error
  TRY(services.database.read(
      [&](Transaction& tx) { return services.keys.require_rotatable(tx, request); }));
  const MintedKey minted = TRY(services.keys.mint());
  const auto work = [&](Transaction& tx, AuditTarget& target) -> Result<ApiKey> {
    TRY(require(tx));
    const ApiKey stored = TRY(services.keys.rotate(tx, minted, request));
    TRY(require_time_for(tx, exchange, stored, request.key_id));
    TRY(idempotency.keep(services, tx,
                         {stored.agent_id.to_string(), stored.key_id.to_string(), 201, ""}));
    target = made(stored, minted);
    return stored;
  };
  const auto key = write_audited(services, exchange, work);
  if (!key) return refused(services, idempotency, key);
  forbid_storing(exchange);
  exchange.answer(exchange.operation->status,
                  CreatedApiKey::of(*key, minted, services.clock.now()));
  return {};
}

}  // namespace

Result<void> rotate_key(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<RotateKey>());
  TRY(require_authority(services, exchange, request.agent_id));
  return rotate(services, exchange, request, [&](Transaction& tx) {
    return require_authority(services, tx, exchange, request.agent_id);
  });
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
                [](Transaction&) { return Result<void>(); });
}

}  // namespace agentauth::api
