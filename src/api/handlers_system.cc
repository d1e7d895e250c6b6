// What belongs to the server rather than to agents: health, metrics, documentation.
#include <algorithm>

#include "api/handlers.h"
#include "api/openapi.h"
#include "store/migrations.h"
#include "web/assets.h"

namespace agentauth::api {

Result<void> current_agent(Services& services, ApiExchange& exchange) {
  const Agent agent = TRY(services.database.read([&](Transaction& tx) {
    return services.agents.find(tx, NameAgent{exchange.caller->agent_id});
  }));
  // For services that ask on whose behalf they were called: a key may be worth less than its agent.
  exchange.response.add_header("X-AgentAuth-Kid", text_of(exchange.caller->key));
  exchange.answer(exchange.operation->status, agent);
  return {};
}

Result<void> health(Services&, ApiExchange& exchange) {
  exchange.answer(exchange.operation->status, Health{"ok"});
  return {};
}

Result<void> readiness(Services& services, ApiExchange& exchange) {
  const int version = TRY(services.database.read(
      [](Transaction& tx) -> Result<int> { return find_schema_version(tx); }));
  if (version != schema_version())
    return failure(Errc::unavailable, "The database has another schema version");
  if (!services.directory.is_fresh(std::chrono::steady_clock::now()))
    return failure(Errc::unavailable, "The directory has not heard from the database lately");
  exchange.answer(exchange.operation->status,
                  Readiness{"ready", std::string(services.database.driver().name()), version,
                            services.directory.revision()});
  return {};
}

Result<void> metrics(Services& services, ApiExchange& exchange) {
  exchange.response.set_content_type("text/plain; version=0.0.4; charset=utf-8");
  services.metrics.write(exchange.response.body);
  return {};
}

Result<void> openapi(Services& services, ApiExchange& exchange) {
  exchange.response.set_content_type("application/json");
  exchange.response.add_header("X-Content-Type-Options", "nosniff");
  static const std::string document = [&] {
    std::string text;
    write_openapi(services.settings.version, text);
    return text;
  }();
  exchange.response.set_static_body(document);
  return {};
}

Result<void> documentation(Services&, ApiExchange& exchange) {
  const auto assets = web::assets();
  const auto found = std::find_if(assets.begin(), assets.end(), [&](const web::Asset& asset) {
    return asset.path == exchange.request.path;
  });
  if (found == assets.end()) return failure(Errc::not_found, "No such page");
  exchange.response.set_content_type(found->content_type);
  exchange.response.set_static_body(found->body);
  exchange.response.add_header("X-Content-Type-Options", "nosniff");
  exchange.response.add_header(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; "
      "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'");
  return {};
}

}  // namespace agentauth::api
