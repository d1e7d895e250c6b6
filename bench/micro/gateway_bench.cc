// What a gateway's question costs before anybody is asked who calls: the same with ten routes and
// with a thousand.
#include <benchmark/benchmark.h>

#include <string>

#include "gateway/request_host.h"
#include "gateway/request_path.h"
#include "gateway/route_table.h"

namespace agentauth::bench {
namespace {

using benchmark::State;

RouteTable table_of(std::int64_t routes) {
  GatewayRouteSet set;
  for (std::int64_t i = 0; i < routes; ++i)
    set.routes.push_back({{"GET"},
                          i % 2 == 0 ? "*" : "*.example.com",
                          "/api/v" + std::to_string(i) + "/projects/{id}/weather",
                          "read_weather",
                          "project:{id}"});
  return RouteTable::create(set).value();
}

void gateway_route(State& state) {
  const RouteTable table = table_of(state.range(0));
  const std::string target = "/api/v4/projects/3f2504e0-4f89-41d3-9a0c-0305e82c3301/weather?day=1";
  for (auto _ : state) {
    RequestPath path;
    RequestHost host;
    if (path.read(target) || !host.read("API.example.com:443"))
      return state.SkipWithError("refused");
    const auto match = table.match({"GET", host.text(), path});
    ResourceName resource;
    if (match.route == nullptr || !resource.write(match)) return state.SkipWithError("no route");
    benchmark::DoNotOptimize(resource.text().data());
  }
}
BENCHMARK(gateway_route)->Arg(10)->Arg(1000);

// The costliest kind that a table may have: a literal and a capture wherever a request looks.
void gateway_route_overlapping(State& state) {
  GatewayRouteSet set;
  for (unsigned bits = 0; bits < 64; ++bits) {
    std::string path;
    for (int i = 0; i < 6; ++i)
      path += (bits >> i) % 2 == 0 ? "/a" : "/{c" + std::to_string(i) + "}";
    set.routes.push_back({{"GET"}, "*", path + "/end", "p", {}});
  }
  const RouteTable table = RouteTable::create(set).value();
  for (auto _ : state) {
    RequestPath path;
    if (path.read("/a/a/a/a/a/a/other")) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(table.match({"GET", "a", path}).route);
  }
}
BENCHMARK(gateway_route_overlapping);

}  // namespace
}  // namespace agentauth::bench
