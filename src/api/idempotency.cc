#include "api/idempotency.h"

#include <algorithm>

#include "api/exchange.h"
#include "api/operations.h"

namespace agentauth::api {
namespace {

constexpr std::string_view header = "Idempotency-Key";
constexpr std::chrono::hours lifetime{24};
constexpr std::size_t key_characters_max = 255;
constexpr std::int64_t swept_a_time = 16;

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

// Whose key it is belongs to its name: no agent meets the answers of another. Who registers without
// being an agent yet is told apart by the address and the owner, so that a stranger's "1" is not
// everybody's. Who repeats both, the key and the body learns the agent's id, which opens nothing,
// and never its key.
std::string owner_of_key(const ApiExchange& exchange, std::string_view owner) {
  if (exchange.caller) return exchange.caller->agent_id.to_string();
  return format_ip_address(address_limit_identity(exchange.client_address())) + ' ' +
         owner_identity(owner);
}

}  // namespace

Result<Idempotency> Idempotency::of(const ApiExchange& exchange, std::string_view owner) {
  Idempotency idempotency;
  const auto key = exchange.request.find(header);
  if (!key) return idempotency;
  const bool fits = !key->empty() && key->size() <= key_characters_max && is_visible_ascii(*key) &&
                    exchange.request.count(header) == 1;
  if (!fits)
    return failure(Errc::malformed_request,
                   "Idempotency-Key must be one header of 1 to 255 visible ASCII characters");
  std::string scope = owner_of_key(exchange, owner);
  scope += '\n';
  scope += exchange.operation->name;
  scope += '\n';
  scope += *key;
  idempotency.scope_ = hex_encode(sha256(scope));
  std::string request(exchange.request.path);
  request += '\n';
  request += exchange.request.body;
  const Sha256 hash = sha256(request);
  idempotency.request_hash_.assign(hash.begin(), hash.end());
  return idempotency;
}

Result<std::optional<IdempotentAnswer>> Idempotency::find(Services& services) const {
  if (scope_.empty()) return std::nullopt;
  auto earlier = TRY(services.database.read([&](Transaction& tx) {
    return tx.idempotency().find(scope_, services.clock.now() - lifetime);
  }));
  if (!earlier) return std::nullopt;
  if (earlier->request_hash != request_hash_)
    return failure(Errc::idempotency_key_reused,
                   "The Idempotency-Key was used before with another request");
  if (!earlier->body.empty()) return earlier;
  Error error{Errc::already_created,
              "Created before under this Idempotency-Key; its secret is not shown again"};
  error.extra.emplace_back("agent_id", earlier->agent_id);
  if (!earlier->key_id.empty()) error.extra.emplace_back("key_id", earlier->key_id);
  return tl::unexpected(std::move(error));
}

Result<void> Idempotency::keep(Services& services, Transaction& tx, const Created& created) const {
  if (scope_.empty()) return {};
  const Timestamp now = services.clock.now();
  TRY(tx.idempotency().sweep(now - lifetime, swept_a_time));
  return tx.idempotency().insert(
      scope_, {request_hash_, created.status, created.body, created.agent_id, created.key_id}, now,
      now - lifetime);
}

}  // namespace agentauth::api
