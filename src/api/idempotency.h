// Idempotency-Key on requests that create something (CONTRACT section 3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/services.h"

namespace agentauth::api {

class ApiExchange;

// One request's key, if it brought one: look for an earlier answer before the work, keep the answer
// in the work's own transaction.
class Idempotency {
 public:
  // `owner` is the e-mail address that a registration names; callers need none. Errors:
  // malformed_request (not 1 to 255 visible ASCII characters, or sent twice).
  static Result<Idempotency> of(const ApiExchange& exchange, std::string_view owner = "");

  // The earlier answer to the same request, if there is one.
  // Errors: idempotency_key_reused; already_created, when the answer held a secret.
  Result<std::optional<IdempotentAnswer>> find(Services& services) const;

  // Errors: conflict, when another request with this key was quicker; everything is undone then,
  // and find() knows its answer.
  struct Created {
    std::string agent_id;
    std::string key_id;
    int status = 0;
    std::string body;  // empty when it held a secret
  };
  Result<void> keep(Services& services, Transaction& tx, const Created& created) const;

 private:
  std::string scope_;  // empty: no key was sent
  Bytes request_hash_;
};

}  // namespace agentauth::api
