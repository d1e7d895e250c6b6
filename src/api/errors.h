// The one table that says what each error is over HTTP (RFC 9457).
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace agentauth::api {

struct ErrorRow {
  Errc code;
  int status;
  std::string_view word;   // `code` in the problem: stable, for programs
  std::string_view about;  // for the reference
};

std::span<const ErrorRow> error_table();
const ErrorRow& error_row(Errc code);

// Fills the response with application/problem+json. `error.detail` stays out of it.
void write_problem(http::Response& response, const Error& error, std::string_view request_id);

}  // namespace agentauth::api
