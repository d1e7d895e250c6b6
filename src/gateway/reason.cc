#include "gateway/reason.h"

#include <array>

namespace agentauth {
namespace {

struct Row {
  GatewayReason reason;
  AuditWord word;
  std::string_view about;
};

using enum GatewayReason;

// In the order of GatewayReason; the assertion below holds it to that.
constexpr std::array<Row, gateway_reason_count> table = {{
    {allowed, "allowed", "The agent may"},
    {open, "open", "The route is open to everybody"},
    {unauthenticated, "unauthenticated", "Credentials are required"},
    {permission_denied, "permission_denied", "Permission denied"},
    {unlisted_path, "unlisted_path", "No route is listed for this host and path"},
    {unlisted_method, "unlisted_method", "The route does not list this method"},
    {bad_resource, "bad_resource", "The path names something that is no resource's name"},
    {not_a_path, "not_a_path", "The target is not a path"},
    {path_too_long, "path_too_long", "The path is longer than 2,048 bytes"},
    {path_control_character, "path_control_character", "The target has a control character"},
    {path_character, "path_character", "The path has a character that must be escaped"},
    {path_fragment, "path_fragment", "The target has a fragment"},
    {path_broken_escape, "path_broken_escape", "The path has a broken % escape"},
    {path_double_encoding, "path_double_encoding", "The path is escaped twice"},
    {path_encoded_slash, "path_encoded_slash", "The path has an encoded slash"},
    {path_encoded_delimiter, "path_encoded_delimiter", "The path has an encoded ? or #"},
    {path_backslash, "path_backslash", "The path has a backslash"},
    {path_parameters, "path_parameters", "The path has a semicolon"},
    {path_empty_segment, "path_empty_segment", "The path has two slashes in a row"},
    {path_dot_segment, "path_dot_segment", "The path has a segment of dots"},
    {path_not_utf8, "path_not_utf8", "The path is not UTF-8"},
    {bad_host, "bad_host", "The host is not a host, or is not told"},
    {bad_method, "bad_method", "The method is not one"},
    {missing_header, "missing_header", "The gateway does not say what it asks about"},
    {repeated_header, "repeated_header", "What is asked about is told twice, or in two ways"},
    {override_header, "override_header", "A header asks the backend to read another request"},
    {rate_limited, "rate_limited", "Too many requests"},
    {unavailable, "unavailable", "The database has not been reachable for too long"},
    {malformed_request, "malformed_request", "The request was not understood"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].reason) != i) return false;
  return true;
}
static_assert(in_order());

const Row& row(GatewayReason reason) { return table[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view to_string(GatewayReason reason) { return row(reason).word.text(); }
AuditText audit_text_of(GatewayReason reason) { return row(reason).word; }
std::string_view describe(GatewayReason reason) { return row(reason).about; }

}  // namespace agentauth
