#include "authz/decision.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "authz/internal/closure.h"
#include "authz/internal/lazy_facts.h"

namespace agentauth {
namespace {

using internal::Closure;
using internal::LazyFacts;

constexpr std::array<std::string_view, reason_count> reasons = {
    "granted",     "not_granted",     "denied",
    "outside_key", "uses_spent",      "too_many_memberships",
    "too_costly",  "agent_suspended", "agent_unknown"};

// What an evaluation takes beside its steps: one condition among thousands is in no cache.
constexpr std::uint64_t steps_of_condition = 32;

bool holds(const GrantRule& rule, LazyFacts& facts, StepsLeft& left) {
  switch (rule.when) {
    case GrantRule::When::always:
      return true;
    case GrantRule::When::condition: {
      std::uint32_t steps = 0;
      const policy::Outcome outcome = rule.condition->evaluate(facts.get(), steps);
      left.spend(steps_of_condition + steps);
      if (outcome == policy::Outcome::error) return rule.effect == Effect::deny;
      return outcome == policy::Outcome::yes;
    }
    case GrantRule::When::unreadable:
      break;
  }
  return rule.effect == Effect::deny;
}

// Which of several grants of one effect is named as the one that decided: the plainest, and what is
// counted last of all.
auto rank(const GrantRule& rule, const Requirement& requirement) {
  const bool is_exact = requirement.count > 0 && rule.action == requirement.ids[0];
  return std::tuple(rule.max_uses > 0, rule.when != GrantRule::When::always, !is_exact,
                    rule.resource_kind, rule.id);
}

// Looks at every rule that matches, because any of them may be a deny.
class Search {
 public:
  Search(const Directory::View& view, const Subject& subject, const Question& question)
      : question_(question), facts_(view, subject, question) {}

  void look_at(const SubjectPolicy& policy) {
    policy.each_match(question_.requirement, question_.resource, left_, [&](const GrantRule& rule) {
      if (rule.is_in_time(question_.now)) consider(rule);
    });
  }

  // `held`: a plain permission that allows it.
  Decision decision(NameId held) const {
    Decision decision = decide(held);
    decision.audited = audited_;
    const bool allows_count = denied_ == nullptr && !left_.is_exhausted();
    decision.as_allow = allows_count ? Reason::granted : decision.reason;
    return decision;
  }

 private:
  Decision decide(NameId held) const {
    if (denied_ != nullptr) return {Reason::denied, no_name, denied_};
    // A deny might be among what was not looked at.
    if (left_.is_exhausted()) return {Reason::too_costly};
    if (held != no_name) return {Reason::granted, held};
    if (allowed_ != nullptr) return {Reason::granted, no_name, allowed_};
    return {is_spent_ ? Reason::uses_spent : Reason::not_granted};
  }

  void consider(const GrantRule& rule) {
    if (rule.effect == Effect::audit) return consider_for_audit(rule);
    const GrantRule*& best = rule.effect == Effect::deny ? denied_ : allowed_;
    if (best != nullptr && !goes_before(rule, *best)) return;
    if (!holds(rule, facts_, left_)) return;
    if (rule.effect == Effect::allow && is_used_up(rule)) {
      is_spent_ = true;
      return;
    }
    best = &rule;
  }

  void consider_for_audit(const GrantRule& rule) {
    const auto known = audited_.rules();
    const auto place =
        std::find_if(known.begin(), known.end(),
                     [&](const GrantRule* other) { return goes_before(rule, *other); }) -
        known.begin();
    if (holds(rule, facts_, left_)) audited_.put(static_cast<std::size_t>(place), &rule);
  }

  bool goes_before(const GrantRule& rule, const GrantRule& other) const {
    return rank(rule, question_.requirement) < rank(other, question_.requirement);
  }

  bool is_used_up(const GrantRule& rule) const {
    return std::binary_search(question_.spent.begin(), question_.spent.end(), rule.id);
  }

