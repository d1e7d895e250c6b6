#include "gateway/route_service.h"

namespace agentauth {

GatewayRouteService::GatewayRouteService(Database& database)
    : stored_(database, {"gateway_routes", "gateway routes"}),
      table_(std::make_unique<const RouteTable>().release()) {}

GatewayRouteService::~GatewayRouteService() { delete table_.load(); }

Result<GatewayRouteSet> GatewayRouteService::find(Transaction& tx, const ShowGatewayRoutes&) {
  auto set = TRY(stored_.find(tx));
  return set ? *std::move(set) : GatewayRouteSet{};
}

Result<GatewayRouteSet> GatewayRouteService::replace(Transaction& tx, const GatewayRouteSet& set) {
  TRY(RouteTable::create(set));
  TRY(stored_.replace(tx, set));
  return set;
}

Result<void> GatewayRouteService::follow(Revision settings_revision) {
  return stored_.follow(settings_revision, [&](std::optional<GatewayRouteSet> set) -> Result<void> {
    auto table = RouteTable::create(set ? *set : GatewayRouteSet{});
    if (!table) return tl::unexpected(stored_.unreadable(table.error()));
    const RouteTable* const before = table_.exchange(
        std::make_unique<const RouteTable>(*std::move(table)).release(), std::memory_order_seq_cst);
    epochs_.retire(std::unique_ptr<const RouteTable>(before));
    return {};
  });
}

}  // namespace agentauth
