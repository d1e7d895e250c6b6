// What handlers that hand out credentials decide again, after the time that waiting and hashing
// took.
#pragma once

#include "api/audit_trail.h"
#include "api/exchange.h"
#include "api/idempotency.h"
#include "api/services.h"

namespace agentauth::api {

// RFC 6749 5.1: answers that hold a credential are stored nowhere.
void forbid_storing(ApiExchange& exchange);

// A token is an "allowed" too: not without news from the database. Errors: unavailable.
Result<void> require_fresh(const Services& services);

enum class Self : bool { like_others, permitted };

// What the dispatcher decided when the request arrived, once more.
Result<void> require_access(Services& services, const ApiExchange& exchange, Self self,
                            AgentId named);

// A new key, for the audit trail.
AuditTarget made(const ApiKey& key, const MintedKey& minted);

// That the caller may act at all, no more. Errors: unauthenticated, unavailable.
Result<void> require_acting(Services& services, const ApiExchange& exchange);

// Creating a credential for another agent is acting for it: the caller must hold what it holds.
Result<void> require_authority(Services& services, const ApiExchange& exchange, AgentId agent);

// What a write that was refused is answered with: when another request with this key was quicker,
// what that one made.
template <class T>
Result<void> refused(Services& services, const Idempotency& idempotency, const Result<T>& write) {
  if (write.error().code == Errc::conflict) TRY(idempotency.find(services));
  return tl::unexpected(write.error());
}

}  // namespace agentauth::api