  const Question& question_;
  LazyFacts facts_;
  StepsLeft left_{decision_steps_max};
  const GrantRule* denied_ = nullptr;
  const GrantRule* allowed_ = nullptr;
  AuditMatches audited_;
  bool is_spent_ = false;
};

Decision decide_by_policies(const Directory::View& view, const Subject& subject,
                            const Question& question, NameId held) {
  const Closure closure(view, subject, question.now, question.overlay);
  if (closure.is_cut_off()) return {Reason::too_many_memberships};
  Search search(view, subject, question);
  for (std::size_t i = 0; i < closure.size(); ++i) search.look_at(closure.at(i));
  return search.decision(held);
}

// nullptr: it is worth as much as its agent.
const KeyLimits* limits_through(const Directory::View& view, const AgentRecord* agent,
                                std::string_view kid, Timestamp now) {
  static const KeyLimits nothing({.networks = std::nullopt, .permissions = std::vector<NameId>{}});
  const KeyRecord* key = parse_kid(kid) ? view.find_key(kid) : nullptr;
  if (key == nullptr || agent == nullptr || key->agent_id != agent->id || !key->usable_at(now))
    return &nothing;
  if (!key->limited) return nullptr;
  // A record without its limits may not be used: an error path must not be wider.
  const KeyLimits* limits = view.find_limits(*key);
  return limits != nullptr && !limits->begins_after(now) ? limits : &nothing;
}

}  // namespace

void AuditMatches::put(std::size_t place, const GrantRule* rule) {
  are_cut_off_ = are_cut_off_ || size_ == size_max;
  if (place == size_max) return;
  if (size_ < size_max) ++size_;
  const auto at = rules_.begin() + static_cast<std::ptrdiff_t>(place);
  const auto end = rules_.begin() + static_cast<std::ptrdiff_t>(size_);
  std::move_backward(at, end - 1, end);
  *at = rule;
}

std::string_view to_string(Reason reason) { return reasons[static_cast<std::size_t>(reason)]; }

Question question_of(const Directory::View& view, std::string_view action, Timestamp now) {
  Question question;
  question.action = action;
  question.now = now;
  if (is_permission(action)) question.requirement = view.names().find_requirement(action);
  return question;
}

Decision internal::decide_in_full(const Directory::View& view, const Subject& subject,
                                  const Question& question) {
  if (!subject.actor) return decide_by_policies(view, subject, question, no_name);
  const Actor& actor = *subject.actor;
  Decision decision = decide_by_record(actor.agent, question.requirement);
  if (decision.reason != Reason::granted && decision.reason != Reason::not_granted) return decision;
  if (actor.policy != nullptr || view.every_agents_policy() != nullptr ||
      question.overlay != nullptr)
    decision = decide_by_policies(view, subject, question, decision.held);
  if (actor.limits == nullptr || actor.limits->holds_any_of(question.requirement)) return decision;
  for (Reason* reason : {&decision.reason, &decision.as_allow})
    if (*reason == Reason::granted) *reason = Reason::outside_key;
  return decision;
}

bool applies(const Directory::View& view, const Subject& subject, const Question& question,
             const GrantRule& rule) {
  LazyFacts facts(view, subject, question);
  StepsLeft left(decision_steps_max);
  return rule.is_in_time(question.now) && holds(rule, facts, left);
}

Result<Actor> find_acting(const Directory::View& view, const Caller& caller, Timestamp now) {
  return acting_as(view, Actor(view.find_agent(caller.agent_id)), caller, now);
}

Result<Actor> acting_as(const Directory::View& view, const Actor& agent, const Caller& caller,
                        Timestamp now) {
  const auto refused = [](std::string_view why) {
    return failure(Errc::unauthenticated, "The access token is not valid", why);
  };
  const AgentRecord* record = agent.agent;
  if (record == nullptr || record->status != AgentStatus::active)
    return refused("agent may not act");
  if (record->token_generation != caller.token_generation) return refused("token was revoked");
  if (view.is_revoked(caller.family)) return refused("login has ended");
  const KeyRecord* key = view.find_key(text_of(caller.key));
  if (key == nullptr || key->agent_id != record->id || !view.admits(*key, now, caller.address))
    return refused("key may not be used");
  Actor actor = agent;
  actor.limits = key->limited ? view.find_limits(*key) : nullptr;
  return actor;
}

Result<Actor> asked_about(const Directory::View& view, const Caller& caller, const AgentId& agent,
                          std::optional<std::string_view> kid, Timestamp now) {
  const bool is_self = agent == caller.agent_id;
  Actor actor = is_self ? TRY(find_acting(view, caller, now)) : Actor(view.find_agent(agent));
  if (!kid || (is_self && *kid == text_of(caller.key))) return actor;
  actor.limits = limits_through(view, actor.agent, is_self ? "" : *kid, now);
  return actor;
}

}  // namespace agentauth
