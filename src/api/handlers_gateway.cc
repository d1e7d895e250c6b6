// May a gateway pass on the request that it holds? Each gateway tells in its own way what that
// request is: in headers, as the request itself, in a message of gRPC. answer() is the one reading
// of it and the one decision about it.
//
// Nothing of it is believed that could be read in two ways: a header that is repeated, a path with
// more than one spelling, a host that is a list. Such a request is denied, whoever sent it.
#include <algorithm>

#include "api/enforcement.h"
#include "api/gateway_answer.h"
#include "api/handlers.h"
#include "authz/decision.h"
#include "gateway/request_host.h"
#include "gateway/request_path.h"

namespace agentauth::api {
namespace {

// By these a client asks some backends to answer another request than the one that was checked.
constexpr std::array<std::string_view, 5> overrides = {"x-http-method-override", "x-http-method",
                                                       "x-method-override", "x-original-url",
                                                       "x-rewrite-url"};
// By these gateways tell which request they ask about. One asks by its own, and clients may send
// the others.
constexpr std::array<std::string_view, 2> methods_told = {"x-original-method",
                                                          "x-forwarded-method"};
constexpr std::array<std::string_view, 2> targets_told = {"x-original-uri", "x-forwarded-uri"};
constexpr std::array<std::string_view, 2> hosts_told = {"x-original-host", "x-forwarded-host"};

struct Identity {
  AgentId id;
  std::string_view name;  // views of the directory's
  std::string_view owner;
};

// Of an agent that the directory knows.
Identity identity_of(const Directory::View& view, const AgentId& id) {
  const AgentProfile* profile = view.find_profile(id);
  if (profile == nullptr) return {id, {}, {}};
  return {id, profile->name(), profile->owner()};
}

// `cause` is for the log alone.
tl::unexpected<Error> refused(ApiExchange& exchange, GatewayReason reason,
                              std::string_view cause = {}) {
  exchange.gateway.reason = reason;
  return failure(Errc::permission_denied, describe(reason),
                 cause.empty() ? to_string(reason) : cause);
}

tl::unexpected<Error> nobody(ApiExchange& exchange, Error why) {
  exchange.gateway.reason = GatewayReason::unauthenticated;
  why.code = Errc::unauthenticated;
  return tl::unexpected(std::move(why));
}

// A header that says what is asked about. Errors: those of refused().
Result<std::string_view> read_header(ApiExchange& exchange, std::string_view name) {
  std::optional<std::string_view> value;
  for (const http::Header& header : exchange.request.headers()) {
    if (!http::equal_ignoring_case(header.name, name)) continue;
    if (value) return refused(exchange, GatewayReason::repeated_header);
    value = header.value;
  }
  if (!value) return refused(exchange, GatewayReason::missing_header);
  return *value;
}

Result<std::string_view> read_optional_header(ApiExchange& exchange, std::string_view name) {
  if (!exchange.request.find(name)) return std::string_view();
  return read_header(exchange, name);
}

// Whether backends that read headers as variables take one for the other: in whatever case, with
// whatever of - and _. `known` is in small letters and has no _.
bool reads_as(std::string_view name, std::string_view known) {
  return name.size() == known.size() &&
         std::equal(name.begin(), name.end(), known.begin(), [](char c, char of_known) {
           if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
           return c == of_known || (c == '_' && of_known == '-');
         });
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& known) {
  return std::any_of(known.begin(), known.end(),
                     [&](std::string_view other) { return reads_as(name, other); });
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

bool is_host(std::string_view told, const RequestHost& host) {
  RequestHost other;
  return other.read(told) && other.text() == host.text();
}

// That no header tells of another request than the one that is asked about; of its host, where that
// is known. Errors: those of refused().
Result<void> require_one_request(ApiExchange& exchange, const GatewayQuestion& original,
                                 const RequestHost& host) {
  for (const http::Header& header : exchange.request.headers()) {
    if (header.name.empty() || (header.name.front() | 0x20) != 'x') continue;
    if (is_one_of(header.name, overrides)) return refused(exchange, GatewayReason::override_header);
    const bool contradicts =
        (is_one_of(header.name, methods_told) && header.value != original.method) ||
        (is_one_of(header.name, targets_told) &&
         path_of(header.value) != path_of(original.target)) ||
        (is_one_of(header.name, hosts_told) && !host.text().empty() &&
         !is_host(header.value, host));
    if (contradicts) return refused(exchange, GatewayReason::repeated_header);
  }
  return {};
}

void add_text_header(ApiExchange& exchange, std::string_view name, std::string_view text) {
  std::string& scratch = exchange.gateway.scratch;
  scratch.clear();
  append_header_text(text, scratch);
  exchange.response.add_header(name, scratch);
}

// All of the headers, known or not: a gateway replaces what a client sent by those alone that it
// was answered.
void answer_yes(ApiExchange& exchange, GatewayReason reason, const Identity* identity) {
  exchange.gateway.reason = reason;
  exchange.response.set_status(exchange.operation->status);
  exchange.response.add_header("X-AgentAuth-Reason", to_string(reason));
  std::array<char, 36> id{};
  if (identity != nullptr) identity->id.uuid.write(id.data());
  exchange.response.add_header("X-Agent-Id", identity == nullptr
                                                 ? std::string_view()
                                                 : std::string_view(id.data(), id.size()));
  add_text_header(exchange, "X-Agent-Name", identity == nullptr ? "" : identity->name);
  add_text_header(exchange, "X-Agent-Owner", identity == nullptr ? "" : identity->owner);
}

// Who calls, if that is known and it may act. Errors: unauthenticated.
Result<Actor> find_caller(ApiExchange& exchange, const Directory::View& view, Timestamp now) {
  if (!exchange.caller)
    return nobody(exchange, exchange.gateway.no_caller.value_or(
                                Error{Errc::unauthenticated, "Credentials are required"}));
  auto actor = find_acting(view, *exchange.caller, now);
  if (actor) return *actor;
  exchange.caller.reset();
  return nobody(exchange, std::move(actor).error());
}

// Everybody may. Who proves to be an agent is named; a token that proves nothing is as good as
// none, since it may be one of the backend's own.
void answer_open(Services& services, ApiExchange& exchange) {
  const Directory::View view(services.directory);
  const bool known =
      exchange.caller && find_acting(view, *exchange.caller, services.clock.now()).has_value();
  if (!known) {
    exchange.caller.reset();
    return answer_yes(exchange, GatewayReason::open, nullptr);
  }
  const Identity identity = identity_of(view, exchange.caller->agent_id);
  answer_yes(exchange, GatewayReason::open, &identity);
}

enum class Thread : std::uint8_t { core, worker };

struct Asked {
  const RouteTable::Match& match;
  const Circumstances& circumstances;
  std::string_view resource;  // empty: nothing in particular
};

// Nothing, on the core, when a grant is to be counted, which needs the database.
Result<std::optional<Reason>> decide_route(Services& services, ApiExchange& exchange,
                                           const Asked& asked, Thread thread) {
  const Timestamp now = services.clock.now();
  const auto ask = [&](const Directory::View& view,
                       std::span<const GrantId> spent) -> Result<Decision> {
    const Actor actor = TRY(find_caller(exchange, view, now));
    Question question = question_of(view, *asked.match.route->permission, now);
    question.resource = asked.resource;
    question.circumstances = asked.circumstances;
    question.spent = spent;
    return decide(view, actor, question);
  };
  const AskedAbout about{*asked.match.route->permission, asked.resource, exchange.subject.agent_id};
  // The caller chooses the request id, so that is not what counts as one use.
  if (thread == Thread::worker) {
    const Reason reason = TRY(enforce(services, exchange, about, new_use(services), ask)).reason;
    exchange.decided.note(decided_by(reason));
    return reason;
  }
  const Directory::View view(services.directory);
  const Decision decision = TRY(ask(view, {}));
  if (decision.is_to_be_spent()) return std::nullopt;
  exchange.decided.note(decided_by(decision.reason));
  record_audited(services, exchange, about, decision);
  if (decision.allowed()) note_use(services.grant_uses, decision, &exchange.caller->agent_id, now);
  return decision.reason;
}

// False when a worker has to.
Result<bool> answer_match(Services& services, ApiExchange& exchange, const RouteTable::Match& match,
                          const Circumstances& circumstances, Thread thread) {
  if (match.route == nullptr) return refused(exchange, match.refused);
  if (!match.route->permission) {
    answer_open(services, exchange);
    return true;
  }
  ResourceName resource;
  const bool names_one = !match.route->resource.parts.empty();
  if (names_one && !resource.write(match)) {
    const Directory::View view(services.directory);
    TRY(find_caller(exchange, view, services.clock.now()));
    return refused(exchange, GatewayReason::bad_resource);
  }
  const Asked asked{match, circumstances, names_one ? resource.text() : std::string_view()};
  const auto reason = TRY(decide_route(services, exchange, asked, thread));
  if (!reason) return false;
  if (*reason != Reason::granted) {
    exchange.gateway.permission = *match.route->permission;
    exchange.gateway.resource = asked.resource;
    return refused(exchange, GatewayReason::permission_denied, to_string(*reason));
  }
  const Directory::View view(services.directory);
  const Identity identity = identity_of(view, exchange.caller->agent_id);
  answer_yes(exchange, GatewayReason::allowed, &identity);
  return true;
}

Result<bool> answer(Services& services, ApiExchange& exchange, const GatewayQuestion& original,
                    Thread thread) {
  RequestHost host;
  if (!original.host.empty() && !host.read(original.host))
    return refused(exchange, GatewayReason::bad_host);
  TRY(require_one_request(exchange, original, host));
  if (!is_request_method(original.method)) return refused(exchange, GatewayReason::bad_method);
  RequestPath path;
  if (const auto fault = path.read(original.target)) return refused(exchange, *fault);
  const GatewayRouteService::InForce routes(services.gateway_routes);
  const Circumstances circumstances{
      .address = &exchange.client_address(), .method = original.method, .host = host.text()};
  auto answered =
      answer_match(services, exchange, routes->match({original.method, host.text(), path}),
                   circumstances, thread);
  // For the audit trail.
  if (!answered && exchange.subject.agent_id && exchange.gateway.resource.empty())
    exchange.gateway.path = path.to_string();
  return answered;
}

Result<GatewayQuestion> read_nginx(ApiExchange& exchange) {
  return GatewayQuestion{.method = TRY(read_header(exchange, "X-Original-Method")),
                         .host = TRY(read_optional_header(exchange, "X-Original-Host")),
                         .target = TRY(read_header(exchange, "X-Original-URI"))};
}

Result<GatewayQuestion> read_forwarded(ApiExchange& exchange) {
  return GatewayQuestion{.method = TRY(read_header(exchange, "X-Forwarded-Method")),
                         .host = TRY(read_optional_header(exchange, "X-Forwarded-Host")),
                         .target = TRY(read_header(exchange, "X-Forwarded-Uri"))};
}

// Over HTTP or over gRPC (envoy_checks.cc).
Result<GatewayQuestion> read_envoy(ApiExchange& exchange) {
  if (exchange.gateway.is_contradictory) return refused(exchange, GatewayReason::repeated_header);
  if (exchange.gateway.asked) return *exchange.gateway.asked;
  // The slash before the rest is the path's own.
  const std::string_view rest = exchange.captures.rest;
  const std::string_view path = exchange.request.path;
  return GatewayQuestion{.method = exchange.request.method_text,
                         .host = exchange.request.find("Host").value_or(""),
                         .target = path.substr(path.size() - rest.size() - 1)};
}

}  // namespace

Result<bool> answer_nginx_from_memory(Services& services, ApiExchange& exchange, http::ShareName&) {
  return answer(services, exchange, TRY(read_nginx(exchange)), Thread::core);
}

Result<void> answer_nginx(Services& services, ApiExchange& exchange) {
  TRY(answer(services, exchange, TRY(read_nginx(exchange)), Thread::worker));
  return {};
}

Result<bool> answer_forward_auth_from_memory(Services& services, ApiExchange& exchange,
                                             http::ShareName&) {
  return answer(services, exchange, TRY(read_forwarded(exchange)), Thread::core);
}

Result<void> answer_forward_auth(Services& services, ApiExchange& exchange) {
  TRY(answer(services, exchange, TRY(read_forwarded(exchange)), Thread::worker));
  return {};
}

Result<bool> answer_envoy_from_memory(Services& services, ApiExchange& exchange, http::ShareName&) {
  return answer(services, exchange, TRY(read_envoy(exchange)), Thread::core);
}

Result<void> answer_envoy(Services& services, ApiExchange& exchange) {
  TRY(answer(services, exchange, TRY(read_envoy(exchange)), Thread::worker));
  return {};
}

}  // namespace agentauth::api
