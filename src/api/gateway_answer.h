// How a gateway is told "no": with a word for the reason, and in the statuses that it understands.
#pragma once

#include "api/exchange.h"

namespace agentauth::api {

// Also when the request was not understood and it was a gateway's all the same.
bool is_gateway_question(const ApiExchange& exchange);

// A text as a header can hold it and everybody reads it alike: printable ASCII; the rest, % and
// blanks at the ends as %XX. Appended.
void append_header_text(std::string_view text, std::string& out);

// Names the reason for the answer's header, the metrics and the audit trail.
void note_gateway_refusal(ApiExchange& exchange, const Error& error);

// The same, but 401 or 403 where nginx asks: of every other status it makes a 500, and of that
// whoever waits learns nothing.
Error as_verdict(const ApiExchange& exchange, const Error& error);

}  // namespace agentauth::api
