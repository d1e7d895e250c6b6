// Handlers that create something, or find that it is there already.
#pragma once

#include <string>
#include <utility>

#include "api/audit_trail.h"
#include "api/idempotency.h"

namespace agentauth::api {

template <class T>
struct Made {
  T value;
  bool created = false;  // false: it was so already
};

void answer_again(ApiExchange& exchange, IdempotentAnswer earlier);

// `work` in an audited write. Answers with what it made: with the operation's status,
// or status_already. A repeat with the same Idempotency-Key gets the answer of the first time.
// Errors: the work's own; malformed_request, idempotency_key_reused.
template <class T, class F>
Result<void> create_once(Services& services, ApiExchange& exchange, F work) {
  const Idempotency idempotency = TRY(Idempotency::of(exchange));
  if (auto earlier = TRY(idempotency.find(services))) {
    answer_again(exchange, *std::move(earlier));
    return {};
  }
  const Operation& operation = *exchange.operation;
  const auto status_of = [&](const Made<T>& made) {
    return made.created ? operation.status : operation.status_already;
  };
  const auto made = write_audited(
      services, exchange,
      [&](Transaction& tx, OnRecord& target, DecidedBy& decided_by) -> Result<Made<T>> {
        auto result = TRY(detail::run_audited(work, tx, target, decided_by));
        std::string body;
        JsonWriter out(body);
        write_fields(result.value, out);
        const std::string concerned = target.agent_id ? target.agent_id->to_string() : "";
        TRY(idempotency.keep(services, tx, {concerned, "", status_of(result), body}));
        return result;
      });
  if (!made) {
    // Another request with this key was quicker: its answer is this one's too.
    if (made.error().code == Errc::conflict) {
      if (auto earlier = TRY(idempotency.find(services))) {
        answer_again(exchange, *std::move(earlier));
        return {};
      }
    }
    return tl::unexpected(made.error());
  }
  exchange.answer(status_of(*made), made->value);
  return {};
}

}  // namespace agentauth::api
