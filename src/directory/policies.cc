// The part of the directory that holds what decisions need beyond plain permissions: grants with
// terms, roles and groups, attributes.
#include <map>

#include "directory/directory.h"
#include "directory/internal/profile_of.h"
#include "directory/internal/tables.h"
#include "directory/news.h"
#include "policy/names.h"

namespace agentauth {

const SubjectPolicy* Directory::View::find_policy(const AgentId& id) const {
  return tables_->agent_policies.find(id.uuid.hash(), id);
}

const SubjectPolicy* Directory::View::find_principal(std::string_view name,
                                                     std::uint64_t hash) const {
  if (news_ != nullptr)
    if (const auto* newer = news_->find_policy(name)) return newer->get();
  return tables_->principals.find(hash, name);
}

const SubjectPolicy* Directory::View::find_policy(std::string_view principal) const {
  if (principal == policy::every_agent) return every_agents_policy();
  return find_principal(principal, hash_of_name(principal));
}

const SubjectPolicy* Directory::View::find_policy(const MembershipRule& membership) const {
  const SubjectPolicy* policy = find_principal(membership.of, membership.of_hash);
  return policy != nullptr && policy->role_id() == membership.role_id ? policy : nullptr;
}

const SubjectPolicy* Directory::View::every_agents_policy() const {
  if (news_ != nullptr)
    if (const auto* newer = news_->find_policy(policy::every_agent)) return newer->get();
  return tables_->every_agent.load(std::memory_order_seq_cst);
}

const AgentProfile* Directory::View::find_profile(const AgentId& id) const {
  return tables_->profiles.find(id.uuid.hash(), id);
}

const JsonValue* Directory::View::find_properties(std::string_view entity) const {
  if (news_ != nullptr)
    if (const auto* newer = news_->find_properties(entity))
      return *newer ? &(*newer)->value() : nullptr;
  const KnownEntity* known = tables_->entities.find(hash_of_name(entity), entity);
  return known == nullptr ? nullptr : &known->properties.value();
}

void Directory::View::each_agent(FunctionRef<void(const AgentRecord&)> visit) const {
  tables_->agents.each(visit);
}

void Directory::View::each_principal(FunctionRef<void(const SubjectPolicy&)> visit) const {
  if (const SubjectPolicy* every_agent = every_agents_policy()) visit(*every_agent);
  tables_->principals.each(visit);
}

void Directory::View::each_entity(FunctionRef<void(std::string_view)> visit) const {
  tables_->entities.each([&](const KnownEntity& known) { visit(known.name); });
}

namespace internal {

std::unique_ptr<const AgentProfile> profile_of(const AgentRepository::State& state) {
  std::unique_ptr<const policy::Properties> labels;
  if (state.labels.size() > std::string_view("{}").size())
    if (auto parsed = policy::Properties::parse(state.labels))
      labels = std::make_unique<const policy::Properties>(*std::move(parsed));
  return std::make_unique<const AgentProfile>(state.name, state.owner, std::move(labels));
}

}  // namespace internal

// What no service can have written grants nothing, and forbids nothing.
void Directory::add_rule(const Grant& grant, SubjectPolicy::Source& source) {
  if (is_permission(grant.permission))
    source.rules.push_back(GrantRule::of(grant, names_.intern(grant.permission)));
}

namespace {

MembershipRule to_rule(const RoleRepository::MembershipState& state) {
  return {state.of.principal, state.of.id, hash_of_name(state.of.principal),
          end_ms(state.expires_at)};
}

bool says_something(const SubjectPolicy::Source& source) {
  return source.role_id != RoleId{} || !source.rules.empty() || !source.memberships.empty();
}

}  // namespace

Result<std::unique_ptr<const SubjectPolicy>> Directory::read_policy(Transaction& tx,
                                                                    const std::string& subject) {
  SubjectPolicy::Source source;
  source.name = subject;
  if (policy::is_role_or_group(subject))
    if (const auto role = TRY(tx.roles().find_state(subject))) source.role_id = role->id;
  TRY(tx.grants().each_rule_of(subject, [&](const Grant& grant) { add_rule(grant, source); }));
  TRY(tx.roles().each_membership_of(subject, [&](const RoleRepository::MembershipState& state) {
    source.memberships.push_back(to_rule(state));
  }));
  if (!says_something(source)) return nullptr;
  return std::make_unique<const SubjectPolicy>(std::move(source));
}

// Everybody's, with three statements.
Result<void> Directory::read_policies(Transaction& tx, Tables& tables) {
  std::map<std::string, SubjectPolicy::Source> sources;
  TRY(tx.roles().each_state(
      [&](const RoleRepository::State& role) { sources[role.principal].role_id = role.id; }));
  TRY(tx.grants().each_rule([&](const Grant& grant) { add_rule(grant, sources[grant.subject]); }));
  TRY(tx.roles().each_membership([&](const RoleRepository::MembershipState& state) {
    sources[state.member].memberships.push_back(to_rule(state));
  }));
  for (auto& [name, source] : sources) {
    if (!says_something(source)) continue;
    source.name = name;
    put_policy(tables, std::make_unique<const SubjectPolicy>(std::move(source)));
  }
  return tx.entities().each([&](const EntityRepository::State& state) {
    auto properties = policy::Properties::parse(state.properties);
    if (!properties) return;
    auto known = std::make_unique<const KnownEntity>(
        KnownEntity{state.type + ':' + state.id, *std::move(properties)});
    const std::string_view name = known->name;
    tables.entities.put({hash_of_name(name), known.get()}, name, nullptr);
    (void)known.release();
  });
}

// Before anybody reads the tables.
void Directory::put_policy(Tables& tables, std::unique_ptr<const SubjectPolicy> policy) {
  const std::string_view name = policy->name();
  if (name == policy::every_agent) {
    tables.every_agent.store(policy.get());
  } else if (const auto agent = agent_of(name)) {
    const AgentRecord* found = tables.agents.find(agent->uuid.hash(), *agent);
    if (found == nullptr) return;
    AgentRecord record = *found;
    record.has_policy = true;
    tables.agents.put(record, *agent, nullptr);
    tables.agent_policies.put({*agent, policy.get()}, *agent, nullptr);
  } else {
    tables.principals.put({hash_of_name(name), policy.get()}, name, nullptr);
  }
  (void)policy.release();
}

Result<void> Directory::reload_principal(const std::string& name) {
  auto policy = TRY(database_.snapshot([&](Transaction& tx) { return read_policy(tx, name); }));
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  if (name == policy::every_agent) {
    std::unique_ptr<const SubjectPolicy> old(
        tables.every_agent.exchange(policy.release(), std::memory_order_seq_cst));
    epochs_.retire(std::move(old));
  } else if (policy) {
    tables.principals.put({hash_of_name(name), policy.get()}, name, &epochs_);
    (void)policy.release();  // published: the table's from here on
  } else {
    tables.principals.erase(hash_of_name(name), std::string_view(name), epochs_);
  }
  return {};
}

Result<void> Directory::reload_entity(const std::string& name) {
  const auto entity = policy::parse_entity(name);
  if (!entity) return {};
  const auto state = TRY(database_.read([&](Transaction& tx) {
    return tx.entities().find(std::string(entity->type), std::string(entity->id));
  }));
  auto properties = state ? policy::Properties::parse(state->properties)
                          : Result<policy::Properties>(failure(Errc::not_found, "none"));
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  if (!properties) {
    tables.entities.erase(hash_of_name(name), std::string_view(name), epochs_);
    return {};
  }
  auto known = std::make_unique<const KnownEntity>(KnownEntity{name, *std::move(properties)});
  tables.entities.put({hash_of_name(name), known.get()}, std::string_view(name), &epochs_);
  (void)known.release();
  return {};
}

// What the record points to first: whoever finds the record finds them.
void Directory::put_agent(Committed agent) {
  Tables& tables = *tables_.load(std::memory_order_relaxed);
  const AgentId id = agent.record.id;
  if (agent.policy) {
    tables.agent_policies.put({id, agent.policy.get()}, id, &epochs_);
    (void)agent.policy.release();
  }
  tables.profiles.put({id, agent.profile.get()}, id, &epochs_);
  (void)agent.profile.release();
  const GrantSet* const old_grants = many_grants(tables.agents.find(id.uuid.hash(), id));
  tables.agents.put(agent.record, id, &epochs_);
  // Published: from here on the new ones belong to the table, and the old ones to nobody. (Had
  // there been no memory, it would be the other way round.)
  (void)agent.many.release();
  epochs_.retire(std::unique_ptr<const GrantSet>(old_grants));
  if (!agent.record.has_policy) tables.agent_policies.erase(id.uuid.hash(), id, epochs_);
}

}  // namespace agentauth
