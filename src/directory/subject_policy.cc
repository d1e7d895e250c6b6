#include "directory/subject_policy.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace agentauth {
namespace {

constexpr std::uint64_t golden = 0x9E3779B97F4A7C15ULL;

}  // namespace

// The high bits choose a table's shard, the low ones a place in it, so both have to be mixed.
std::uint64_t hash_of_name(std::string_view name) {
  std::uint64_t hash = std::hash<std::string_view>{}(name);
  hash ^= hash >> 32;
  hash *= golden;
  return hash ^ (hash >> 29);
}

GrantRule GrantRule::of(const Grant& grant, NameId action) {
  GrantRule rule;
  rule.id = grant.id;
  rule.action = action;
  rule.effect = grant.decides();
  if (grant.resource) {
    const auto pattern = policy::parse_resource_pattern(*grant.resource);
    // What no service can have written is about one resource that nobody can name; as a deny, about
    // any.
    const auto unreadable = rule.effect == Effect::deny ? policy::ResourcePattern::Kind::any
                                                        : policy::ResourcePattern::Kind::exact;
    rule.resource_kind = pattern ? pattern->kind : unreadable;
    if (rule.resource_kind != policy::ResourcePattern::Kind::any) rule.resource = *grant.resource;
    if (pattern && pattern->kind == policy::ResourcePattern::Kind::prefix) rule.resource.pop_back();
  }
  if (grant.when) {
    auto condition = policy::Condition::compile(*grant.when);
    rule.when = condition ? When::condition : When::unreadable;
    if (condition) rule.condition = *std::move(condition);
  }
  rule.not_before_ms = begin_ms(grant.not_before);
  rule.expires_at_ms = end_ms(grant.expires_at);
  rule.max_uses = grant.max_uses.value_or(0);
  return rule;
}

SubjectPolicy::SubjectPolicy(Source source) : source_(std::move(source)) {
  // In one order, whoever wrote which first: equal ones together, and then by id.
  std::sort(source_.rules.begin(), source_.rules.end(), [](const GrantRule& a, const GrantRule& b) {
    return std::tie(a.action, a.resource_kind, a.resource, a.id) <
           std::tie(b.action, b.resource_kind, b.resource, b.id);
  });
  std::sort(source_.memberships.begin(), source_.memberships.end(),
            [](const MembershipRule& a, const MembershipRule& b) {
              return std::tie(a.of, a.role_id) < std::tie(b.of, b.role_id);
            });
  if (source_.rules.size() >= indexed_min && source_.rules.size() <= indexed_max) index();
}

void SubjectPolicy::index() {
  slots_.resize(std::bit_ceil(source_.rules.size() * 2));
  const std::size_t mask = slots_.size() - 1;
  const auto rules = std::span<const GrantRule>(source_.rules);
  for (std::size_t first = 0, end = 0; first < rules.size(); first = end) {
    const GrantRule& rule = rules[first];
    const auto is_alike = [&](const GrantRule& other) {
      return other.action == rule.action && other.resource_kind == rule.resource_kind &&
             other.resource == rule.resource;
    };
    while (end < rules.size() && is_alike(rules[end])) ++end;
    const std::uint64_t hashed = hash(rule.action, rule.resource_kind, rule.resource);
    std::size_t at = hashed & mask;
    while (slots_[at].count != 0) at = (at + 1) & mask;
    slots_[at].first = static_cast<std::uint32_t>(first);
    slots_[at].count = static_cast<std::uint32_t>(end - first) & indexed_max;
    slots_[at].tag = tag_of(hashed);
    if (rule.resource_kind == Kind::prefix)
      prefix_lengths_.push_back(static_cast<std::uint16_t>(rule.resource.size()));
  }
  std::sort(prefix_lengths_.begin(), prefix_lengths_.end());
  prefix_lengths_.erase(std::unique(prefix_lengths_.begin(), prefix_lengths_.end()),
                        prefix_lengths_.end());
}

std::uint64_t SubjectPolicy::hash(NameId action, Kind kind, std::string_view resource) {
  const std::uint64_t of_resource = kind == Kind::any ? 0 : hash_of_name(resource);
  const std::uint64_t mixed =
      (of_resource + static_cast<std::uint64_t>(kind)) ^ ((std::uint64_t{action} + 1) * golden);
  return mixed ^ (mixed >> 31);
}

}  // namespace agentauth
