// A grant's condition, told from facts that are there already.
#include <benchmark/benchmark.h>

#include "policy/condition.h"
#include "policy/properties.h"

namespace agentauth::bench {
namespace {

using benchmark::State;
using policy::Condition;
using policy::Facts;
using policy::Outcome;
using policy::Properties;

void evaluate(State& state, std::string_view text) {
  const auto resource = Properties::parse(
      R"({"owner": "alice", "region": "eu", "roles": ["reader", "writer"], "status": "active"})");
  const auto context = Properties::parse(
      R"({"amount": 499.99, "currency": "EUR", "ip": "10.1.2.3", "t": "2026-01-31T12:00:00Z"})");
  const auto condition = Condition::compile(text);
  if (!resource || !context || !condition) return state.SkipWithError("wrong inputs");
  Facts facts;
  facts.subject = {"user", "alice"};
  facts.action = "pay";
  facts.resource = {"account", "7"};
  facts.resource.properties.sources[0] = &resource->value();
  facts.context.sources[0] = &context->value();
  facts.now = Timestamp{std::chrono::seconds{1'800'000'000}};
  for (auto _ : state) {
    const Outcome outcome = condition->evaluate(facts);
    benchmark::DoNotOptimize(outcome);
    if (outcome != Outcome::yes) return state.SkipWithError("a wrong outcome");
  }
}

void condition_two_comparisons(State& state) {
  evaluate(state, R"(resource.properties.status == "active" && context.amount < 500)");
}
void condition_owner(State& state) { evaluate(state, "resource.properties.owner == subject.id"); }
void condition_network(State& state) { evaluate(state, R"(inNetwork(context.ip, "10.0.0.0/8"))"); }
void condition_role(State& state) { evaluate(state, R"("writer" in resource.properties.roles)"); }
void condition_time(State& state) {
  evaluate(state, R"(now - timestamp(context.t) < duration("24000h"))");
}

BENCHMARK(condition_two_comparisons);
BENCHMARK(condition_owner);
BENCHMARK(condition_network);
BENCHMARK(condition_role);
BENCHMARK(condition_time);

}  // namespace
}  // namespace agentauth::bench
