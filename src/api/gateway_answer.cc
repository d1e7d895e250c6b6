#include "api/gateway_answer.h"

#include <algorithm>

#include "api/operations.h"

namespace agentauth::api {
namespace {

GatewayReason reason_of(Errc code) {
  switch (code) {
    case Errc::unauthenticated:
      return GatewayReason::unauthenticated;
    case Errc::rate_limited:
      return GatewayReason::rate_limited;
    case Errc::internal:
    case Errc::unavailable:
      return GatewayReason::unavailable;
    default:
      return GatewayReason::malformed_request;
  }
}

// A target that was not read to its end has no operation.
bool begins_as_question(std::string_view path) {
  return std::any_of(operations().begin(), operations().end(), [&](const Operation& operation) {
    if (operation.access != Access::gateway) return false;
    return operation.path.ends_with("/*")
               ? path.starts_with(operation.path.substr(0, operation.path.size() - 1))
               : path == operation.path;
  });
}

bool wants_verdicts_alone(const ApiExchange& exchange) {
  if (exchange.operation != nullptr) return exchange.operation->only_verdicts;
  for (const Operation& operation : operations())
    if (operation.only_verdicts && operation.path == exchange.request.path) return true;
  return false;
}

}  // namespace

void append_header_text(std::string_view text, std::string& out) {
  static constexpr char digits[] = "0123456789ABCDEF";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool inner_blank = byte == ' ' && i > 0 && i + 1 < text.size();
    if ((byte > ' ' && byte < 0x7F && byte != '%') || inner_blank) {
      out += text[i];
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

bool is_gateway_question(const ApiExchange& exchange) {
  if (exchange.operation != nullptr) return exchange.operation->access == Access::gateway;
  return begins_as_question(exchange.request.path);
}

void note_gateway_refusal(ApiExchange& exchange, const Error& error) {
  // The handler's own, unless it became another: too many refusals are one too.
  if (error.code != Errc::permission_denied || !exchange.gateway.reason)
    exchange.gateway.reason = reason_of(error.code);
  exchange.response.add_header("X-AgentAuth-Reason", to_string(*exchange.gateway.reason));
}

Error as_verdict(const ApiExchange& exchange, const Error& error) {
  if (error.code == Errc::unauthenticated || error.code == Errc::permission_denied ||
      !wants_verdicts_alone(exchange))
    return error;
  return {Errc::permission_denied, error.message};
}

}  // namespace agentauth::api
