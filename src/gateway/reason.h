// Why a gateway's question was answered as it was: a word for headers, logs, metrics and the audit
// trail, and a sentence for people.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/audit_event.h"

namespace agentauth {

enum class GatewayReason : std::uint8_t {
  allowed,
  open,  // to everybody

  unauthenticated,
  permission_denied,
  unlisted_path,
  unlisted_method,  // the path is listed, for other methods
  bad_resource,     // what the path names cannot be a resource's name

  // What was asked for could be read in more than one way.
  not_a_path,
  path_too_long,
  path_control_character,
  path_character,
  path_fragment,
  path_broken_escape,
  path_double_encoding,
  path_encoded_slash,
  path_encoded_delimiter,
  path_backslash,
  path_parameters,
  path_empty_segment,
  path_dot_segment,
  path_not_utf8,
  bad_host,
  bad_method,
  missing_header,
  repeated_header,
  override_header,

  // The server's own troubles.
  rate_limited,
  unavailable,
  malformed_request,
};
inline constexpr std::size_t gateway_reason_count = 29;

std::string_view to_string(GatewayReason reason);
AuditText audit_text_of(GatewayReason reason);
// "The path has an encoded slash".
std::string_view describe(GatewayReason reason);

// Whether the request itself was at fault, whoever sent it: an attack, or a broken client.
constexpr bool is_ambiguous(GatewayReason reason) {
  return reason >= GatewayReason::not_a_path && reason <= GatewayReason::override_header;
}

// Whether it was answered so without asking what anybody was granted, and no trouble of the
// server's own.
constexpr bool is_of_routes(GatewayReason reason) {
  return reason != GatewayReason::allowed && reason != GatewayReason::permission_denied &&
         reason < GatewayReason::rate_limited;
}

}  // namespace agentauth
