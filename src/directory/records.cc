#include "directory/records.h"

#include <algorithm>
#include <bit>

namespace agentauth {
namespace {

std::size_t mix(NameId id) { return id * 0x9E3779B1U; }

}  // namespace

GrantSet::GrantSet(std::span<const NameId> grants)
    : grants_(grants.begin(), grants.end()), slots_(std::bit_ceil(grants.size() * 2)) {
  const std::size_t mask = slots_.size() - 1;
  for (const NameId id : grants_) {
    std::size_t at = mix(id) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = id + 1;
  }
}

bool GrantSet::contains(NameId id) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = mix(id) & mask; slots_[at] != 0; at = (at + 1) & mask)
    if (slots_[at] == id + 1) return true;
  return false;
}

std::unique_ptr<const GrantSet> AgentRecord::take(std::span<const NameId> held_from_now) {
  grant_count = static_cast<std::uint16_t>(std::min(held_from_now.size(), grants_max));
  if (grant_count > inline_max) {
    auto set = std::make_unique<const GrantSet>(held_from_now);
    many = set.get();
    return set;
  }
  grants = none;
  std::copy(held_from_now.begin(), held_from_now.end(), grants.begin());
  return nullptr;
}

bool KeyLimits::admits(Timestamp now, const IpAddress& from) const {
  if (now.time_since_epoch().count() < source_.not_before_ms) return false;
  return !source_.networks ||
         std::any_of(source_.networks->begin(), source_.networks->end(),
                     [&](const Network& network) { return network.contains(from); });
}

bool KeyLimits::holds_any_of(const Requirement& requirement) const {
  if (!source_.permissions) return true;
  const auto asked = std::span(requirement.ids).first(requirement.count);
  return std::any_of(source_.permissions->begin(), source_.permissions->end(), [&](NameId held) {
    return std::find(asked.begin(), asked.end(), held) != asked.end();
  });
}

}  // namespace agentauth
