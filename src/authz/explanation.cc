#include "authz/explanation.h"

#include <algorithm>
#include <array>

#include "authz/internal/explainer.h"

namespace agentauth {
namespace {

constexpr std::array<std::string_view, 9> outcomes = {
    "matches",         "other_resource",     "not_yet",    "expired",   "condition_false",
    "condition_error", "membership_expired", "uses_spent", "audit_only"};

// Which miss is nearer: the smaller.
int distance(RuleOutcome outcome) {
  static constexpr std::array order = {
      RuleOutcome::uses_spent,         RuleOutcome::expired,         RuleOutcome::not_yet,
      RuleOutcome::membership_expired, RuleOutcome::condition_false, RuleOutcome::condition_error,
      RuleOutcome::other_resource};
  return static_cast<int>(std::find(order.begin(), order.end(), outcome) - order.begin());
}

NearestMiss miss_of(const ConsideredRule& rule) {
  const std::string who = rule.path.size() > 1 ? rule.path.back() : "a grant to it";
  return {who + " would allow: " + rule.detail, rule};
}

std::optional<NearestMiss> nearest_of(const std::vector<ConsideredRule>& considered) {
  const ConsideredRule* nearest = nullptr;
  for (const ConsideredRule& rule : considered) {
    if (rule.grant.decides() != Effect::allow || rule.outcome == RuleOutcome::matches) continue;
    if (nearest == nullptr || distance(rule.outcome) < distance(nearest->outcome)) nearest = &rule;
  }
  return nearest == nullptr ? std::nullopt : std::optional(miss_of(*nearest));
}

std::optional<ConsideredRule> decided_by(const std::vector<ConsideredRule>& considered,
                                         const Decision& decision) {
  for (const ConsideredRule& rule : considered) {
    const bool is_it = decision.rule != nullptr
                           ? !rule.is_plain && rule.grant.id == decision.rule->id
                           : rule.is_plain && decision.allowed();
    if (is_it) return rule;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(RuleOutcome outcome) {
  return outcomes[static_cast<std::size_t>(outcome)];
}

Explanation explain(const Directory::View& view, const Subject& subject, std::string_view name,
                    const Question& question, policy::Values values) {
  Explanation explanation;
  const Decision decision = decide(view, subject, question);
  explanation.reason = decision.reason;
  if (subject.actor && subject.actor->agent == nullptr) return explanation;
  internal::Explainer explainer(view, subject, name, question, values);
  explanation.considered = explainer.considered(decision);
  explanation.memberships = explainer.memberships();
  explanation.decided_by = decided_by(explanation.considered, decision);
  if (decision.reason != Reason::not_granted && decision.reason != Reason::uses_spent)
    return explanation;
  explanation.nearest_miss = nearest_of(explanation.considered);
  // Somebody else's resource is further away than a role that would do.
  if (!explanation.nearest_miss ||
      explanation.nearest_miss->rule.outcome == RuleOutcome::other_resource)
    if (auto role = explainer.role_that_would_allow())
      explanation.nearest_miss = NearestMiss{
          role->path.back() + " would allow: " + std::string(name) + " is not a member", *role};
  return explanation;
}

}  // namespace agentauth
