#include "authz/authority.h"

#include <algorithm>
#include <vector>

#include "authz/internal/closure.h"

namespace agentauth {
namespace {

using internal::Closure;

bool may_act(const Actor& actor) {
  return actor.agent != nullptr && actor.agent->status == AgentStatus::active;
}

// Whether some concrete permission is covered by both.
bool overlap(std::string_view a, std::string_view b) {
  const auto is_within = [](std::string_view narrow, std::string_view wide) {
    return visit_covering(narrow, [&](std::string_view pattern) { return pattern == wide; });
  };
  return is_within(a, b) || is_within(b, a);
}

policy::ResourcePattern pattern_of(const GrantRule& rule) {
  using Kind = policy::ResourcePattern::Kind;
  if (rule.resource_kind == Kind::any) return {};
  const std::string_view text = rule.resource;
  const std::size_t colon = text.find(':');
  return {rule.resource_kind, text.substr(0, colon), text.substr(colon + 1)};
}

bool lasts(const GrantRule& rule, const Passed& passed) {
  return end_ms(passed.until) <= rule.expires_at_ms;
}

// Whether a rule alone is enough to pass it on. What is conditional, counted or ends sooner is not
// all of it.
bool gives(const GrantRule& rule, const Requirement& covering, const Passed& passed,
           Timestamp now) {
  const auto asked = std::span(covering.ids).first(covering.count);
  return rule.effect == Effect::allow && rule.when == GrantRule::When::always &&
         rule.max_uses == 0 && rule.is_in_time(now) && lasts(rule, passed) &&
         std::find(asked.begin(), asked.end(), rule.action) != asked.end() &&
         policy::covers(pattern_of(rule), passed.resource);
}

// Whether it is over: nothing comes of it any more. What has not begun is not over.
bool is_over(const GrantRule& rule, Timestamp now) {
  return now.time_since_epoch().count() >= rule.expires_at_ms;
}

bool takes_some(const Directory::View& view, const GrantRule& rule, const Passed& passed) {
  if (rule.effect != Effect::deny) return false;
  const auto theirs = pattern_of(rule);
  return overlap(view.names().text(rule.action), passed.permission) &&
         (policy::covers(theirs, passed.resource) || policy::covers(passed.resource, theirs));
}

// A membership that ends lets nobody pass on for longer.
bool lasts_as_member(const Closure& closure, std::size_t index, const Passed& passed) {
  for (std::size_t at = index; closure.origin(at) != at; at = closure.origin(at)) {
    for (const MembershipRule& membership : closure.at(closure.origin(at)).memberships()) {
      if (membership.of == closure.at(at).name() && end_ms(passed.until) > membership.expires_at_ms)
        return false;
    }
  }
  return true;
}

// Whether the actor holds all of it. `by_that_rule`: what it would pass on is allowed by a rule
// that allows it the very same.
bool holds(const Directory::View& view, const Actor& actor, const Passed& passed, Timestamp now,
           bool by_that_rule = false) {
  if (!may_act(actor)) return false;
  const Requirement covering = view.names().find_requirement(passed.permission);
  if (actor.limits != nullptr && !actor.limits->holds_any_of(covering)) return false;
  bool is_held = by_that_rule || actor.agent->holds_any_of(covering);
  const Closure closure(view, actor, now);
  if (closure.is_cut_off()) return false;
  for (std::size_t i = 0; i < closure.size(); ++i) {
    for (const GrantRule& rule : closure.at(i).rules()) {
      if (is_over(rule, now)) continue;
      if (takes_some(view, rule, passed)) return false;
      is_held =
          is_held || (gives(rule, covering, passed, now) && lasts_as_member(closure, i, passed));
    }
  }
  return is_held;
}

// What a subject may be allowed or denied.
struct Held {
  Passed what;  // what is conditional counts as held for ever
  Effect effect = Effect::allow;
  bool by_everybody = false;  // every agent has it by that rule, whoever it is
};

bool is_everybodys(const SubjectPolicy& policy, const GrantRule& rule) {
  return policy.name() == policy::every_agent &&
         !(rule.condition && rule.condition->looks_at_subject());
}

enum class Rules : std::uint8_t { that_allow, all };

// Calls visit(const Held&) for whatever a subject may be allowed, by a role or a condition too,
// until it returns false; returns whether none did.
template <class Visit>
bool each_held(const Directory::View& view, const Subject& subject, Rules rules, Timestamp now,
               Visit visit) {
  if (subject.actor)
    for (const NameId id : subject.actor->agent->held())
      if (!visit(Held{{view.names().text(id)}})) return false;
  const Closure closure(view, subject, now);
  if (closure.is_cut_off()) return false;
  const auto counts = [&](const GrantRule& rule) {
    return !is_over(rule, now) && (rule.effect == Effect::allow || rules == Rules::all);
  };
  for (std::size_t i = 0; i < closure.size(); ++i)
    for (const GrantRule& rule : closure.at(i).rules())
      if (counts(rule) && !visit(Held{{view.names().text(rule.action), pattern_of(rule)},
                                      rule.effect,
                                      is_everybodys(closure.at(i), rule)}))
        return false;
  return true;
}

}  // namespace

bool reaches_administration(std::string_view permission) {
  return permission == "*" || permission.starts_with("agentauth:");
}

bool is_administrator(const Directory::View& view, const Actor& actor, Timestamp now) {
  return holds(view, actor, {.permission = administrator_permission}, now);
}

bool may_grant(const Directory::View& view, const Actor& actor, const Passed& passed,
               Timestamp now) {
  return holds(view, actor, passed, now) || is_administrator(view, actor, now);
}

bool covers(const Directory::View& view, const Actor& actor, const Actor& other, Timestamp now) {
  if (!may_act(actor) || other.agent == nullptr) return false;
  const bool is_whole = actor.limits == nullptr || !actor.limits->narrows_permissions();
  if (actor.agent->id == other.agent->id && is_whole) return true;
  return is_administrator(view, actor, now) ||
         each_held(view, other, Rules::that_allow, now, [&](const Held& held) {
           return holds(view, actor, held.what, now, held.by_everybody);
         });
}

bool may_manage(const Directory::View& view, const Actor& actor, const Actor& other,
                Timestamp now) {
  if (!may_act(actor) || other.agent == nullptr) return false;
  // Whoever has more memberships than are looked at is an administrator's to deal with.
  if (actor.agent->id == other.agent->id || is_administrator(view, actor, now)) return true;
  return each_held(view, other, Rules::that_allow, now, [&](const Held& held) {
    return !reaches_administration(held.what.permission) ||
           holds(view, actor, held.what, now, held.by_everybody);
  });
}

bool may_pass_on(const Directory::View& view, const Actor& actor, const PassedRole& passed,
                 Timestamp now) {
  return !kept_from_passing_on(view, actor, passed, now);
}

std::optional<KeptFrom> kept_from_passing_on(const Directory::View& view, const Actor& actor,
                                             const PassedRole& passed, Timestamp now) {
  if (is_administrator(view, actor, now)) return std::nullopt;
  KeptFrom kept;
  const auto passes = [&](const Held& held) {
    Passed what = held.what;
    what.until = passed.until;
    kept.what = what;
    kept.is_for_administrators =
        held.effect == Effect::deny && reaches_administration(what.permission);
    return !kept.is_for_administrators && holds(view, actor, what, now);
  };
  const Subject subject(passed.principal);
  if (may_act(actor) && each_held(view, subject, Rules::all, now, passes)) return std::nullopt;
  return kept;
}

// Of those times at which something of the actor's own ends.
std::optional<Timestamp> held_until(const Directory::View& view, const Actor& actor,
                                    const KeptFrom& kept, Timestamp now) {
  if (kept.what.permission.empty() || kept.is_for_administrators) return std::nullopt;
  std::vector<std::int64_t> ends;
  const Closure closure(view, actor, now);
  for (std::size_t i = 0; i < closure.size(); ++i) {
    for (const GrantRule& rule : closure.at(i).rules()) ends.push_back(rule.expires_at_ms);
    for (const MembershipRule& of : closure.at(i).memberships()) ends.push_back(of.expires_at_ms);
  }
  std::sort(ends.begin(), ends.end());
  // What is held until one of them is held until all before it.
  Passed passed = kept.what;
  const auto first_not = std::partition_point(ends.begin(), ends.end(), [&](std::int64_t end) {
    passed.until = bound_of(end);
    return holds(view, actor, passed, now);
  });
  if (first_not == ends.begin()) return std::nullopt;
  const auto until = bound_of(*std::prev(first_not));
  return until && *until > now ? until : std::nullopt;
}

bool is_within(const Directory::View& view, const Actor& actor, std::string_view principal,
               Timestamp now) {
  if (actor.agent == nullptr) return false;
  const Closure closure(view, actor, now);
  for (std::size_t i = 0; i < closure.size(); ++i)
    if (closure.at(i).name() == principal) return true;
  return closure.is_cut_off();
}

bool puts_on_record(const Directory::View& view, std::string_view principal, Timestamp now) {
  return !each_held(view, Subject(principal), Rules::all, now,
                    [](const Held& held) { return held.effect != Effect::audit; });
}

bool concerns_administration(const Directory::View& view, std::string_view principal,
                             Timestamp now) {
  return !each_held(view, Subject(principal), Rules::all, now, [](const Held& held) {
    return held.effect == Effect::audit || !reaches_administration(held.what.permission);
  });
}

bool holds_some(const Directory::View& view, const Actor& agent, std::string_view permission,
                Timestamp now) {
  if (agent.agent == nullptr) return false;
  return !each_held(view, agent, Rules::that_allow, now, [&](const Held& held) {
    return !visit_covering(
        permission, [&](std::string_view pattern) { return pattern == held.what.permission; });
  });
}

}  // namespace agentauth
