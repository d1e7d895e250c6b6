#include "api/envoy_checks.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace agentauth::api {
namespace {

using Clock = std::chrono::steady_clock;

// Of the operation that Envoy asks over HTTP: whatever follows the prefix is the same operation.
constexpr std::string_view path_of_operation = "/gateway/ext-authz/";

constexpr std::array<std::string_view, 3> identity = {"x-agent-id", "x-agent-name",
                                                      "x-agent-owner"};
// To backends that read headers as variables these are the same headers; and by the last ones a
// client asks some backends to answer another request than the one that was checked.
constexpr auto never_the_clients = std::to_array<std::string_view>(
    {"x_agent_id", "x-agent_id", "x_agent-id", "x_agent_name", "x-agent_name", "x_agent-name",
     "x_agent_owner", "x-agent_owner", "x_agent-owner", "x-http-method-override", "x-http-method",
     "x-method-override", "x-original-url", "x-rewrite-url"});

http::Method method_of(std::string_view text) {
  using enum http::Method;
  for (const http::Method method : {get, head, post, put, patch, delete_, options})
    if (http::to_string(method) == text) return method;
  return other;
}

Error busy() { return {Errc::unavailable, "The server is busy; try again shortly"}; }

// What is told beside a field of the question, which must say the same.
bool contradicts(const envoy::Question& question, const envoy::Header& header) {
  const auto is = [&](std::string_view name) {
    return http::equal_ignoring_case(header.name, name);
  };
  if (is(":authority") || is("host")) return header.value != question.host;
  if (is(":path")) return header.value != question.path;
  return is(":method") && header.value != question.method;
}

// Who asks, and for whom: Envoy is believed whom it has the request from when it is a trusted
// proxy, and from there on X-Forwarded-For as it is over HTTP.
IpAddress peer_of(const envoy::Question& question, std::span<const Network> trusted) {
  const IpAddress peer = parse_ip_address(question.peer).value_or(IpAddress{});
  const bool is_trusted = std::any_of(trusted.begin(), trusted.end(), [&](const Network& network) {
    return network.contains(peer);
  });
  if (!is_trusted) return peer;
  return parse_ip_address(question.source).value_or(peer);
}

std::vector<envoy::Header> headers_of(const http::Response& response) {
  std::vector<envoy::Header> headers;
  std::string_view rest = response.header_lines();
  for (std::size_t end = rest.find("\r\n"); end != rest.npos; end = rest.find("\r\n")) {
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(": ");
    headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
    rest.remove_prefix(end + 2);
  }
  return headers;
}

// Everything else is "no", whatever its status may be.
bool is_yes(const ApiExchange& exchange) {
  const auto& reason = exchange.gateway.reason;
  return !exchange.error && exchange.response.status() == 200 &&
         (reason == GatewayReason::allowed || reason == GatewayReason::open);
}

void answer_yes(const ApiExchange& exchange, envoy::Call& call) {
  std::vector<envoy::Header> replaced;
  // What is removed is removed after what is replaced: never both.
  std::vector<std::string_view> removed(never_the_clients.begin(), never_the_clients.end());
  for (const envoy::Header& header : headers_of(exchange.response)) {
    const auto ours = std::find_if(identity.begin(), identity.end(), [&](std::string_view name) {
      return http::equal_ignoring_case(name, header.name);
    });
    if (ours == identity.end()) continue;
    if (header.value.empty()) {
      removed.push_back(*ours);
    } else {
      replaced.push_back({*ours, header.value});
    }
  }
  call.answer({.passes = true, .status = 200, .headers = replaced, .removed = removed});
}

void answer_no(const ApiExchange& exchange, envoy::Call& call) {
  const http::Response& response = exchange.response;
  auto headers = headers_of(response);
  if (!response.content_type().empty())
    headers.push_back({"Content-Type", response.content_type()});
  call.answer({.status = response.status(), .headers = headers, .body = response.body});
}

}  // namespace

