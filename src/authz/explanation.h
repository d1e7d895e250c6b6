// Why a decision is what it is: each rule that is about the action, and what kept it from deciding.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authz/decision.h"
#include "policy/condition.h"

namespace agentauth {

enum class RuleOutcome : std::uint8_t {
  matches,
  other_resource,
  not_yet,
  expired,
  condition_false,
  condition_error,
  membership_expired,
  uses_spent,
  audit_only,
};
std::string_view to_string(RuleOutcome outcome);

// Names, from the subject to whom something was granted: "user:alice", "group:x", "role:y".
using Path = std::vector<std::string>;

struct ConsideredRule {
  Grant grant;            // without created_at; of a plain permission without an id, too
  bool is_plain = false;  // a plain permission of an agent
  Path path;
  RuleOutcome outcome = RuleOutcome::matches;
  std::string detail;  // for people
};

struct NearestMiss {
  std::string message;
  ConsideredRule rule;
};

struct LivingMembership {
  std::string member;
  std::string of;
  std::optional<Timestamp> expires_at;
};

// Holds no views.
struct Explanation {
  static constexpr std::size_t considered_max = 100;

  Reason reason = Reason::not_granted;
  std::optional<ConsideredRule> decided_by;
  // What decided; then those about the resource, then the others: by path, the shorter and then the
  // lesser first; by action; by resource, none first, without the star at its end; by id.
  std::vector<ConsideredRule> considered;
  // By the path to the member, then by what it is a member of.
  std::vector<LivingMembership> memberships;
  // The best rule that would have allowed, had one thing been different.
  std::optional<NearestMiss> nearest_miss;
};

// `name` is the subject's. Looks at all rules of all its roles and groups, and at all roles and
// groups there are when it is not granted: slow. `values`: of attributes that conditions looked at.
Explanation explain(const Directory::View& view, const Subject& subject, std::string_view name,
                    const Question& question, policy::Values values = policy::Values::shown);

}  // namespace agentauth
