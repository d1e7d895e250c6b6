// Decisions by roles, groups and grants with terms. There are ten grants to a role and as many
// roles as agents; an agent is in a role of its own and in a group, and the group is in another
// role: four subjects are looked at, and what allows is found in the last one.
#include <benchmark/benchmark.h>

#include <map>

#include "authz/decision.h"
#include "bench/micro/policy_set.h"
#include "policy/properties.h"

namespace agentauth::bench {
namespace {

using benchmark::State;

constexpr std::size_t grants_per_role = 10;
constexpr std::size_t agents_per_group = 10;
constexpr std::size_t draws = std::size_t{1} << 16;
// So many are at work at once: what is known of them stays in the caches.
constexpr std::size_t busy_agents = 64;

std::string document(std::size_t role, std::size_t number) {
  return "document:" + std::to_string(role) + "-" + std::to_string(number);
}

std::size_t group_of(std::size_t agent) { return agent / agents_per_group; }

// Nine documents that may be read, and some that may be written.
Result<void> add_grants(Transaction& tx, const GrantSubject& role, std::size_t number) {
  Terms terms;
  for (std::size_t i = 0; i + 1 < grants_per_role; ++i) {
    terms.resource = document(number, i);
    TRY(PolicySet::add_grant(tx, role, "read", terms));
  }
  terms.resource = "document:" + std::to_string(number) + "-*";
  return PolicySet::add_grant(tx, role, "write", terms);
}

Result<void> add_group(PolicySet& set, Transaction& tx, std::size_t number, RoleId role,
                       std::vector<RoleId>& groups) {
  const std::string name = "group:g" + std::to_string(number);
  groups.push_back(TRY(set.add_role(tx, name)));
  return PolicySet::add_member(tx, name, {}, role);
}

Result<void> fill(PolicySet& set, Transaction& tx, std::size_t agents) {
  std::vector<RoleId> groups;
  for (std::size_t i = 0; i < agents; ++i) {
    const std::string name = "role:r" + std::to_string(i);
    const RoleId role = TRY(set.add_role(tx, name));
    TRY(add_grants(tx, {name, {}, role}, i));
    if (i % agents_per_group == 0) TRY(add_group(set, tx, group_of(i), role, groups));
    const AgentId agent = TRY(set.add_agent(tx));
    TRY(PolicySet::add_member(tx, subject_of(agent), agent, role));
    TRY(PolicySet::add_member(tx, subject_of(agent), agent, groups[group_of(i)]));
  }
  return {};
}

PolicySet& set_of(std::size_t grants) {
  static std::map<std::size_t, std::unique_ptr<PolicySet>> made;
  auto& set = made[grants];
  if (!set) {
    set = std::make_unique<PolicySet>();
    set->set_up([&](Transaction& tx) { return fill(*set, tx, grants / grants_per_role); });
  }
  return *set;
}

struct Asked {
  AgentId agent;
  std::string resource;
};

// In an order that no cache can foresee; `among`: so many agents.
std::vector<Asked> asked_of(const PolicySet& set, std::size_t among) {
  std::mt19937_64 random(4);
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < among; ++i) chosen.push_back(random() % set.agents().size());
  std::vector<Asked> asked;
  asked.reserve(draws);
  for (std::size_t i = 0; i < draws; ++i) {
    const std::size_t agent = chosen[random() % chosen.size()];
    // The group is in the role of its first agent.
    const std::size_t role = group_of(agent) * agents_per_group;
    asked.push_back({set.agents()[agent], document(role, random() % (grants_per_role - 1))});
  }
  return asked;
}

void decide_all(State& state, std::size_t among) {
  PolicySet& set = set_of(static_cast<std::size_t>(state.range(0)));
  const std::vector<Asked> asked = asked_of(set, among);
  Question question;
  question.requirement = set.directory().names().requirement("read");
  question.now = Timestamp{std::chrono::seconds{1'800'000'000}};
  std::size_t count = 0;
  std::size_t allowed = 0;
  for (auto _ : state) {
    const Asked& one = asked[count++ & (draws - 1)];
    const Directory::View view(set.directory());
    question.resource = one.resource;
    allowed += decide(view, Actor(view.find_agent(one.agent)), question).allowed() ? 1 : 0;
    benchmark::DoNotOptimize(allowed);
  }
  if (allowed != count) state.SkipWithError("a wrong decision");
  state.counters["bytes_per_grant"] =
      static_cast<double>(set.bytes()) / static_cast<double>(state.range(0));
}

void policy_role_group_resource(State& state) { decide_all(state, busy_agents); }
// No two in a row of the same agent: most of what is looked at is in no cache.
void policy_role_group_resource_cold(State& state) { decide_all(state, draws); }

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(10)->Range(1000, 1'000'000);
}

// One agent in one role; what is granted beside is up to each.
void decide_one(State& state, const Terms& terms, bool is_allowed) {
  PolicySet set;
  set.set_up([&](Transaction& tx) -> Result<void> {
    const AgentId agent = TRY(set.add_agent(tx));
    const RoleId role = TRY(set.add_role(tx, "role:r"));
    TRY(PolicySet::add_member(tx, subject_of(agent), agent, role));
    if (terms.decides() == Effect::deny)
      TRY(PolicySet::add_grant(tx, {subject_of(agent), agent}, "pay"));
    return PolicySet::add_grant(tx, {"role:r", {}, role}, "pay", terms);
  });
  const auto context = must(policy::Properties::parse(R"({"amount": 499})"));
  Question question;
  question.requirement = set.directory().names().requirement("pay");
  question.action = "pay";
  question.resource = "account:7";
  question.now = Timestamp{std::chrono::seconds{1'800'000'000}};
  question.context = &context.value();
  for (auto _ : state) {
    const Directory::View view(set.directory());
    const Actor actor(view.find_agent(set.agents().front()));
    if (decide(view, actor, question).allowed() != is_allowed)
      return state.SkipWithError("a wrong decision");
  }
}

void policy_condition(State& state) {
  Terms terms;
  terms.when = "context.amount < 500";
  decide_one(state, terms, true);
}
void policy_denied(State& state) {
  Terms terms;
  terms.effect = Effect::deny;
  decide_one(state, terms, false);
}

BENCHMARK(policy_role_group_resource)->Apply(sizes);
BENCHMARK(policy_role_group_resource_cold)->Apply(sizes);
BENCHMARK(policy_condition);
BENCHMARK(policy_denied);

}  // namespace
}  // namespace agentauth::bench
