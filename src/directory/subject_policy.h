// What one subject was granted beyond plain permissions, and what it is a member of, ready to
// decide by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "directory/milliseconds.h"
#include "directory/names.h"
#include "model/grant.h"
#include "model/role.h"
#include "policy/condition.h"
#include "policy/names.h"

namespace agentauth {

// A grant with its condition compiled and its action a number.
struct GrantRule {
  // Of a condition that this version cannot read: an allow then never matches, a deny always does.
  enum class When : std::uint8_t { always, condition, unreadable };

  GrantId id{};
  NameId action = 0;
  Effect effect = Effect::deny;
  When when = When::always;
  policy::ResourcePattern::Kind resource_kind = policy::ResourcePattern::Kind::any;
  std::string resource;  // of `exact` the whole name, of `prefix` what names begin with
  std::optional<policy::Condition> condition;
  std::int64_t not_before_ms = always_ms;
  std::int64_t expires_at_ms = never_ms;
  std::int64_t max_uses = 0;  // 0: as often as one likes

  static GrantRule of(const Grant& grant, NameId action);

  // `name` is type:id, or empty when the question is about nothing in particular.
  bool matches(std::string_view name) const {
    using Kind = policy::ResourcePattern::Kind;
    if (resource_kind == Kind::any) return true;
    if (resource_kind == Kind::exact) return name == resource;
    return !name.empty() && name.starts_with(resource);
  }
  bool is_in_time(Timestamp now) const {
    const auto at = now.time_since_epoch().count();
    return at >= not_before_ms && at < expires_at_ms;
  }
};

// What is left of what may be spent on looking. A step is a rule, a place where rules could be, or
// a step of a condition.
class StepsLeft {
 public:
  explicit StepsLeft(std::uint64_t steps) : left_(steps) {}
  // False when there are not as many left; then there are none.
  bool spend(std::uint64_t steps) {
    is_exhausted_ = is_exhausted_ || steps > left_;
    left_ = is_exhausted_ ? 0 : left_ - steps;
    return !is_exhausted_;
  }
  bool is_exhausted() const { return is_exhausted_; }

 private:
  std::uint64_t left_;
  bool is_exhausted_ = false;
};

struct MembershipRule {
  std::string of;    // role:NAME or group:NAME
  RoleId role_id{};  // one that was made again under that name is another one
  std::uint64_t of_hash = 0;
  std::int64_t expires_at_ms = never_ms;

  bool is_in_time(Timestamp now) const { return now.time_since_epoch().count() < expires_at_ms; }
};

// Immutable. Asking costs the same however many rules there are: a hash of action and resource
// finds them.
class SubjectPolicy {
 public:
  struct Source {
    std::string name;
    RoleId role_id{};  // all zeros: no role or group
    std::vector<GrantRule> rules;
    std::vector<MembershipRule> memberships;
  };
  explicit SubjectPolicy(Source source);

  const std::string& name() const { return source_.name; }
  RoleId role_id() const { return source_.role_id; }
  std::span<const GrantRule> rules() const { return source_.rules; }
  std::span<const MembershipRule> memberships() const { return source_.memberships; }

  // So that the index, if there is one, is on its way when each_match() comes to it.
  void prefetch() const {
    if (!slots_.empty()) __builtin_prefetch(slots_.data());
  }

  // Calls visit(const GrantRule&) for each rule whose action and resource match, as long as there
  // are steps left; neither time nor condition is asked.
  template <class Visit>
  void each_match(const Requirement& requirement, std::string_view resource, StepsLeft& steps,
                  Visit visit) const {
    const auto asked = std::span(requirement.ids).first(requirement.count);
    if (slots_.empty()) {
      for (const GrantRule& rule : source_.rules)
        if (std::find(asked.begin(), asked.end(), rule.action) != asked.end() &&
            rule.matches(resource) && steps.spend(1))
          visit(rule);
      return;
    }
    for (const NameId action : asked) {
      visit_slot(action, policy::ResourcePattern::Kind::any, {}, steps, visit);
      if (resource.empty()) continue;
      visit_slot(action, policy::ResourcePattern::Kind::exact, resource, steps, visit);
      for (const std::uint16_t length : prefix_lengths_)
        if (length <= resource.size())
          visit_slot(action, policy::ResourcePattern::Kind::prefix, resource.substr(0, length),
                     steps, visit);
    }
  }

 private:
  using Kind = policy::ResourcePattern::Kind;
  // Fewer are found quickest one by one.
  static constexpr std::size_t indexed_min = 9;
  // Nobody has more; were there more all the same, they would be looked at one by one.
  static constexpr std::size_t indexed_max = (std::size_t{1} << 24) - 1;
  static constexpr std::size_t hashed_a_step = 16;

  struct Slot {
    std::uint32_t first = 0;  // of rules that agree in action and resource; they stand together
    std::uint32_t count : 24 = 0;  // 0: empty
    std::uint32_t tag : 8 = 0;     // of their hash: most others are told without their rules
  };
  static_assert(sizeof(Slot) == 8);

  static std::uint64_t hash(NameId action, Kind kind, std::string_view resource);
  static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 56); }
  void index();

  template <class Visit>
  void visit_slot(NameId action, Kind kind, std::string_view resource, StepsLeft& steps,
                  Visit& visit) const {
    if (!steps.spend(1 + resource.size() / hashed_a_step)) return;
    const std::size_t mask = slots_.size() - 1;
    const std::uint64_t wanted = hash(action, kind, resource);
    for (std::size_t at = wanted & mask; slots_[at].count != 0; at = (at + 1) & mask) {
      if (slots_[at].tag != tag_of(wanted)) continue;
      const auto rules = std::span(source_.rules).subspan(slots_[at].first, slots_[at].count);
      const GrantRule& first = rules.front();
      if (first.action != action || first.resource_kind != kind || first.resource != resource)
        continue;
      for (const GrantRule& rule : rules) {
        if (!steps.spend(1)) return;
        visit(rule);
      }
      return;
    }
  }

  Source source_;
  std::vector<Slot> slots_;  // a power of two; none when there are few rules
  std::vector<std::uint16_t> prefix_lengths_;
};

// By name, for every subject that is no agent.
struct PrincipalRecord {
  std::uint64_t hash_value = 0;
  const SubjectPolicy* policy = nullptr;  // the directory owns it

  bool matches(std::string_view key) const { return policy->name() == key; }
  std::uint64_t hash() const { return hash_value; }
};

// Of names in tables: any string.
std::uint64_t hash_of_name(std::string_view name);

}  // namespace agentauth
