#include "authz/internal/explainer.h"

#include <algorithm>

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

void Explainer::add_plain(std::vector<ConsideredRule>& all) const {
  if (!subject_.actor) return;
  const auto& asked = question_.requirement;
  for (const NameId held : subject_.actor->agent->held()) {
    if (std::find(asked.ids.begin(), asked.ids.begin() + asked.count, held) ==
        asked.ids.begin() + asked.count)
      continue;
    ConsideredRule plain;
    plain.is_plain = true;
    plain.grant.subject = name_;
    plain.grant.permission = view_.names().text(held);
    plain.grant.effect = Effect::allow;
    plain.path = {name_};
    all.push_back(std::move(plain));
  }
}

std::vector<ConsideredRule> Explainer::considered(const GrantRule* decisive) {
  std::vector<ConsideredRule> all;
  add_plain(all);
  const auto add = [&](std::size_t place, const GrantRule& rule) {
    if (all.size() < Explanation::considered_max) all.push_back(consider_at(place, rule));
  };
  const auto each = [&](auto visit) {
    for (std::size_t place = 0; place < places_.size(); ++place)
      for (const GrantRule& rule : places_[place].policy->rules())
        if (is_about_action(rule)) visit(place, rule);
  };
  each([&](std::size_t place, const GrantRule& rule) {
    if (&rule == decisive) add(place, rule);
  });
  for (const bool about_it : {true, false})
    each([&](std::size_t place, const GrantRule& rule) {
      if (&rule != decisive && rule.matches(question_.resource) == about_it) add(place, rule);
    });
  return all;
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
    StepsLeft steps(decision_steps_max);
    policy.each_match(question_.requirement, question_.resource, steps, [&](const GrantRule& rule) {
      if (rule.effect != Effect::allow || !rule.is_in_time(question_.now)) return;
      ConsideredRule considered = consider(policy, rule);
      if (considered.outcome != RuleOutcome::matches) return;
      considered.path = {name_, policy.name()};
      best = std::move(considered);
    });
  });
  return best;
}

}  // namespace agentauth::internal
