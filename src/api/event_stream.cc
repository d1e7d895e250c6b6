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

Result<void> refuse_gap(const FollowedLog& log, std::int64_t seen, std::int64_t before) {
  if (before < seen) return tl::unexpected(log.went_back(seen, before));
  if (before == seen) return {};
  // Numbers have no gaps, so what is missing was forgotten.
  const std::string number = " " + std::string(log.number) + " ";
  return failure(Errc::gone, std::string(log.entries) + " after" + number + std::to_string(seen) +
                                 " are not all kept any more; read anew what you follow, then "
                                 "go on after" +
                                 number + std::to_string(before));
}

}  // namespace agentauth::api
