#include "api/audit_trail.h"

namespace agentauth::api {
namespace {

// What the path names, when nobody has read the request.
AuditTarget target_in_path(const ApiExchange& exchange) {
  if (exchange.captures.count == 0) return {};
  const auto agent = AgentId::parse(exchange.captures.values[0]);
  if (!agent) return {};
  AuditTarget target{AuditTargetType::agent, AuditText::of_id(*agent), *agent};
  if (exchange.captures.count < 2) return target;
  const std::string_view path = exchange.operation->path;
  const std::string_view second = exchange.captures.values[1];
  if (path.find("{permission}") != path.npos) {
    target.type = AuditTargetType::permission;
    target.id = AuditText::of_permission(second);
  } else if (const auto key = KeyId::parse(second)) {
    target.type = AuditTargetType::key;
    target.id = AuditText::of_id(*key);
  }
  return target;
}

// Strangers who look for paths that are not listed are counted and not recorded: there is no end to
// them. An attempt at being misread is, whoever makes it.
std::optional<AuditEvent> gateway_refusal_of(const Services& services,
                                             const ApiExchange& exchange) {
  const ApiExchange::Gateway& gateway = exchange.gateway;
  if (!exchange.subject.agent_id && !is_ambiguous(*gateway.reason)) return std::nullopt;
  AuditTarget target;
  if (!gateway.resource.empty()) {
    target.type = AuditTargetType::resource;
    target.id = AuditText::of_principal(gateway.resource);
  } else if (!gateway.path.empty()) {
    target.type = AuditTargetType::path;
    target.id = AuditText::of_path(gateway.path);
  }
  target.detail = gateway.permission.empty() ? audit_text_of(*gateway.reason)
                                             : AuditText::of_permission(gateway.permission);
  return event_of(services, exchange, AuditOutcome::denied, AuditReason::permission_denied,
                  std::move(target));
}

// Whoever makes the error says why in the trail's own words.
AuditReason why_of(const Error& error) {
  AuditReason why = AuditReason::none;
  if (!parse(error.detail, why) || why == AuditReason::none)
    return AuditReason::invalid_credentials;
  return why;
}

bool presents_token(const ApiExchange& exchange) {
  return exchange.request.find("Authorization").has_value();
}

}  // namespace

AuditReason audit_reason(std::string_view why) {
  AuditReason reason = AuditReason::permission_denied;
  parse(why, reason);
  return reason;
}

AuditEvent event_of(const Services& services, const ApiExchange& exchange, AuditOutcome outcome,
                    AuditReason reason, AuditTarget target) {
  AuditEvent event;
  event.at = services.clock.now();
  event.node = services.settings.node;
  event.action = exchange.operation->binding.audit;
  event.outcome = outcome;
  event.reason = reason;
  event.agent_id = exchange.subject.agent_id;
  event.kid = exchange.subject.kid;
  event.client_address = AuditText::of_address(exchange.client_address());
  event.operation = AuditText::of_operation(exchange.operation->name);
  event.target_type = target.type;
  event.target_id = std::move(target.id);
  event.target_agent_id = target.agent_id;
  event.detail = std::move(target.detail);
  event.request_id = AuditText::of_request_id(exchange.request_id());
  return event;
}

std::vector<AuditEvent> events_of(const Services& services, const ApiExchange& exchange,
                                  const OnRecord& on_record) {
  std::vector<AuditEvent> events;
  events.reserve(on_record.besides.size() + 1);
  const auto add = [&](AuditAction action, const AuditTarget& target) {
    events.push_back(
        event_of(services, exchange, AuditOutcome::success, AuditReason::none, target));
    events.back().action = action;
  };
  for (const AuditedChange& change : on_record.besides) add(change.action, change.target);
  add(exchange.operation->binding.audit, on_record);
  return events;
}

std::optional<AuditEvent> refusal_of(const Services& services, const ApiExchange& exchange,
                                     const Error& error) {
  if (exchange.operation == nullptr || exchange.is_recorded) return std::nullopt;
  const auto denied = [&](AuditReason reason) {
    AuditTarget target = target_in_path(exchange);
    target.detail = AuditText::of_permission(exchange.operation->permission);
    return event_of(services, exchange, AuditOutcome::denied, reason, std::move(target));
  };
  const auto failed = [&](AuditReason reason) {
    return event_of(services, exchange, AuditOutcome::failure, reason, target_in_path(exchange));
  };
  if (exchange.gateway.reason && error.code == Errc::permission_denied)
    return gateway_refusal_of(services, exchange);
  switch (error.code) {
    case Errc::permission_denied:
      return denied(AuditReason::permission_denied);
    case Errc::registration_closed:
      return denied(AuditReason::registration_closed);
    case Errc::unauthenticated:
      if (exchange.operation->access == Access::anonymous) return failed(why_of(error));
      if (presents_token(exchange)) return failed(AuditReason::invalid_token);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace agentauth::api
