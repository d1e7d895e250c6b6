#include <algorithm>

#include "api/handlers_access.h"
#include "gateway/request_host.h"

namespace agentauth::api {
namespace {

bool comes_through_proxy(const Services& services, const http::Request& request) {
  const auto& proxies = services.settings.trusted_proxies;
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const Network& proxy) { return proxy.contains(request.peer); });
}

// The host that the proxy was asked for, nothing when it says none. A proxy that passes on what its
// client sent says perhaps several, or none that could stand in a URL. Errors: malformed_request.
Result<std::optional<std::string_view>> outside_host(const http::Request& request) {
  std::optional<std::string_view> host;
  for (const http::Header& header : request.headers()) {
    if (!http::equal_ignoring_case(header.name, "X-Forwarded-Host")) continue;
    if (host || !RequestHost().read(header.value))
      return failure(Errc::malformed_request, "X-Forwarded-Host must be one host");
    host = header.value;
  }
  return host;
}

// Where this server is reached: as it is configured, else as the request says. What proxies say of
// the outside counts only from those that are trusted. Errors: those of outside_host().
Result<std::string> base_url(const Services& services, const http::Request& request) {
  const Settings& settings = services.settings;
  if (!settings.base_url.empty()) return settings.base_url;
  std::string_view scheme = settings.serves_tls ? "https" : "http";
  std::string_view host = request.find("Host").value_or("localhost");
  if (comes_through_proxy(services, request)) {
    if (request.find("X-Forwarded-Proto") == "https") scheme = "https";
    if (const auto outside = TRY(outside_host(request))) host = *outside;
  }
  return std::string(scheme).append("://").append(host);
}

}  // namespace

Result<void> decision_point(Services& services, ApiExchange& exchange) {
  const std::string base = TRY(base_url(services, exchange.request));
  // It may name whatever host was asked for: that is for nobody else.
  exchange.response.add_header("Cache-Control", "no-store");
  exchange.answer(
      exchange.operation->status,
      DecisionPoint{base, base + "/access/v1/evaluation", base + "/access/v1/evaluations",
                    base + "/access/v1/search/subject", base + "/access/v1/search/resource",
                    base + "/access/v1/search/action"});
  return {};
}

}  // namespace agentauth::api
