#include "authz/internal/membership_bounds.h"

#include <algorithm>

#include "authz/internal/membership_rules.h"
#include "policy/names.h"

namespace agentauth::internal {
namespace {

// Memberships that are followed; with more of them the bound counts as passed.
constexpr std::uint64_t steps_max = 50'000'000;

}  // namespace

MembershipBounds::MembershipBounds(const Directory::View& view, const Sources& changed,
                                   Timestamp now)
    : view_(view), now_(now) {
  std::vector<const SubjectPolicy*> roles;
  view.each_principal([&](const SubjectPolicy& policy) {
    if (policy.role_id() == RoleId{}) return;
    add_node(policy.name(), policy.role_id());
    roles.push_back(&policy);
  });
  role_count_ = roles.size();
  for (const SubjectPolicy* role : roles)
    if (!changed.contains(role->name()))
      read_memberships(node_of(role->name()), role->memberships());
  for (const auto& [name, source] : changed) {
    const Node node = policy::is_role_or_group(name) ? node_of(name) : add_node(name, {});
    read_memberships(node, source.memberships);
  }
}

MembershipBounds::Node MembershipBounds::add_node(std::string_view name, RoleId role_id) {
  const auto node = static_cast<Node>(places_.size());
  places_.push_back({role_id, {}, {}});
  nodes_.emplace(Key{name, hash_of_name(name)}, node);
  return node;
}

MembershipBounds::Node MembershipBounds::node_of(std::string_view name) {
  if (const auto known = nodes_.find({name, hash_of_name(name)}); known != nodes_.end())
    return known->second;
  const Node node = add_node(name, {});
  const auto agent = agent_of(name);
  const SubjectPolicy* policy = agent ? view_.find_policy(*agent) : view_.find_policy(name);
  if (policy != nullptr) read_memberships(node, policy->memberships());
  return node;
}

std::optional<MembershipBounds::Node> MembershipBounds::find_role(
    const MembershipRule& membership) const {
  const auto known = nodes_.find({membership.of, membership.of_hash});
  if (known == nodes_.end() || places_[known->second].role_id != membership.role_id)
    return std::nullopt;
  return known->second;
}

void MembershipBounds::read_memberships(Node node, std::span<const MembershipRule> memberships) {
  for (const MembershipRule& membership : memberships)
    if (membership.is_in_time(now_))
      if (const auto of = find_role(membership)) connect({node, *of});
}

void MembershipBounds::connect(const Edge& edge) {
  places_[edge.member].above.push_back(edge.of);
  if (is_role(edge.member)) places_[edge.of].below.push_back(edge.member);
  sizes_.clear();
}

// REQUIRES: it was connected last of those that still are.
void MembershipBounds::disconnect(const Edge& edge) {
  places_[edge.member].above.pop_back();
  if (is_role(edge.member)) places_[edge.of].below.pop_back();
  sizes_.clear();
}

std::optional<MembershipBounds::Refusal> MembershipBounds::first_refused(
    std::span<const Added> added) {
  std::vector<Edge> edges;
  edges.reserve(added.size());
  for (const Added& one : added) edges.push_back({node_of(one.member), node_of(one.of)});
  seen_.resize(places_.size());
  for (const Edge& edge : edges) connect(edge);
  find_doubtful(edges);
  for (auto edge = edges.rbegin(); edge != edges.rend(); ++edge) disconnect(*edge);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    connect(edges[i]);
    if (auto rule = rule_broken_by(edges[i])) return Refusal{i, *std::move(rule)};
  }
  return std::nullopt;
}

// Whoever is in too many at some time is when all is there: what is added takes nothing away.
void MembershipBounds::find_doubtful(std::span<const Edge> added) {
  Nodes from;
  for (const Edge& edge : added)
    if (is_role(edge.member)) from.push_back(edge.member);
  if (from.empty() || static_cast<std::int64_t>(role_count_) <= RoleService::closure_max) return;
  mark_below(from);
  // With more of them, one of what is added has more than may be doubtful.
  doubtful_enough_ = static_cast<std::size_t>(RoleService::doubtful_max) * added.size() + 1;
  for (Node node = 0; node < places_.size(); ++node)
    if (may_reach_too_far(places_[node].above)) doubtful_nodes_.push_back(node);
  view_.each_principal([&](const SubjectPolicy& policy) {
    if (policy.role_id() == RoleId{}) note_if_doubtful(&policy);
  });
  view_.each_agent([&](const AgentRecord& agent) { note_if_doubtful(agent.policy); });
}