// One call, and the exchange that it is answered in. Whatever becomes of it, it is answered.
class EnvoyChecks::Pending {
 public:
  Pending(EnvoyChecks& checks, envoy::Call& call) : checks_(checks), call_(&call) {
    ++checks_.calls_;
  }
  ~Pending() {
    --checks_.calls_;
    if (call_ != nullptr) call_->answer({.status = 503});
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  // REQUIRES: it has not been answered.
  envoy::Call& call() const { return *call_; }
  void answer() {
    envoy::Call& call = *std::exchange(call_, nullptr);
    try {
      if (is_yes(exchange)) {
        answer_yes(exchange, call);
      } else {
        answer_no(exchange, call);
      }
    } catch (const std::bad_alloc&) {
      call.answer({.status = 500});
    }
  }

  ApiExchange exchange;

 private:
  EnvoyChecks& checks_;
  envoy::Call* call_;
};

Result<void> ask(const envoy::Question& question, std::span<const Network> trusted,
                 ApiExchange& exchange) {
  http::Request& request = exchange.request;
  request.method = method_of(question.method);
  request.method_text = question.method;
  request.path = path_of_operation;
  request.peer = peer_of(question, trusted);
  ApiExchange::Gateway& gateway = exchange.gateway;
  gateway.asked = GatewayQuestion{question.method, question.host, question.path};
  // It is held until it is answered, with all that is not read.
  if (question.message_bytes > http::body_bytes_max)
    return failure(Errc::payload_too_large, "The message is larger than 64 KiB");
  std::size_t bytes = question.method.size() + question.path.size() + question.host.size();
  for (const envoy::Header& header : question.headers) {
    if (contradicts(question, header)) gateway.is_contradictory = true;
    if (header.name.starts_with(':')) continue;
    bytes += header.name.size() + header.value.size();
    if (bytes > http::head_bytes_max || !request.add_header(header.name, header.value))
      return failure(Errc::headers_too_large, "The request has more headers than are read");
  }
  return {};
}

EnvoyChecks::EnvoyChecks(http::Application& application, std::size_t core,
                         std::span<const Network> trusted, Submit submit)
    : application_(application), core_(core), trusted_(trusted), submit_(std::move(submit)) {}

void EnvoyChecks::check(envoy::Call& call) noexcept {
  PendingPtr pending;
  try {
    pending = std::make_shared<Pending>(*this, call);
  } catch (const std::bad_alloc&) {
    return call.answer({.status = 503});
  }
  // What throws is a bug or no memory, and is answered when `pending` goes.
  try {
    begin(pending);
  } catch (const std::exception&) {
  }
}

void EnvoyChecks::begin(const PendingPtr& pending) {
  ApiExchange& exchange = pending->exchange;
  exchange.core = core_;
  exchange.started = Clock::now();
  const auto asked = ask(pending->call().question(), trusted_, exchange);
  http::Next next;
  {
    const std::lock_guard turn(mutex_);
    if (!asked) {
      refuse(*pending, asked.error());
    } else if (calls_ > calls_max) {
      refuse(*pending, busy());
    } else {
      try {
        next = application_.begin(exchange);
      } catch (const std::exception& exception) {
        refuse(*pending, {Errc::internal, "Internal error", exception.what()});
      }
    }
  }
  if (next.pool == http::Pool::none) return answer(*pending);
  if (next.pool == http::Pool::deferred) return hold_back(pending);
  hand_over(pending);
}

void EnvoyChecks::hold_back(const PendingPtr& pending) {
  if (application_.defer(pending->exchange, [this, pending] { answer(*pending); })) return;
  refuse(*pending, busy());
  answer(*pending);
}

void EnvoyChecks::hand_over(const PendingPtr& pending) {
  Job job = [this, pending] { finish(pending); };
  if (submit_(job)) return;
  refuse(*pending, busy());
  answer(*pending);
}

// On a worker. For an answer that nobody waits for nothing is used up.
void EnvoyChecks::finish(const PendingPtr& pending) {
  ApiExchange& exchange = pending->exchange;
  const bool is_late = Clock::now() - exchange.started > queue_timeout;
  try {
    if (is_late || pending->call().is_cancelled()) {
      refuse(*pending, busy());
    } else {
      application_.finish(exchange);
    }
  } catch (const std::exception& exception) {
    refuse(*pending, {Errc::internal, "Internal error", exception.what()});
  }
  answer(*pending);
}

// On any thread once begin() has named the request. Whatever was written of another answer goes.
void EnvoyChecks::refuse(Pending& pending, const Error& error) {
  pending.exchange.response.clear();
  application_.refuse(pending.exchange, error);
}

void EnvoyChecks::answer(Pending& pending) {
  try {
    const std::lock_guard turn(mutex_);
    application_.answered(pending.exchange, Clock::now() - pending.exchange.started);
  } catch (const std::bad_alloc&) {  // no memory for the log
  }
  pending.answer();
}

}  // namespace agentauth::api
