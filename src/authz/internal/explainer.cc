#include "authz/internal/explainer.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "policy/names.h"

namespace agentauth::internal {
namespace {

std::string span_of(std::int64_t ms) {
  struct Unit {
    std::int64_t ms;
    std::string_view name;
  };
  static constexpr std::array units = {Unit{86'400'000, "day"}, Unit{3'600'000, "hour"},
                                       Unit{60'000, "minute"}, Unit{1'000, "second"}};
  for (const Unit& unit : units)
    if (const std::int64_t count = ms / unit.ms; count > 0)
      return std::to_string(count).append(" ").append(unit.name).append(count > 1 ? "s" : "");
  return "less than a second";
}

std::int64_t ms_of(Timestamp time) { return time.time_since_epoch().count(); }

}  // namespace

Explainer::Explainer(const Directory::View& view, const Subject& subject, std::string_view name,
                     const Question& question, policy::Values values)
    : view_(view),
      subject_(subject),
      name_(name),
      question_(question),
      values_(values),
      facts_(view, subject, question) {
  const Closure closure(view, subject, question.now);
  for (std::size_t i = 0; i < closure.size(); ++i)
    places_.push_back({&closure.at(i), closure.origin(i)});
  living_ = places_.size();
  for (std::size_t from = 0; from < places_.size(); ++from) add_ended(from);
}

void Explainer::add_ended(std::size_t from) {
  for (const MembershipRule& membership : places_[from].policy->memberships()) {
    const bool has_ended = !membership.is_in_time(question_.now);
    if (!has_ended && from < living_) continue;
    const SubjectPolicy* of = view_.find_policy(membership);
    if (of == nullptr || is_known(of) || places_.size() == Closure::policies_max) continue;
    places_.push_back({of, from, has_ended ? &membership : places_[from].ended});
  }
}

bool Explainer::is_known(const SubjectPolicy* policy) const {
  return std::any_of(places_.begin(), places_.end(),
                     [&](const Place& place) { return place.policy == policy; });
}

Path Explainer::path_to(std::size_t place) const {
  Path path;
  for (;;) {
    path.push_back(places_[place].policy->name());
    if (places_[place].origin == place) break;
    place = places_[place].origin;
  }
  if (path.back() != name_) path.push_back(name_);
  std::reverse(path.begin(), path.end());
  return path;
}

bool Explainer::is_about_action(const GrantRule& rule) const {
  const auto& asked = question_.requirement;
  return std::find(asked.ids.begin(), asked.ids.begin() + asked.count, rule.action) !=
         asked.ids.begin() + asked.count;
}

Grant Explainer::shown(const SubjectPolicy& policy, const GrantRule& rule) const {
  using Kind = policy::ResourcePattern::Kind;
  Grant grant;
  grant.id = rule.id;
  grant.subject = policy.name();
  grant.permission = view_.names().text(rule.action);
  grant.effect = rule.effect;
  if (rule.resource_kind == Kind::exact) grant.resource = rule.resource;
  if (rule.resource_kind == Kind::prefix) grant.resource = rule.resource + "*";
  if (rule.condition) grant.when = rule.condition->text();
  grant.not_before = bound_of(rule.not_before_ms);
  grant.expires_at = bound_of(rule.expires_at_ms);
  if (rule.max_uses > 0) grant.max_uses = rule.max_uses;
  return grant;
}

void Explainer::consider_condition(const GrantRule& rule, ConsideredRule& considered) {
  policy::Outcome outcome = policy::Outcome::error;
  if (rule.when == GrantRule::When::condition) {
    outcome = rule.condition->evaluate(facts_.get());
    considered.detail = rule.condition->explain(facts_.get(), values_);
  } else {
    considered.detail = "it cannot be read by this version";
  }
  if (outcome == policy::Outcome::yes) return;
  if (outcome == policy::Outcome::no) {
    considered.outcome = RuleOutcome::condition_false;
  } else if (rule.effect == Effect::deny) {
    considered.detail = "whoever denies takes it as true: " + considered.detail;
  } else {
    considered.outcome = RuleOutcome::condition_error;
  }
}

ConsideredRule Explainer::consider(const SubjectPolicy& policy, const GrantRule& rule) {
  ConsideredRule considered;
  considered.grant = shown(policy, rule);
  const std::int64_t now = ms_of(question_.now);
  if (!rule.matches(question_.resource)) {
    considered.outcome = RuleOutcome::other_resource;
    considered.detail = "it is for " + *considered.grant.resource;
  } else if (now < rule.not_before_ms) {
    considered.outcome = RuleOutcome::not_yet;
    considered.detail = "begins in " + span_of(rule.not_before_ms - now);
  } else if (now >= rule.expires_at_ms) {
    considered.outcome = RuleOutcome::expired;
    considered.detail = "expired " + span_of(now - rule.expires_at_ms) + " ago";
  } else if (rule.when != GrantRule::When::always) {
    consider_condition(rule, considered);
  }
  if (considered.outcome != RuleOutcome::matches) return considered;
  const auto& spent = question_.spent;
  if (rule.effect == Effect::audit) {
    considered.outcome = RuleOutcome::audit_only;
  } else if (std::binary_search(spent.begin(), spent.end(), rule.id)) {
    considered.outcome = RuleOutcome::uses_spent;
    considered.detail = rule.max_uses == 1
                            ? "it was used already, and may be used once"
                            : "it was used " + std::to_string(rule.max_uses) + " times already";
  }
  return considered;
}

ConsideredRule Explainer::consider_at(std::size_t place, const GrantRule& rule) {
  ConsideredRule considered = consider(*places_[place].policy, rule);
  considered.path = path_to(place);
  const MembershipRule* ended = places_[place].ended;
  if (ended != nullptr && considered.outcome == RuleOutcome::matches) {
    considered.outcome = RuleOutcome::membership_expired;
    considered.detail = "the membership of " + ended->of + " expired " +
                        span_of(ms_of(question_.now) - ended->expires_at_ms) + " ago";
  }
  return considered;
}

ConsideredRule Explainer::shown_plain(NameId held) const {
  ConsideredRule plain;
  plain.is_plain = true;
  plain.grant.subject = name_;
  plain.grant.permission = view_.names().text(held);
  plain.grant.effect = Effect::allow;
  plain.path = {name_};
  return plain;
}

// The place of each one's path when the shorter come first and then the lesser; 0: the subject.
std::vector<std::size_t> Explainer::nearness_of_places() const {
  std::vector<std::pair<Path, std::size_t>> paths;
  for (std::size_t place = 0; place < places_.size(); ++place)
    paths.emplace_back(path_to(place), place);
  std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) {
    if (a.first.size() != b.first.size()) return a.first.size() < b.first.size();
    return a.first < b.first;
  });
  std::vector<std::size_t> nearness(places_.size());
  for (std::size_t i = 0; i < paths.size(); ++i)
    nearness[paths[i].second] = paths[i].first.size() == 1 ? 0 : i + 1;
  return nearness;
}

