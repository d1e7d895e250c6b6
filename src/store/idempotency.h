// Answers kept for 24 hours under the caller's Idempotency-Key (CONTRACT section 3).
#pragma once

#include <optional>
#include <string>

#include "base/encoding.h"
#include "store/session.h"

namespace agentauth {

struct IdempotentAnswer {
  Bytes request_hash;  // SHA-256 of what was asked
  int status = 0;
  std::string body;  // empty where the answer held a secret: that is not kept
  std::string agent_id;
  std::string key_id;  // empty when no key was made
};

class IdempotencyRepository {
 public:
  explicit IdempotencyRepository(Session& session) : session_(session) {}

  // `scope` is a hash of caller, route and the caller's key.
  Result<std::optional<IdempotentAnswer>> find(const std::string& scope, Timestamp not_before);
  // Replaces an answer that is older than `not_before`. Errors: conflict when a younger one is
  // there: somebody else was first.
  Result<void> insert(const std::string& scope, const IdempotentAnswer& answer, Timestamp now,
                      Timestamp not_before);
  // Forgets at most `limit` answers older than that.
  Result<void> sweep(Timestamp not_before, std::int64_t limit);

 private:
  Session& session_;
};

}  // namespace agentauth
