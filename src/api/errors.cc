#include "api/errors.h"

#include <array>

#include "base/json.h"

namespace agentauth::api {
namespace {

// In the order of Errc; the assertion below holds it to that.
constexpr std::array<ErrorRow, errc_count> table = {{
    {Errc::malformed_request, 400, "malformed_request",
     "Not HTTP, not JSON, or with a field or query parameter that is not described"},
    {Errc::unauthenticated, 401, "unauthenticated",
     "No credentials, or credentials that do not work; never why"},
    {Errc::permission_denied, 403, "permission_denied",
     "Authenticated, and not permitted to do this"},
    {Errc::registration_closed, 403, "registration_closed",
     "Registration needs a registration token or an administrator"},
    {Errc::not_found, 404, "not_found", "No such path, agent, key or permission"},
    {Errc::method_not_allowed, 405, "method_not_allowed", "The Allow header names the methods"},
    {Errc::request_timeout, 408, "request_timeout",
     "Reserved, not sent: the connection of a request that takes too long to arrive is closed"},
    {Errc::conflict, 409, "conflict", "The state of the resource does not allow this"},
    {Errc::already_created, 409, "already_created",
     "The Idempotency-Key was used before and the answer held a secret, which is not kept; the "
     "problem names what was created"},
    {Errc::gone, 410, "gone", "It was there, and is not kept any more"},
    {Errc::payload_too_large, 413, "payload_too_large",
     "The body is larger than 64 KiB, or than 2 MiB of `PUT /policy`"},
    {Errc::uri_too_long, 414, "uri_too_long", "The request target is longer than 4 KiB"},
    {Errc::unsupported_media_type, 415, "unsupported_media_type",
     "Bodies are application/json in UTF-8"},
    {Errc::invalid_argument, 422, "invalid_argument",
     "Well-formed, but a field is missing or invalid; `errors` names each"},
    {Errc::idempotency_key_reused, 422, "idempotency_key_reused",
     "The Idempotency-Key was used before with another request"},
    {Errc::rate_limited, 429, "rate_limited",
     "Too many requests: a limit of `GET /limits` is used up; see Retry-After and RateLimit"},
    {Errc::headers_too_large, 431, "headers_too_large",
     "The head is larger than 16 KiB or has more than 100 fields"},
    {Errc::internal, 500, "internal", "A bug; the log has more under the request's id"},
    {Errc::not_implemented, 501, "not_implemented",
     "A transfer coding other than chunked; a method we do not know is 405"},
    {Errc::unavailable, 503, "unavailable",
     "The database cannot be reached, a queue is full, or an apply of a policy took too long. "
     "Nothing was changed, unless the database was lost during the commit: repeat with an "
     "Idempotency-Key, or look first; see Retry-After"},
    {Errc::http_version_not_supported, 505, "http_version_not_supported",
     "Only HTTP/1.1 and HTTP/1.0 are spoken"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].code) != i) return false;
  return true;
}
static_assert(in_order());

}  // namespace

std::span<const ErrorRow> error_table() { return table; }

const ErrorRow& error_row(Errc code) { return table[static_cast<std::size_t>(code)]; }

void write_problem(http::Response& response, const Error& error, std::string_view request_id) {
  const ErrorRow& row = error_row(error.code);
  response.set_status(row.status);
  response.set_content_type("application/problem+json");
  response.body.clear();
  JsonWriter out(response.body);
  out.open();
  out.member("type", "about:blank");
  out.member("title", http::reason_phrase(row.status));
  out.member("status", std::int64_t{row.status});
  out.member("detail", error.message);
  out.member("code", row.word);
  out.member("request_id", request_id);
  for (const auto& [name, value] : error.extra) out.member(name, value);
  if (!error.fields.empty()) {
    out.name("errors");
    out.open_array();
    for (const FieldError& field : error.fields) {
      out.open();
      out.member("field", field.field);
      out.member("message", field.message);
      out.close();
    }
    out.close_array();
  }
  out.close();
  if (row.status == 503 || row.status == 429)
    response.add_header("Retry-After", std::to_string(error.retry_after_seconds));
}

}  // namespace agentauth::api
