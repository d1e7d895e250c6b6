#include "authz/simulation.h"

#include <algorithm>
#include <set>

#include "authz/internal/membership_bounds.h"
#include "authz/internal/membership_rules.h"
#include "authz/role_service.h"
#include "policy/names.h"

namespace agentauth {
namespace {

// No directory holds so many names.
constexpr NameId new_names_first = 0xF0000000;

const SubjectPolicy* find_policy(const Directory::View& view, const std::string& subject) {
  const auto agent = agent_of(subject);
  return agent ? view.find_policy(*agent) : view.find_policy(subject);
}

// The error of an element names it.
Result<void> placed(Result<void> done, std::string_view list, std::size_t index,
                    std::string_view member) {
  if (done || done.error().code != Errc::invalid_argument) return done;
  const std::string place = std::string(list).append("[").append(std::to_string(index)).append("]");
  return tl::unexpected(Error{.code = Errc::invalid_argument,
                              .message = "One or more fields are invalid",
                              .fields = {{place + std::string(member), done.error().message}}});
}

}  // namespace

Result<Simulation> Simulation::of(const Directory::View& view, const SimulatedChange& change,
                                  Timestamp now) {
  Simulation simulation(view, now);
  for (std::size_t i = 0; i < change.removed.size(); ++i)
    TRY(placed(simulation.remove(change.removed[i]), "grants.remove", i, ""));
  for (std::size_t i = 0; i < change.added.size(); ++i) {
    if (!lies_ahead(change.added[i].expires_at, now))
      TRY(placed(failure(Errc::invalid_argument, end_rule), "grants.add", i, ".expires_at"));
    TRY(placed(simulation.add(change.added[i]), "grants.add", i, ".subject"));
  }
  for (std::size_t i = 0; i < change.left.size(); ++i)
    TRY(placed(simulation.leave(change.left[i]), "members.remove", i, ""));
  if (!change.joined.empty()) TRY(simulation.join_all(change.joined));
  for (auto& entry : simulation.sources_)
    simulation.overlay_.put(entry.first,
                            std::make_unique<const SubjectPolicy>(std::move(entry.second)));
  simulation.sources_.clear();
  return simulation;
}

// What is granted to it so far, to be changed.
Result<SubjectPolicy::Source*> Simulation::source_of(const std::string& subject) {
  if (const auto known = sources_.find(subject); known != sources_.end()) return &known->second;
  const SubjectPolicy* policy = find_policy(*view_, subject);
  const auto agent = agent_of(subject);
  if ((agent && view_->find_agent(*agent) == nullptr) ||
      (policy::is_role_or_group(subject) && policy == nullptr))
    return failure(Errc::invalid_argument, "There is no " + subject);
  SubjectPolicy::Source source;
  source.name = subject;
  if (policy != nullptr) {
    source.role_id = policy->role_id();
    source.rules.assign(policy->rules().begin(), policy->rules().end());
    source.memberships.assign(policy->memberships().begin(), policy->memberships().end());
  }
  return &sources_.emplace(subject, std::move(source)).first->second;
}

NameId Simulation::name_of(const std::string& permission) {
  if (const auto known = view_->names().find(permission)) return *known;
  const auto next = static_cast<NameId>(new_names_first + new_names_.size());
  return new_names_.emplace(permission, next).first->second;
}

Result<void> Simulation::add(const Grant& grant) {
  SubjectPolicy::Source* source = TRY(source_of(grant.subject));
  GrantRule rule = GrantRule::of(grant, name_of(grant.permission));
  rule.max_uses = 0;  // what is not stored was never used
  source->rules.push_back(std::move(rule));
  return {};
}

Result<void> Simulation::remove(const Grant& grant) {
  const auto agent = agent_of(grant.subject);
  if (agent && !grant.any()) {
    take_plain(*agent, grant.permission);
    return {};
  }
  SubjectPolicy::Source* source = TRY(source_of(grant.subject));
  std::erase_if(source->rules, [&](const GrantRule& rule) { return rule.id == grant.id; });
  return {};
}

void Simulation::take_plain(AgentId id, const std::string& permission) {
  const AgentRecord* known = view_->find_agent(id);
  const auto taken = view_->names().find(permission);
  if (known == nullptr || !taken) return;
  auto& agent = agents_[id];
  const AgentRecord& before = agent ? agent->record : *known;
  std::vector<NameId> held(before.held().begin(), before.held().end());
  std::erase(held, *taken);
  auto after = std::make_unique<Agent>();
  after->record = before;
  after->many = after->record.take(held);
  agent = std::move(after);
}

Result<void> Simulation::join_all(std::span<const SimulatedMember> members) {
  internal::MembershipBounds bounds(*view_, sources_, now_);
  std::vector<internal::MembershipBounds::Added> added;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto joined = join(members[i]);
    if (!joined) return placed(tl::unexpected(joined.error()), "members.add", i, "");
    if (!*joined) continue;
    added.push_back({members[i].member, members[i].of});
    places.push_back(i);
  }
  if (const auto refused = bounds.first_refused(added))
    return placed(failure(Errc::invalid_argument, refused->rule), "members.add",
                  places[refused->index], "");
  return {};
}

