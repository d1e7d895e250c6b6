#include "api/event_stream.h"

#include <charconv>

#include "api/operations.h"

namespace agentauth::api {

Result<std::optional<std::int64_t>> last_event_id(const ApiExchange& exchange) {
  const auto header = exchange.request.find("Last-Event-ID");
  if (!header || header->empty()) return std::nullopt;
  std::int64_t number = 0;
  const char* end = header->data() + header->size();
  const auto parsed = std::from_chars(header->data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end || number < 0)
    return failure(Errc::malformed_request, "Last-Event-ID must be the id of an event");
  return number;
}

void begin_event_stream(ApiExchange& exchange, std::unique_ptr<http::EventSource> source) {
  exchange.response.set_status(exchange.operation->status);
  exchange.response.set_content_type("text/event-stream");
  exchange.response.add_header("Cache-Control", "no-store");
  exchange.response.body = "retry: 1000\n\n";
  exchange.events = std::move(source);
}

}  // namespace agentauth::api
