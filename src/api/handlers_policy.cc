#include "api/handlers_policy.h"

#include "api/audit_trail.h"

namespace agentauth::api {
namespace {

PolicyService policy_of(Services& services) {
  return PolicyService({services.permissions, services.roles});
}

Result<PolicyDiff> apply(Services& services, Transaction& tx, DecidedBy& by,
                         const ApplyPolicy& request) {
  const auto unlisted = request.keep.value_or(false) ? PolicyService::Unlisted::kept
                                                     : PolicyService::Unlisted::removed;
  return policy_of(services).apply(tx, by->author(), request, unlisted);
}

// Everybody who writes waits for an apply or a dry run; for a queue of them nobody should.
class Turn {
 public:
  explicit Turn(Services& services)
      : services_(services), has_it_(!services.is_applying.exchange(true)) {}
  ~Turn() {
    if (has_it_) services_.is_applying = false;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Errors: unavailable.
  Result<void> require() const {
    if (has_it_) return {};
    return failure(Errc::unavailable, "Another policy is being applied; try again shortly");
  }

 private:
  Services& services_;
  const bool has_it_;
};

Result<ApplyPolicy> decode_policy(ApiExchange& exchange) {
  RequestInput input = TRY(exchange.input());
  const std::string body = spell_out_policy(input.body);
  input.body = body;
  return decode<ApplyPolicy>(input);
}

// Everything is done, so that whatever would be refused is; and then nothing was. In its turn among
// the writes: beside them it would only take the database from under them.
Result<PolicyDiff> try_out(Services& services, ApiExchange& exchange, const ApplyPolicy& request) {
  std::optional<PolicyDiff> diff;
  auto undone = services.database.write_alone([&](Transaction& tx) -> Result<void> {
    diff.reset();
    DecidedBy by = TRY(decide_again(services, tx, exchange));
    diff = TRY(apply(services, tx, by, request));
    return failure(Errc::conflict, "A dry run changes nothing");
  });
  if (!diff) return tl::unexpected(std::move(undone).error());
  return *std::move(diff);
}

Result<PolicyDiff> carry_out(Services& services, ApiExchange& exchange,
                             const ApplyPolicy& request) {
  auto diff = TRY(write_audited(
      services, exchange,
      [&](Transaction& tx, OnRecord& on_record, DecidedBy& by) -> Result<PolicyDiff> {
        auto made = TRY(apply(services, tx, by, request));
        on_record.besides = std::move(made.changes);
        return made;
      },
      Database::Shares::no));
  diff.applied = true;
  return diff;
}

}  // namespace

Result<void> show_policy(Services& services, ApiExchange& exchange) {
  const PolicyDocument document = TRY(
      services.database.snapshot([&](Transaction& tx) { return policy_of(services).read(tx); }));
  exchange.response.set_status(exchange.operation->status);
  exchange.response.set_content_type("application/json");
  JsonWriter out(exchange.response.body);
  write_policy(document, out);
  return {};
}

Result<void> apply_policy(Services& services, ApiExchange& exchange) {
  const auto request = TRY(decode_policy(exchange));
  const bool is_dry = request.dry_run.value_or(false);
  const Turn turn(services);
  TRY(turn.require());
  exchange.answer(exchange.operation->status, TRY(is_dry ? try_out(services, exchange, request)
                                                         : carry_out(services, exchange, request)));
  return {};
}

}  // namespace agentauth::api
