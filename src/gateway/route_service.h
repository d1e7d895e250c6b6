// Which routes are in force: kept in the database, followed by every node. Start here.
#pragma once

#include <atomic>
#include <memory>

#include "base/epoch.h"
#include "gateway/route_table.h"
#include "store/followed_setting.h"

namespace agentauth {

struct ShowGatewayRoutes {
  static constexpr std::array<Field, 0> fields() { return {}; }
};

class GatewayRouteService {
 public:
  // The caller's, and outlives this. Until the first follow() there are no routes.
  explicit GatewayRouteService(Database& database);
  ~GatewayRouteService();

  // Those that were put last; none while nobody has put any: everything is denied.
  Result<GatewayRouteSet> find(Transaction& tx, const ShowGatewayRoutes& request);
  // All of them at once. Errors: invalid_argument; see RouteTable::create.
  Result<GatewayRouteSet> replace(Transaction& tx, const GatewayRouteSet& set);

  // Puts what the database holds in force: see FollowedSetting::follow.
  Result<void> follow(Revision settings_revision);

  // The table in force, for as long as this lives. Short-lived; stays on its thread.
  class InForce {
   public:
    explicit InForce(const GatewayRouteService& service)
        : pin_(service.epochs_), table_(service.table_.load(std::memory_order_seq_cst)) {}
    const RouteTable& operator*() const { return *table_; }
    const RouteTable* operator->() const { return table_; }

   private:
    EpochDomain::Pin pin_;
    const RouteTable* table_;
  };

 private:
  FollowedSetting<GatewayRouteSet> stored_;
  EpochDomain epochs_;
  std::atomic<const RouteTable*> table_;
};

}  // namespace agentauth
