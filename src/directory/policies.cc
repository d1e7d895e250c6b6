// The part of the directory that holds what decisions need beyond plain permissions: grants with
// terms, roles and groups, attributes.
#include <map>

#include "directory/directory.h"
#include "directory/internal/draft.h"
#include "directory/internal/profile_of.h"
#include "directory/news.h"
#include "policy/names.h"

namespace agentauth {

const SubjectPolicy* Directory::View::find_policy(const AgentId& id) const {
  const AgentRecord* agent = find_agent(id);
  return agent == nullptr ? nullptr : agent->policy;
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

const SubjectPolicy* Directory::View::every_agents_newest_policy() const {
  const auto* const newer = news_->find_policy(policy::every_agent);
  return newer != nullptr ? newer->get() : tables_->every_agent;
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

// What no service of this version can have written grants nothing. A deny of which something cannot
// be read may forbid anything, so it forbids all that it could be about.
void Directory::add_rule(const Grant& grant, SubjectPolicy::Source& source) {
  const bool is_action = is_permission(grant.permission);
  const auto action = is_action ? names_.intern_stored(grant.permission) : std::nullopt;
  if (action) {
    GrantRule rule = GrantRule::of(grant, *action);
    if (rule.when == GrantRule::When::unreadable) note_unreadable(grant, "when");
    if (grant.resource && !policy::parse_resource_pattern(*grant.resource))
      note_unreadable(grant, "resource");
    source.rules.push_back(std::move(rule));
    return;
  }
  note_unreadable(grant, is_action ? "name" : "action");
  if (grant.decides() != Effect::deny) return;
  Grant everything = grant;
  everything.resource.reset();
  source.rules.push_back(GrantRule::of(everything, names_.intern("*")));
  source.rules.back().when = GrantRule::When::unreadable;
  source.rules.back().condition.reset();
}

void Directory::note_unreadable(const Grant& grant, std::string_view part) {
  if (report_unreadable_) report_unreadable_(grant, part);
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
  return std::move(TRY(read_policies_of(tx, std::span(&subject, 1))).begin()->second);
}

Result<Directory::Policies> Directory::read_policies_of(Transaction& tx,
                                                        std::span<const std::string> subjects) {
  std::map<std::string_view, SubjectPolicy::Source> sources;
  std::vector<std::string> roles;
  for (const std::string& subject : subjects) {
    sources[subject].name = subject;
    if (policy::is_role_or_group(subject)) roles.push_back(subject);
  }
  TRY(tx.roles().each_state_of(roles, [&](const RoleRepository::State& role) {
    sources.at(role.principal).role_id = role.id;
  }));
  TRY(tx.grants().each_rule_of(
      subjects, [&](const Grant& grant) { add_rule(grant, sources.at(grant.subject)); }));
  TRY(tx.roles().each_membership_of(subjects, [&](const RoleRepository::MembershipState& state) {
    sources.at(state.member).memberships.push_back(to_rule(state));
  }));
  Policies policies;
  for (auto& [subject, source] : sources) {
    auto& policy = policies[std::string(subject)];
    if (says_something(source)) policy = std::make_unique<const SubjectPolicy>(std::move(source));
  }
  return policies;
}

// Everybody's, with three statements.
Result<void> Directory::read_policies(Transaction& tx, Draft& draft) {
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
    draft.put_policy(std::make_unique<const SubjectPolicy>(std::move(source)));
  }
  return {};
}

Result<void> Directory::read_entities(Transaction& tx, Draft& draft) {
  return tx.entities().each([&](const EntityRepository::State& state) -> Result<void> {
    if (auto properties = policy::Properties::parse(state.properties))
      draft.put_entity(std::make_unique<const KnownEntity>(
          KnownEntity{state.type + ':' + state.id, *std::move(properties)}));
    return {};
  });
}

Result<void> Directory::reload_principals(Transaction& tx, std::span<const std::string> names,
                                          Draft& draft) {
  for (auto& [name, policy] : TRY(read_policies_of(tx, names))) {
    if (policy) {
      draft.put_policy(std::move(policy));
    } else {
      draft.forget_policy(name);
    }
  }
  return {};
}

Result<void> Directory::reload_entities(Transaction& tx, std::span<const std::string> names,
                                        Draft& draft) {
  std::vector<EntityRepository::Name> wanted;
  std::map<std::string, std::optional<policy::Properties>> found;
  for (const std::string& name : names) {
    const auto entity = policy::parse_entity(name);
    if (!entity) continue;
    wanted.push_back({std::string(entity->type), std::string(entity->id)});
    found[name];
  }
  TRY(tx.entities().each_of(wanted, [&](const EntityRepository::State& state) {
    if (auto properties = policy::Properties::parse(state.properties))
      found[state.type + ':' + state.id] = *std::move(properties);
  }));
  for (auto& [name, properties] : found) {
    if (properties) {
      draft.put_entity(
          std::make_unique<const KnownEntity>(KnownEntity{name, *std::move(properties)}));
    } else {
      draft.forget_entity(name);
    }
  }
  return {};
}

}  // namespace agentauth