// Whether it is one more: what lasts may be put again.
Result<bool> Simulation::join(const SimulatedMember& member) {
  const SubjectPolicy* of = find_policy(*view_, member.of);
  if (!policy::is_role_or_group(member.of) || of == nullptr)
    return failure(Errc::invalid_argument, "There is no " + member.of);
  if (member.member == policy::every_agent)
    return failure(Errc::invalid_argument, "Every agent is no member; grant to agent:* instead");
  if (is_within(member.of, member.member))
    return failure(Errc::invalid_argument,
                   member.of + " is a member of " + member.member + " already: a cycle");
  SubjectPolicy::Source* source = TRY(source_of(member.member));
  const auto lasts = [&](const MembershipRule& rule) {
    return rule.is_in_time(now_) && view_->find_policy(rule) != nullptr;
  };
  auto& memberships = source->memberships;
  const auto is_it = [&](const MembershipRule& rule) { return rule.of == member.of; };
  const bool lasted = std::any_of(memberships.begin(), memberships.end(),
                                  [&](const auto& rule) { return is_it(rule) && lasts(rule); });
  std::erase_if(memberships, is_it);
  memberships.push_back({member.of, of->role_id(), hash_of_name(member.of)});
  if (lasted) return false;
  if (std::count_if(memberships.begin(), memberships.end(), lasts) > RoleService::memberships_max)
    return failure(Errc::invalid_argument, internal::direct_rule());
  return true;
}

// Whether there is no such role or it is no member is one answer: who may ask only about itself
// does not learn what roles there are.
Result<void> Simulation::leave(const SimulatedMember& member) {
  SubjectPolicy::Source* source = TRY(source_of(member.member));
  if (std::erase_if(source->memberships,
                    [&](const MembershipRule& rule) { return rule.of == member.of; }) > 0)
    return {};
  return failure(Errc::invalid_argument, member.member + " is no member of " + member.of);
}

// As they would be.
std::span<const MembershipRule> Simulation::memberships_of(const std::string& principal) const {
  if (const auto changed = sources_.find(principal); changed != sources_.end())
    return changed->second.memberships;
  const SubjectPolicy* policy = find_policy(*view_, principal);
  return policy != nullptr ? policy->memberships() : std::span<const MembershipRule>();
}

// Whether the one is the other or, by however many steps, a member of it, ended or not.
bool Simulation::is_within(const std::string& principal, const std::string& other) const {
  if (!policy::is_role_or_group(other)) return false;
  std::set<std::string> seen{principal};
  for (std::vector<std::string> rest{principal}; !rest.empty();) {
    const std::string next = std::move(rest.back());
    rest.pop_back();
    if (next == other) return true;
    for (const MembershipRule& membership : memberships_of(next))
      if (seen.insert(membership.of).second) rest.push_back(membership.of);
  }
  return false;
}

Question Simulation::changed(Question question) const {
  question.overlay = &overlay_;
  if (!is_concrete_permission(question.action)) return question;
  question.requirement = {};
  visit_covering(question.action, [&](std::string_view pattern) {
    auto& asked = question.requirement;
    if (const auto known = view_->names().find(pattern)) {
      asked.ids[asked.count++] = *known;
    } else if (const auto added = new_names_.find(pattern); added != new_names_.end()) {
      asked.ids[asked.count++] = added->second;
    }
    return false;
  });
  return question;
}

Subject Simulation::changed(Subject subject) const {
  if (!subject.actor || subject.actor->agent == nullptr) return subject;
  const auto agent = agents_.find(subject.actor->agent->id);
  if (agent != agents_.end()) subject.actor->agent = &agent->second->record;
  return subject;
}

}  // namespace agentauth
