// Who may make a call: one rule, asked of the directory when a request arrives, and once more of
// the transaction that is about to change something.
#pragma once

#include <optional>

#include "api/exchange.h"
#include "api/operations.h"
#include "api/services.h"
#include "authz/authority.h"

namespace agentauth::api {

// Those whom a call concerns, as the directory or a transaction sees them.
struct Parties {
  Actor caller;  // who may act at all
  Actor named;   // the agent in the path; unknown: there is none, or it is gone
};

// What conditions are told of a call, beside what it is about. Views of the exchange.
Circumstances circumstances_of(const ApiExchange& exchange);

Decision decide_access(const Directory::View& view, const Operation& operation,
                       const Question& question, const Parties& parties);
// Errors: permission_denied, when it does not allow.
Result<void> require_allowed(Reason reason);

// A transaction's own view of the parties. From its reading on nobody else changes anything until
// the transaction ends.
class CommittedParties {
 public:
  static Result<CommittedParties> read(Services& services, Transaction& tx, const Caller& caller,
                                       std::optional<AgentId> named);

  // Errors: unauthenticated, when the caller may not act any more.
  Result<Parties> parties(const Directory::View& view, Timestamp now) const;

 private:
  Caller caller_;
  std::optional<Directory::Committed> acting_;
  std::optional<Directory::Committed> named_;
  bool login_stands_ = true;
  std::optional<KeyState> key_;
};

// Decides again, by what the transaction commits on. A call without a caller needs no decision.
// Errors: unauthenticated, permission_denied, malformed_request.
Result<void> decide_again(Services& services, Transaction& tx, ApiExchange& exchange);

}  // namespace agentauth::api
