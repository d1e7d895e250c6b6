// Which routes are in force: kept in the database, followed by every node. Start here.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "base/epoch.h"
#include "gateway/route_table.h"
#include "store/database.h"

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

  // Puts what the database holds in force, if `settings_revision` is another one than the last
  // time. Safe to call from any thread that may use the database. Errors: the database's, when it
  // is to be tried again; internal, once, when what is stored cannot be read: then all stays as it
  // is.
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
  Result<GatewayRouteSet> read(Transaction& tx) const;

  Database& database_;
  EpochDomain epochs_;
  std::atomic<const RouteTable*> table_;
  std::mutex following_;
  std::atomic<Revision> followed_{-1};
};

}  // namespace agentauth
