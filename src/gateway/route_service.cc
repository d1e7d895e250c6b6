#include "gateway/route_service.h"

namespace agentauth {
namespace {

constexpr const char* setting_name = "gateway_routes";

Error unreadable(const Error& why) {
  Error error{Errc::internal, "The stored gateway routes cannot be read", why.message};
  for (const FieldError& field : why.fields)
    error.detail += "; " + field.field + ' ' + field.message;
  return error;
}

}  // namespace

GatewayRouteService::GatewayRouteService(Database& database)
    : database_(database), table_(std::make_unique<const RouteTable>().release()) {}

GatewayRouteService::~GatewayRouteService() { delete table_.load(); }

Result<GatewayRouteSet> GatewayRouteService::read(Transaction& tx) const {
  const auto stored = TRY(tx.settings().find(setting_name));
  if (!stored) return GatewayRouteSet{};
  auto set = decode<GatewayRouteSet>({{}, {}, *stored});
  if (!set) return tl::unexpected(unreadable(set.error()));
  return *std::move(set);
}

Result<GatewayRouteSet> GatewayRouteService::find(Transaction& tx, const ShowGatewayRoutes&) {
  return read(tx);
}

Result<GatewayRouteSet> GatewayRouteService::replace(Transaction& tx, const GatewayRouteSet& set) {
  TRY(RouteTable::create(set));
  std::string text;
  JsonWriter out(text);
  write_fields(set, out);
  TRY(tx.settings().replace(setting_name, text));
  TRY(tx.changes().append(ChangeKind::setting, AgentId{}));
  return set;
}

Result<void> GatewayRouteService::follow(Revision settings_revision) {
  if (followed_.load(std::memory_order_acquire) == settings_revision) return {};
  const std::lock_guard lock(following_);
  if (followed_.load(std::memory_order_relaxed) == settings_revision) return {};
  const auto set = database_.read([&](Transaction& tx) { return read(tx); });
  if (!set && set.error().code != Errc::internal) return tl::unexpected(set.error());
  followed_.store(settings_revision, std::memory_order_release);
  if (!set) return tl::unexpected(set.error());
  auto table = RouteTable::create(*set);
  if (!table) return tl::unexpected(unreadable(table.error()));
  const RouteTable* const before = table_.exchange(
      std::make_unique<const RouteTable>(*std::move(table)).release(), std::memory_order_seq_cst);
  epochs_.retire(std::unique_ptr<const RouteTable>(before));
  return {};
}

}  // namespace agentauth
