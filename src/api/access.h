// Who may make a call: one rule, asked of the directory when a request arrives, and once more of
// the transaction that is about to change something.
#pragma once

#include <optional>
#include <utility>

#include "api/exchange.h"
#include "api/operations.h"
#include "api/services.h"
#include "authz/author.h"

namespace agentauth::api {

// Those whom a call concerns, as the directory or a transaction sees them.
struct Parties {
  Actor caller;  // who may act at all
  Actor named;   // the agent in the path; unknown: there is none, or it is gone
};

// What conditions are told of a call, beside what it is about. Views of the exchange.
Circumstances circumstances_of(const ApiExchange& exchange);

// Whether who calls may do something besides what it calls for, which shows it more. What is to be
// counted does not count.
bool holds(const Directory::View& view, const Actor& caller, const ApiExchange& exchange,
           std::string_view permission, Timestamp now);

Decision decide_access(const Directory::View& view, const Operation& operation,
                       const Question& question, const Parties& parties);
// Errors: permission_denied, when it does not allow.
Result<void> require_allowed(Reason reason);

// Waits until this node knows what `seen` was told of, which it may have been by another node.
// `field` says so. On a worker. Errors: invalid_argument, when the database does not know of it
// either; unavailable.
Result<void> catch_up_with(Directory& directory, Revision seen, std::string_view field);

// A transaction's own view of the parties, all of it read behind the change log's lock: nobody else
// changes any of it until the transaction ends.
class CommittedParties {
 public:
  // Of a call that has a caller. Errors: unauthenticated, when the credential it came with does not
  // stand any more, or the caller may not act any more; malformed_request.
  static Result<CommittedParties> read(Services& services, Transaction& tx, ApiExchange& exchange);

  Author& author() { return author_; }
  Parties parties() const { return {author_.actor(), named_}; }
  const Directory::View& view() const { return author_.view(); }
  Timestamp now() const { return author_.now(); }
  // Through which the caller acts.
  const ApiKey& own_key() const { return own_key_; }

 private:
  CommittedParties(Author author, const Actor& named, ApiKey own_key)
      : author_(std::move(author)), named_(named), own_key_(std::move(own_key)) {}

  Author author_;
  Actor named_;
  ApiKey own_key_;
};

// What a call was decided by; nothing for one that nobody known makes, which needs no decision.
using DecidedBy = std::optional<CommittedParties>;

// Decides again, by what the transaction commits on. Before anything else in the transaction: what
// was read before the lock may be gone behind it.
// Errors: unauthenticated, permission_denied, malformed_request.
Result<DecidedBy> decide_again(Services& services, Transaction& tx, ApiExchange& exchange);

}  // namespace agentauth::api
