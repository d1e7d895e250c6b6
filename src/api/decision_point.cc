#include <algorithm>

#include "api/handlers_access.h"

namespace agentauth::api {
namespace {

bool comes_through_proxy(const Services& services, const http::Request& request) {
  const auto& proxies = services.settings.trusted_proxies;
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const Network& proxy) { return proxy.contains(request.peer); });
}

// Where this server is reached: as it is configured, else as the request says. What proxies say of
// the outside counts only from those that are trusted.
std::string base_url(const Services& services, const http::Request& request) {
  const Settings& settings = services.settings;
  if (!settings.base_url.empty()) return settings.base_url;
  std::string_view scheme = settings.serves_tls ? "https" : "http";
  std::string_view host = request.find("Host").value_or("localhost");
  if (comes_through_proxy(services, request)) {
    if (request.find("X-Forwarded-Proto") == "https") scheme = "https";
    if (const auto outside = request.find("X-Forwarded-Host")) host = *outside;
  }
  return std::string(scheme).append("://").append(host);
}

}  // namespace

Result<void> decision_point(Services& services, ApiExchange& exchange) {
  const std::string base = base_url(services, exchange.request);
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
