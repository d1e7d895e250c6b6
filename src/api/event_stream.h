// What every answer that goes on with events has in common (WHATWG HTML 9.2).
#pragma once

#include <memory>
#include <optional>

#include "api/exchange.h"

namespace agentauth::api {

// A client that was cut off says where it was (9.2.4). Errors: malformed_request.
Result<std::optional<std::int64_t>> last_event_id(const ApiExchange& exchange);

// Answers with the head of a stream; the source gives the rest.
void begin_event_stream(ApiExchange& exchange, std::unique_ptr<http::EventSource> source);

}  // namespace agentauth::api