void Explainer::add_plain(const Decision& decision, std::vector<Candidate>& all) const {
  if (!subject_.actor) return;
  const auto held = subject_.actor->agent->held();
  bool decides = decision.allowed() && decision.rule == nullptr;
  // The one that names the action itself comes first.
  for (const NameId asked :
       std::span(question_.requirement.ids).first(question_.requirement.count)) {
    if (std::find(held.begin(), held.end(), asked) == held.end()) continue;
    Candidate& plain = all.emplace_back();
    plain.action = asked;
    plain.decides = decides;
    decides = false;
  }
}

void Explainer::add_rules(const Decision& decision, std::vector<Candidate>& all) const {
  const std::vector<std::size_t> nearness = nearness_of_places();
  for (std::size_t place = 0; place < places_.size(); ++place)
    for (const GrantRule& rule : places_[place].policy->rules())
      if (is_about_action(rule))
        all.push_back({nearness[place], place, &rule, rule.action, &rule == decision.rule,
                       rule.matches(question_.resource)});
}

bool Explainer::comes_before(const Candidate& a, const Candidate& b) const {
  const auto order = [](const Candidate& one) {
    return std::tuple(!one.decides, !one.is_about_resource, one.nearness);
  };
  if (order(a) != order(b)) return order(a) < order(b);
  if (a.rule != nullptr && b.rule != nullptr) return comes_before(*a.rule, *b.rule);
  if (a.action != b.action) return view_.names().text(a.action) < view_.names().text(b.action);
  return a.rule == nullptr && b.rule != nullptr;
}

// By texts alone: the numbers of names are other ones on another node.
bool Explainer::comes_before(const GrantRule& a, const GrantRule& b) const {
  if (a.action != b.action) return view_.names().text(a.action) < view_.names().text(b.action);
  using Kind = policy::ResourcePattern::Kind;
  const auto order = [](const GrantRule& rule) {
    return std::tuple(rule.resource_kind != Kind::any, std::string_view(rule.resource),
                      rule.resource_kind, rule.id);
  };
  return order(a) < order(b);
}

std::vector<ConsideredRule> Explainer::considered(const Decision& decision) {
  std::vector<Candidate> all;
  add_plain(decision, all);
  add_rules(decision, all);
  const std::size_t size = std::min(all.size(), Explanation::considered_max);
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size), all.end(),
                    [&](const Candidate& a, const Candidate& b) { return comes_before(a, b); });
  std::vector<ConsideredRule> first;
  for (const Candidate& one : std::span(all).first(size))
    first.push_back(one.rule == nullptr ? shown_plain(one.action)
                                        : consider_at(one.place, *one.rule));
  return first;
}

std::vector<LivingMembership> Explainer::memberships() const {
  std::vector<LivingMembership> living;
  for (std::size_t place = 0; place < living_; ++place)
    for (const MembershipRule& membership : places_[place].policy->memberships())
      if (membership.is_in_time(question_.now))
        living.push_back(
            {places_[place].policy->name(), membership.of, bound_of(membership.expires_at_ms)});
  return living;
}

std::optional<ConsideredRule> Explainer::role_that_would_allow() {
  std::optional<ConsideredRule> best;
  view_.each_principal([&](const SubjectPolicy& policy) {
    if (!policy::is_role_or_group(policy.name()) || is_known(&policy)) return;
    if (best && best->grant.subject <= policy.name()) return;
    const GrantRule* first = nullptr;
    StepsLeft steps(decision_steps_max);
    policy.each_match(question_.requirement, question_.resource, steps, [&](const GrantRule& rule) {
      if (rule.effect != Effect::allow || !rule.is_in_time(question_.now)) return;
      if (first != nullptr && !comes_before(rule, *first)) return;
      ConsideredRule considered = consider(policy, rule);
      if (considered.outcome != RuleOutcome::matches) return;
      considered.path = {name_, policy.name()};
      best = std::move(considered);
      first = &rule;
    });
  });
  return best;
}

}  // namespace agentauth::internal
