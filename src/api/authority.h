// What handlers that hand out credentials ask beyond the decision on the call.
#pragma once

#include "api/access.h"
#include "api/audit_trail.h"
#include "api/exchange.h"
#include "api/idempotency.h"
#include "api/services.h"

namespace agentauth::api {

// RFC 6749 5.1: answers that hold a credential are stored nowhere.
void forbid_storing(ApiExchange& exchange);

// A token is an "allowed" too: not without news from the database. Errors: unavailable.
Result<void> require_fresh(const Services& services);

// The caller and another agent, as the directory knows them. Errors: unauthenticated, unavailable.
Result<Parties> find_parties(Services& services, const Directory::View& view,
                             const ApiExchange& exchange, AgentId named);

// Creating a credential for another agent is acting for it: the caller must hold what it holds.
// Errors: permission_denied; not_found when there is no such agent.
Result<void> require_authority(const Directory::View& view, const Actor& caller, const Actor& agent,
                               Timestamp now);
Result<void> require_authority(Services& services, const ApiExchange& exchange, AgentId agent);
// The same by what the transaction sees, of the agent in the path.
Result<void> require_authority(const CommittedParties& committed);

// A key passes on no more than it is worth: no time beyond its end, none at all once it was
// rotated, and no networks but its own. Through other keys it would outlive or leave them; so what
// it makes is not renewed beyond its end either. `made` is new in this transaction; it may be in
// the caller's own place, and then lives as long as that was made for. Errors: permission_denied.
Result<void> keep_within(const ApiKey& own, Transaction& tx, const ApiKey& made,
                         std::optional<KeyId> in_place_of = {});

// Of a call whose answer holds a key, which is not kept: a repeat is an error.
// Errors: malformed_request, idempotency_key_reused, already_created.
Result<Idempotency> refuse_repeated(Services& services, const ApiExchange& exchange,
                                    std::string_view owner = "");

// What a write that was refused is answered with: when another request with this key was quicker,
// what that one made.
template <class T>
Result<void> refused(Services& services, const Idempotency& idempotency, const Result<T>& write) {
  if (write.error().code == Errc::conflict) TRY(idempotency.find(services));
  return tl::unexpected(write.error());
}

}  // namespace agentauth::api
