#include "directory/records.h"

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

}  // namespace agentauth
