#include "api/request_log.h"

#include "api/errors.h"
#include "api/exchange.h"
#include "api/operations.h"
#include "http/trace_context.h"
#include "store/advice.h"

namespace agentauth::api {
namespace {

// What was answered from memory and went well is counted, and told only when asked for.
LogLevel level_of(const ApiExchange& exchange) {
  const int status = exchange.response.status();
  // What anybody can ask for that we do not speak (501, 505) is no error of ours.
  if (status == 500 || status == 503) return LogLevel::error;
  const bool changed = exchange.operation != nullptr && is_write(*exchange.operation);
  return status >= 400 || changed ? LogLevel::info : LogLevel::debug;
}

bool is_refused(const ApiExchange& exchange) { return exchange.response.status() >= 400; }

std::int64_t nanoseconds(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

RequestLog::RequestLog(Log& log, Metrics& metrics, std::size_t cores)
    : log_(log), metrics_(metrics), cores_(cores) {}

RequestLog::~RequestLog() {
  for (Core& core : cores_)
    if (core.withheld > 0) tell(core);
}

void RequestLog::write(const ApiExchange& exchange, std::chrono::nanoseconds took) {
  Core& core = cores_[exchange.core];
  const LogLevel level = level_of(exchange);
  if (!log_.enabled(level) && core.withheld == 0) return;
  const std::int64_t now = nanoseconds(exchange.started + took);
  if (core.withheld > 0 && now - core.told_at_ns >= std::chrono::nanoseconds(told_every).count())
    tell(core);
  if (!log_.enabled(level) || (is_refused(exchange) && !admits(core, exchange, now))) return;
  const std::string agent = exchange.caller ? exchange.caller->agent_id.to_string() : "";
  const std::string client = format_ip_address(exchange.client_address());
  const std::string peer = format_ip_address(exchange.request.peer);
  const int status = exchange.response.status();
  const auto parent = http::trace_parent(exchange.request).value_or(http::TraceParent{});
  const auto& error = exchange.error;
  const Log::Fields fields = {
      {"request_id", exchange.request_id()},
      {"trace_id", parent.trace_id},
      {"parent_span_id", parent.parent_id},
      // By our own names: what was sent in its place may be anything.
      {"method", http::to_string(exchange.request.method)},
      {"route", exchange.operation == nullptr ? "unmatched" : exchange.operation->path},
      {"status", status},
      {"code", error ? error_row(error->code).word : ""},
      {"cause", error ? std::string_view(error->detail) : ""},
      {"advice", status == 503 && error ? find_advice(error->detail) : ""},
      {"agent_id", agent},
      {"client", client},
      {"peer", peer},
      {"duration_us", std::chrono::duration_cast<std::chrono::microseconds>(took).count()},
  };
  log_.write(level, "request", fields);
}

std::int64_t& RequestLog::bucket_of(Core& core, const ApiExchange& exchange) const {
  const bool failed = level_of(exchange) == LogLevel::error;
  if (!exchange.caller)
    return failed ? core.strangers_failed_until_ns : core.strangers_refused_until_ns;
  if (failed) return core.agents_failed_until_ns;
  auto& agents = core.agents_refused_until_ns;
  return agents[siphash(hash_key_, exchange.caller->agent_id.uuid.bytes) % agents.size()];
}

bool RequestLog::admits(Core& core, const ApiExchange& exchange, std::int64_t now) {
  std::int64_t& until = bucket_of(core, exchange);
  const std::int64_t more = charged(until, now, refusals);
  if (fits(more, now, refusals)) {
    until = more;
    return true;
  }
  if (core.withheld == 0) core.told_at_ns = now;
  ++core.withheld;
  metrics_.count_request_not_logged();
  return false;
}

void RequestLog::tell(Core& core) {
  log_.warning(
      "requests_not_logged",
      {{"requests", core.withheld},
       {"note",
        "refused to one agent, or to callers that are not known, or failed, faster than they are "
        "logged"}});
  core.withheld = 0;
}

}  // namespace agentauth::api
