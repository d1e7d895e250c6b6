// The permission check as the dispatcher makes it: the requirement is made beforehand, the
// directory is asked whether it is fresh, pinned, searched for the agent, and the decision is made.
#include <benchmark/benchmark.h>

#include <random>

#include "authz/decision.h"
#include "authz/grant_uses.h"
#include "bench/micro/population.h"

namespace agentauth::bench {
namespace {

using benchmark::State;
using SteadyClock = std::chrono::steady_clock;

constexpr Timestamp now{std::chrono::seconds{1'700'000'000}};

// `uses`: where it is noted what allowed it; nullptr: nowhere.
bool is_allowed(const Directory& directory, SteadyClock::time_point started, AgentId id,
                const Requirement& requirement, GrantUses* uses) {
  if (!directory.is_fresh(started)) return false;
  if (uses != nullptr) uses->expect(id);
  const Directory::View view(directory);
  Question question;
  question.requirement = requirement;
  question.now = now;
  const Decision decision = decide(view, Actor(view.find_agent(id)), question);
  if (uses != nullptr) note_use(*uses, decision, &id, now);
  return decision.allowed();
}

enum class Expect : bool { denied, allowed };

// Asks about `agents` one after the other; there must be a power of two of them.
void ask(State& state, const std::vector<AgentId>& agents, std::string_view permission,
         Expect expect, GrantUses* uses = nullptr) {
  Directory& directory = Population::of(static_cast<std::size_t>(state.range(0))).directory();
  const Requirement requirement = directory.names().requirement(permission);
  const auto started = SteadyClock::now();
  const std::size_t mask = agents.size() - 1;
  std::size_t asked = 0;
  std::size_t allowed = 0;
  for (auto _ : state) {
    allowed += is_allowed(directory, started, agents[asked++ & mask], requirement, uses) ? 1 : 0;
    benchmark::DoNotOptimize(allowed);
  }
  if (allowed != (expect == Expect::allowed ? asked : 0)) state.SkipWithError("a wrong decision");
}

const std::vector<AgentId>& drawn(State& state) {
  return Population::of(static_cast<std::size_t>(state.range(0))).drawn();
}

// So many are at work at once: what is known of them stays in the caches.
constexpr std::size_t busy_agents = 64;

std::vector<AgentId> drawn_of_few(State& state) {
  constexpr std::size_t draws = 4096;
  const std::vector<AgentId>& all = drawn(state);
  std::mt19937_64 random(5);
  std::vector<AgentId> few;
  few.reserve(draws);
  for (std::size_t i = 0; i < draws; ++i) few.push_back(all[random() % busy_agents]);
  return few;
}

// No two in a row of the same agent: of most of them nothing is in a cache.
void check_exact(State& state) { ask(state, drawn(state), exact_grant, Expect::allowed); }

void check_exact_busy(State& state) {
  ask(state, drawn_of_few(state), exact_grant, Expect::allowed);
}

void check_exact_same_agent(State& state) {
  ask(state, {drawn(state).front()}, exact_grant, Expect::allowed);
}

// As of a call that is let through: with a note that what allowed it was used, which was noted in
// this hour before.
void ask_and_note(State& state, const std::vector<AgentId>& agents) {
  Names& names = Population::of(static_cast<std::size_t>(state.range(0))).directory().names();
  GrantUses uses;
  const NameId name = names.intern(exact_grant);
  for (std::size_t i = 0; i < agents.size(); ++i) {
    uses.note_permission(agents[i], name, now);
    if (i % 10'000 == 0) uses.take();
  }
  uses.take();
  ask(state, agents, exact_grant, Expect::allowed, &uses);
}

void check_exact_and_note(State& state) { ask_and_note(state, drawn(state)); }

void check_exact_same_agent_and_note(State& state) { ask_and_note(state, {drawn(state).front()}); }

// Covered by metrics:*, the third of four patterns that would do.
void check_wildcard(State& state) { ask(state, drawn(state), "metrics:cpu:read", Expect::allowed); }

void check_denied(State& state) {
  ask(state, drawn(state), "billing:invoices:write", Expect::denied);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(10)->Range(1000, 1'000'000);
}

BENCHMARK(check_exact)->Apply(sizes);
BENCHMARK(check_exact_busy)->Apply(sizes);
BENCHMARK(check_exact_same_agent)->Apply(sizes);
BENCHMARK(check_exact_and_note)->Apply(sizes);
BENCHMARK(check_exact_same_agent_and_note)->Apply(sizes);
BENCHMARK(check_wildcard)->Apply(sizes);
BENCHMARK(check_denied)->Apply(sizes);

}  // namespace
}  // namespace agentauth::bench