void MembershipBounds::note_if_doubtful(const SubjectPolicy* policy) {
  if (policy == nullptr || policy->memberships().empty() || doubtful_.size() == doubtful_enough_)
    return;
  Nodes direct;
  for (const MembershipRule& membership : policy->memberships())
    if (membership.is_in_time(now_))
      if (const auto of = find_role(membership)) direct.push_back(*of);
  if (may_reach_too_far(direct) && !nodes_.contains({policy->name(), hash_of_name(policy->name())}))
    doubtful_.push_back(std::move(direct));
}

std::optional<std::string> MembershipBounds::rule_broken_by(const Edge& edge) {
  if (is_role(edge.member) &&
      levels(edge.of, &Place::below) + levels(edge.of, &Place::above) > RoleService::depth_max)
    return levels_rule();
  if (reaches_too_far(edge)) return closure_rule();
  return std::nullopt;
}

// How many there are that way, or one more than there may be.
std::int64_t MembershipBounds::levels(Node from, Nodes Place::*next) {
  Nodes level{from};
  for (std::int64_t count = 0;; ++count) {
    Nodes further;
    ++walk_count_;
    for (const Node node : level) {
      for (const Node other : places_[node].*next) {
        if (seen_[other] == walk_count_) continue;
        seen_[other] = walk_count_;
        further.push_back(other);
      }
    }
    if (further.empty() || count > RoleService::depth_max) return count;
    level = std::move(further);
  }
}

// The member, and everybody that is within it.
bool MembershipBounds::reaches_too_far(const Edge& edge) {
  if (count_reached(places_[edge.member].above) > RoleService::closure_max) return true;
  if (!is_role(edge.member) || (doubtful_.empty() && doubtful_nodes_.empty())) return false;
  mark_below(std::span(&edge.member, 1));
  std::int64_t doubtful = 0;
  const auto too_far = [&](std::span<const Node> direct) {
    if (!may_reach_too_far(direct)) return false;
    return ++doubtful > RoleService::doubtful_max ||
           count_reached(direct) > RoleService::closure_max;
  };
  return std::any_of(doubtful_nodes_.begin(), doubtful_nodes_.end(),
                     [&](Node node) { return too_far(places_[node].above); }) ||
         std::any_of(doubtful_.begin(), doubtful_.end(), too_far);
}

void MembershipBounds::mark_below(std::span<const Node> from) {
  walk(from, &Place::below, static_cast<std::int64_t>(places_.size()));
  marked_.assign(places_.size(), false);
  for (const Node node : reached_) marked_[node] = true;
}

// What two of its direct memberships lead to counts twice.
bool MembershipBounds::may_reach_too_far(std::span<const Node> direct) {
  if (std::none_of(direct.begin(), direct.end(), [&](Node of) { return marked_[of]; }))
    return false;
  std::int64_t sum = 0;
  for (const Node of : direct) sum += size_of(of);
  return sum > RoleService::closure_max;
}

std::int64_t MembershipBounds::size_of(Node role) {
  sizes_.resize(places_.size());
  if (sizes_[role] == 0) sizes_[role] = count_reached(std::span(&role, 1));
  return sizes_[role];
}

// Those and all that they are in, or one more than there may be.
std::int64_t MembershipBounds::count_reached(std::span<const Node> from) {
  if (steps_ > steps_max) return RoleService::closure_max + 1;
  walk(from, &Place::above, RoleService::closure_max + 1);
  return static_cast<std::int64_t>(reached_.size());
}

void MembershipBounds::walk(std::span<const Node> from, Nodes Place::*next, std::int64_t most) {
  reached_.clear();
  ++walk_count_;
  const auto reach = [&](Node node) {
    ++steps_;
    if (seen_[node] == walk_count_ || static_cast<std::int64_t>(reached_.size()) >= most) return;
    seen_[node] = walk_count_;
    reached_.push_back(node);
  };
  std::for_each(from.begin(), from.end(), reach);
  for (std::size_t i = 0; i < reached_.size(); ++i) {
    if (static_cast<std::int64_t>(reached_.size()) >= most) return;
    const Nodes& further = places_[reached_[i]].*next;
    std::for_each(further.begin(), further.end(), reach);
  }
}

}  // namespace agentauth::internal
