#include "api/audit_trail.h"
#include "api/handlers.h"
#include "api/idempotency.h"

namespace agentauth::api {

namespace {

void answer_again(ApiExchange& exchange, IdempotentAnswer earlier) {
  exchange.response.set_status(earlier.status);
  exchange.response.set_content_type("application/json");
  exchange.response.body = std::move(earlier.body);
}

}  // namespace

Result<void> grant_permission(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<GrantPermission>());
  const Idempotency idempotency = TRY(Idempotency::of(exchange));
  if (auto earlier = TRY(idempotency.find(services))) {
    answer_again(exchange, *std::move(earlier));
    return {};
  }
  const Operation& operation = *exchange.operation;
  const auto status_of = [&](const PermissionService::Granted& granted) {
    return granted.created ? operation.status : operation.status_already;
  };
  const auto granted = write_audited(
      services, exchange,
      [&](Transaction& tx, AuditTarget& target) -> Result<PermissionService::Granted> {
        target = target_of(request);
        auto result = TRY(services.permissions.grant(tx, *exchange.caller, request));
        std::string body;
        JsonWriter out(body);
        write_fields(result.grant, out);
        TRY(idempotency.keep(services, tx,
                             {result.grant.agent_id.to_string(), "", status_of(result), body}));
        return result;
      });
  if (!granted) {
    // Another request with this key was quicker: its answer is this one's too.
    if (granted.error().code == Errc::conflict) {
      if (auto earlier = TRY(idempotency.find(services))) {
        answer_again(exchange, *std::move(earlier));
        return {};
      }
    }
    return tl::unexpected(granted.error());
  }
  exchange.answer(status_of(*granted), granted->grant);
  return {};
}

Result<void> check_permission(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<CheckPermission>());
  exchange.answer(exchange.operation->status,
                  TRY(services.permissions.check(*exchange.caller, request)));
  return {};
}

}  // namespace agentauth::api
