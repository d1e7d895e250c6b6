// The permission check as the dispatcher makes it: the requirement is made beforehand, the
// directory is asked whether it is fresh, pinned, searched for the agent, and the decision is made.
#include <benchmark/benchmark.h>

#include "authz/decision.h"
#include "bench/micro/population.h"

namespace agentauth::bench {
namespace {

using benchmark::State;
using SteadyClock = std::chrono::steady_clock;

bool is_allowed(const Directory& directory, SteadyClock::time_point started, AgentId id,
                const Requirement& requirement) {
  if (!directory.is_fresh(started)) return false;
  const Directory::View view(directory);
  Question question;
  question.requirement = requirement;
  return decide(view, Actor(view, view.find_agent(id)), question).allowed();
}

enum class Expect : bool { denied, allowed };

// Asks about `agents` one after the other; there must be a power of two of them.
void ask(State& state, const std::vector<AgentId>& agents, std::string_view permission,
         Expect expect) {
  Directory& directory = Population::of(static_cast<std::size_t>(state.range(0))).directory();
  const Requirement requirement = directory.names().requirement(permission);
  const auto started = SteadyClock::now();
  const std::size_t mask = agents.size() - 1;
  std::size_t asked = 0;
  std::size_t allowed = 0;
  for (auto _ : state) {
    allowed += is_allowed(directory, started, agents[asked++ & mask], requirement) ? 1 : 0;
    benchmark::DoNotOptimize(allowed);
  }
  if (allowed != (expect == Expect::allowed ? asked : 0)) state.SkipWithError("a wrong decision");
}

const std::vector<AgentId>& drawn(State& state) {
  return Population::of(static_cast<std::size_t>(state.range(0))).drawn();
}

void check_exact(State& state) { ask(state, drawn(state), exact_grant, Expect::allowed); }

void check_exact_same_agent(State& state) {
  ask(state, {drawn(state).front()}, exact_grant, Expect::allowed);
}

// Covered by metrics:*, the third of four patterns that would do.
void check_wildcard(State& state) { ask(state, drawn(state), "metrics:cpu:read", Expect::allowed); }

void check_denied(State& state) {
  ask(state, drawn(state), "billing:invoices:write", Expect::denied);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(10)->Range(1000, 1'000'000);
}

BENCHMARK(check_exact)->Apply(sizes);
BENCHMARK(check_exact_same_agent)->Apply(sizes);
BENCHMARK(check_wildcard)->Apply(sizes);
BENCHMARK(check_denied)->Apply(sizes);

}  // namespace
}  // namespace agentauth::bench
