// The steps of a request that have nothing to do with who calls.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "api/handlers.h"
#include "api/operations.h"
#include "base/fields.h"
#include "http/message.h"
#include "http/router.h"

namespace agentauth::bench {
namespace {

using benchmark::State;

void parse_json_login(State& state) {
  const std::string body =
      R"({"api_key":"aa_4fJx0Zk2QmP1_)"
      R"(0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0a1b2c"})";
  for (auto _ : state) {
    const auto login = decode<api::Login>({{}, {}, body});
    if (!login) return state.SkipWithError("the body was refused");
    benchmark::DoNotOptimize(login->api_key.data());
  }
}
BENCHMARK(parse_json_login);

// One after the other: a route without captures, one with, and one with two.
void route_match(State& state) {
  http::Router router;
  const auto table = api::operations();
  for (std::size_t i = 0; i < table.size(); ++i) router.add(table[i].method, table[i].path, i);
  struct Call {
    http::Method method;
    std::string_view path;
  };
  static constexpr std::array calls = {
      Call{http::Method::get, "/data/weather"},
      Call{http::Method::post, "/auth/login"},
      Call{http::Method::get, "/agents/3f2504e0-4f89-41d3-9a0c-0305e82c3301"},
      Call{http::Method::get, "/agents/3f2504e0-4f89-41d3-9a0c-0305e82c3301/permissions/read"},
  };
  std::size_t next = 0;
  for (auto _ : state) {
    const Call& call = calls[next++ % calls.size()];
    const http::RouteMatch match = router.match(call.method, call.path);
    if (match.kind != http::RouteMatch::Kind::found) return state.SkipWithError("no route");
    benchmark::DoNotOptimize(match.route);
  }
}
BENCHMARK(route_match);

// The answer of the protected call.
void serialize_response(State& state) {
  http::Response response;
  const api::ProtectedData data{"Protected weather data", {}};
  std::string out;
  for (auto _ : state) {
    out.clear();
    response.clear();
    response.add_header("X-Request-ID", "4fJx0Zk2Qm-00000000000a");
    response.set_content_type("application/json");
    JsonWriter writer(response.body);
    write_fields(data, writer);
    benchmark::DoNotOptimize(
        response.serialize(out, "Tue, 24 Nov 2026 00:00:00 GMT", http::Response::Body::send));
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(serialize_response);

}  // namespace
}  // namespace agentauth::bench
