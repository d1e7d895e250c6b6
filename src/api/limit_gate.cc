#include "api/limit_gate.h"

#include <algorithm>

#include "api/operations.h"

namespace agentauth::api {
namespace {

// When the request arrived: the moment that counts, and no look at a clock.
std::int64_t now_ns(const ApiExchange& exchange) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(exchange.started.time_since_epoch())
      .count();
}

Error too_many(const LimitReport& report) {
  static constexpr std::int64_t second_ns = 1'000'000'000;
  // Room may have come up since the refusal.
  const std::int64_t seconds =
      std::max<std::int64_t>((report.retry_in_ns + second_ns - 1) / second_ns, 1);
  Error error{Errc::rate_limited,
              "Too many requests; try again in " + std::to_string(seconds) + " s"};
  error.retry_after_seconds = seconds;
  return error;
}

Result<void> admit(Limiter& limiter, ApiExchange& exchange,
                   std::span<const Limiter::Party> parties) {
  const std::size_t route = index_of(*exchange.operation);
  if (limiter.admit(route, parties, now_ns(exchange), exchange.limits)) return {};
  return tl::unexpected(too_many(exchange.limits));
}

bool is_watched(const Limiter& limiter, const ApiExchange& exchange, LimitScope scope) {
  return limiter.watches(index_of(*exchange.operation), scope);
}

bool is_refusal(Errc code) {
  return code == Errc::unauthenticated || code == Errc::permission_denied ||
         code == Errc::registration_closed;
}

LimitedRoute limited_route(const Operation& operation, Registration registration) {
  using enum LimitScope;
  std::string name(http::to_string(operation.method));
  name.append(" ").append(operation.path);
  switch (operation.access) {
    case Access::anonymous:
      if (operation.binding.audit == AuditAction::login)
        return {name, {address, agent, key, owner}, {address, key}};
      if (operation.binding.audit == AuditAction::login_refresh)
        return {name, {address, agent, key, owner}, {address}};
      return {
          name, {address}, {address}, operation.path == "/healthz" || operation.path == "/readyz"};
    case Access::registrant:
      if (registration == Registration::open) return {name, {address, owner}, {address}};
      return {name, {address, agent, key, owner}, {address, agent, key}};
    case Access::any_agent:
    case Access::permission:
    case Access::permission_or_self:
    case Access::permission_or_about_self:
    case Access::gateway:
      break;
  }
  return {name, {address, agent, key, owner}, {address, agent, key}};
}

}  // namespace

std::vector<LimitedRoute> limited_routes(Registration registration) {
  std::vector<LimitedRoute> routes;
  for (const Operation& operation : operations())
    routes.push_back(limited_route(operation, registration));
  return routes;
}

Result<void> admit_client(Limiter& limiter, ApiExchange& exchange) {
  if (!is_watched(limiter, exchange, LimitScope::address)) return {};
  const IpAddress identity = address_limit_identity(exchange.client_address());
  return admit(limiter, exchange, {{{LimitScope::address, identity}}});
}

Result<void> admit_agent(Services& services, ApiExchange& exchange, const AgentId& agent,
                         std::string_view kid) {
  Limiter& limiter = services.limiter;
  std::array<Limiter::Party, 3> parties;
  std::size_t size = 0;
  const auto add = [&](LimitScope scope, ByteView identity) {
    parties[size++] = {scope, identity};
  };
  if (is_watched(limiter, exchange, LimitScope::key)) add(LimitScope::key, as_bytes(kid));
  if (is_watched(limiter, exchange, LimitScope::agent)) add(LimitScope::agent, agent.uuid.bytes);
  // A registration counts for the owner that it names: see admit_owner.
  std::string owner;
  if (exchange.operation->access != Access::registrant &&
      is_watched(limiter, exchange, LimitScope::owner)) {
    const Directory::View view(services.directory);
    // Without one it is gone, and every decision says so.
    if (const AgentProfile* profile = view.find_profile(agent)) {
      owner = owner_identity(profile->owner());
      add(LimitScope::owner, as_bytes(owner));
    }
  }
  if (size == 0) return {};
  return admit(limiter, exchange, std::span(parties).first(size));
}

Result<void> admit_owner(Limiter& limiter, ApiExchange& exchange, std::string_view email) {
  if (!is_watched(limiter, exchange, LimitScope::owner)) return {};
  const std::string owner = owner_identity(email);
  return admit(limiter, exchange, {{{LimitScope::owner, as_bytes(owner)}}});
}

void count_refusal(Limiter& limiter, ApiExchange& exchange, Error& error) {
  if (exchange.operation == nullptr || !is_refusal(error.code)) return;
  const std::size_t route = index_of(*exchange.operation);
  if (!limiter.watches(route)) return;
  const auto counted = [&](LimitScope scope, ByteView identity) {
    return limiter.count_failure(route, {scope, identity}, now_ns(exchange), exchange.limits);
  };
  bool within = counted(LimitScope::address, address_limit_identity(exchange.client_address()));
  if (!exchange.presented_kid.empty())
    within = counted(LimitScope::key, as_bytes(exchange.presented_kid)) && within;
  if (exchange.caller) {
    within = counted(LimitScope::key, as_bytes(text_of(exchange.caller->key))) && within;
    within = counted(LimitScope::agent, exchange.caller->agent_id.uuid.bytes) && within;
  }
  if (!within) error = too_many(exchange.limits);
}

void write_limit_headers(const Limiter& limiter, ApiExchange& exchange) {
  if (exchange.limits.size == 0) return;
  std::string policy;
  std::string state;
  for (std::string* text : {&policy, &state}) text->reserve(128);
  limiter.write_headers(exchange.limits, policy, state);
  if (policy.empty()) return;
  exchange.response.add_header("RateLimit-Policy", policy);
  exchange.response.add_header("RateLimit", state);
}

}  // namespace agentauth::api
