// The table of operations. Dispatch, the permission check, validation, OpenAPI, the reference and
// the tests of "every route" read it; there is no second list. Start here.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/exchange.h"
#include "api/services.h"
#include "base/fields.h"
#include "http/large_bodies.h"
#include "http/message.h"
#include "model/audit_event.h"

namespace agentauth::api {

// Who may call.
enum class Access : std::uint8_t {
  anonymous,
  registrant,          // decided by `registration` (CONTRACT section 4)
  any_agent,           // whoever has a valid token
  permission,          // who holds `permission`
  permission_or_self,  // or is the agent that {id} names
  gateway,             // a gateway, for somebody else; see handlers_gateway.cc
  // Or asks about itself: whom the body is about is for the handler to read, and to refuse whoever
  // holds no permission (ApiExchange::holds_permission) and asks about others.
  permission_or_about_self,
};

// Where the handler runs.
enum class Runs : std::uint8_t {
  inline_,           // pure and in memory, microseconds: on the connection's core
  inline_but_write,  // inline, but for a small write that the write queue makes (AwaitedWrite)
  on_worker,         // may touch the database
  on_hasher,         // may compute bcrypt
  hasher_if_new,     // inline when memory suffices, else on_hasher; see Operation::attempt
  worker_if_needed,  // inline when memory suffices, else on_worker
};

using Handler = Result<void> (*)(Services&, ApiExchange&);
// Answers from memory and returns true, or leaves it to a pool: names the work for the hashing one.
using Attempt = Result<bool> (*)(Services&, ApiExchange&, http::ShareName&);
using FieldList = std::span<const Field> (*)();

// A handler with the shapes it reads and writes; see bind.h.
struct Binding {
  Handler handle = nullptr;
  FieldList request = nullptr;
  FieldList response = nullptr;  // nullptr: no JSON body
  bool is_page = false;          // response describes one item of {"items", "next_cursor"}
  Attempt attempt = nullptr;
  // What the audit trail calls it. AuditAction::request: it changes nothing.
  AuditAction audit = AuditAction::request;
  // The body is AuthZEN's: members that nobody knows are ignored, and one that is no JSON of its
  // form is a 400, of another content type too. The handler reads it itself.
  bool takes_authzen = false;
};

struct Operation {
  http::Method method;
  std::string_view path;
  std::string_view name;  // OpenAPI operationId, metrics label
  std::string_view summary;
  Access access;
  std::string_view permission;  // for Access::permission and permission_or_self
  Runs runs;
  int status;  // of success
  Binding binding;
  bool creates = false;    // takes an Idempotency-Key
  int status_already = 0;  // of success when it was so already and nothing was created; 0: never
  bool only_verdicts = false;  // answers 200, 401 and 403 alone: nginx makes a 500 of all else
  std::size_t body_bytes_max = http::body_bytes_max;
  bool follows_log = false;  // answers 410 when what followed the caller's place is not all kept
};

std::span<const Operation> operations();
// Those whose body may be larger than others.
std::vector<http::LargeBodyRule> large_bodies();
// Its place in operations().
std::size_t index_of(const Operation& operation);

// A read that decides by the directory waits, if need be, until it knows the revision that the
// caller has seen: X-AgentAuth-Revision of a write, on whatever node.
inline constexpr FieldRule min_revision_field{
    .name = "min_revision",
    .min = 0,
    .max = std::numeric_limits<Revision>::max(),
    .place = Place::query,
    .example = "42",
    .about = "Answer as of this revision or a later one; see X-AgentAuth-Revision"};
struct AsOf {
  std::optional<Revision> min_revision;
  static constexpr auto fields() {
    return std::array{field<&AsOf::min_revision>(min_revision_field)};
  }
};
// What changes something has a name in the audit trail; a question that is POSTed has none.
inline bool changes_something(const Operation& operation) {
  return operation.method != http::Method::get && operation.binding.audit != AuditAction::request;
}
// Whether it moves the revision: a login, which runs where it need not wait, does not.
inline bool is_write(const Operation& operation) {
  return changes_something(operation) && operation.runs != Runs::hasher_if_new;
}
inline bool takes_min_revision(const Operation& operation) {
  return !changes_something(operation) && operation.access != Access::anonymous &&
         operation.access != Access::gateway;
}

// What the operation is about, as documentation groups it.
std::string_view noun_of(const Operation& operation);
// Whether a field of the request is in the body.
bool takes_body(const Operation& operation);
// Whether the answer holds an API key, which is shown once: an Idempotency-Key cannot repeat it.
bool answers_with_key(const Operation& operation);

}  // namespace agentauth::api
