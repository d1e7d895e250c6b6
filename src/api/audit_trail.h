// What the API puts on record: every change in its own transaction, every login before its answer,
// every refusal. The operation's row says under which name.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/access.h"
#include "api/exchange.h"
#include "api/operations.h"
#include "api/services.h"
#include "authz/audit_targets.h"

namespace agentauth::api {

// Of the call in the exchange, about `target`.
AuditEvent event_of(const Services& services, const ApiExchange& exchange, AuditOutcome outcome,
                    AuditReason reason = AuditReason::none, AuditTarget target = {});

// What a call is recorded to have done: its own event, and those of what it changes besides, which
// come before it.
struct OnRecord : AuditTarget {
  std::vector<AuditedChange> besides = {};

  using AuditTarget::operator=;
};

// Why something was denied, in the trail's own words: of a reason of authz's or of an answer's.
AuditReason audit_reason(std::string_view why);

// Of a call that did what it was to do.
std::vector<AuditEvent> events_of(const Services& services, const ApiExchange& exchange,
                                  const OnRecord& on_record);

// What is recorded of a call that ended in `error`: credentials that do not work, and what is not
// permitted. Nothing for a mistake, when no credentials were sent, or when it is on record already.
std::optional<AuditEvent> refusal_of(const Services& services, const ApiExchange& exchange,
                                     const Error& error);

// What a request names.
template <class In>
AuditTarget target_of(const In& in) {
  if constexpr (requires { in.key_id; }) {
    return {AuditTargetType::key, AuditText::of_id(in.key_id), in.agent_id};
  } else if constexpr (requires {
                         in.permission;
                         in.agent_id;
                       }) {
    return {AuditTargetType::permission, AuditText::of_permission(in.permission), in.agent_id};
  } else if constexpr (requires { in.agent_id; }) {
    return {AuditTargetType::agent, AuditText::of_id(in.agent_id), in.agent_id};
  } else {
    return {};  // a setting is nobody's
  }
}

namespace detail {

// Work that asks more of the parties takes what the call was decided by.
template <class F>
auto run_audited(F& work, Transaction& tx, OnRecord& on_record, DecidedBy& decided_by) {
  if constexpr (std::is_invocable_v<F&, Transaction&, OnRecord&, DecidedBy&>) {
    return work(tx, on_record, decided_by);
  } else {
    return work(tx, on_record);
  }
}

template <class F>
using Audited = decltype(run_audited(std::declval<F&>(), std::declval<Transaction&>(),
                                     std::declval<OnRecord&>(), std::declval<DecidedBy&>()));

}  // namespace detail

// Database::write for everything that changes something: whether the caller may is decided again,
// by what the transaction commits on; `work` also says what it changed, and that it did commits
// with it or not at all. No grant, membership or policy takes administration from the last one who
// has it; that one may suspend or delete itself.
template <class F>
auto write_audited(Services& services, ApiExchange& exchange, F&& work,
                   Database::Shares shares = Database::Shares::yes) -> detail::Audited<F> {
  std::vector<AuditEvent> events;
  auto audited = [&](Transaction& tx) -> detail::Audited<F> {
    DecidedBy decided_by = TRY(decide_again(services, tx, exchange));
    OnRecord on_record;
    auto done = detail::run_audited(work, tx, on_record, decided_by);
    if (done) {
      if (decided_by) TRY(decided_by->author().require_administrator_left(tx));
      events = events_of(services, exchange, on_record);
      for (const AuditEvent& event : events) tx.record(event);
    }
    return done;
  };
  auto result = shares == Database::Shares::yes ? services.database.write(audited)
                                                : services.database.write_alone(audited);
  if (result)
    for (const AuditEvent& event : events) services.recorder.count(event);
  return result;
}

}  // namespace agentauth::api
