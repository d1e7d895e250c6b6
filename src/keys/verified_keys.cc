#include "keys/verified_keys.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace agentauth {

void VerifiedKeys::Freed::operator()(Set* set) const { std::free(set); }

VerifiedKeys::VerifiedKeys(std::chrono::milliseconds lifetime)
    : lifetime_(lifetime), sets_(static_cast<Set*>(std::calloc(sets, sizeof(Set)))) {
  if (!sets_) throw std::bad_alloc();
}

std::size_t VerifiedKeys::set_of(const Sha256& name) const {
  std::uint64_t word;
  std::memcpy(&word, name.data(), sizeof word);
  return word % sets;
}

bool VerifiedKeys::contains(const Sha256& name, std::uint32_t generation, Timestamp now) const {
  const std::size_t at = set_of(name);
  const std::lock_guard lock(locks_[at % stripes]);
  const Set& set = sets_[at];
  const std::int64_t now_ms = now.time_since_epoch().count();
  return std::any_of(set.begin(), set.end(), [&](const Entry& entry) {
    // Not before it was remembered either: a clock that is set back must not make it last.
    const bool lives = now_ms < entry.until_ms && now_ms >= entry.until_ms - lifetime_.count();
    return lives && entry.generation == generation && constant_time_equal(entry.name, name);
  });
}

void VerifiedKeys::remember(const Sha256& name, std::uint32_t generation, Timestamp now) {
  const std::size_t at = set_of(name);
  const std::lock_guard lock(locks_[at % stripes]);
  Set& set = sets_[at];
  auto place =
      std::find_if(set.begin(), set.end(), [&](const Entry& entry) { return entry.name == name; });
  if (place == set.end())
    place = std::min_element(set.begin(), set.end(), [](const Entry& a, const Entry& b) {
      return a.until_ms < b.until_ms;
    });
  *place = Entry{name, (now + lifetime_).time_since_epoch().count(), generation};
}

}  // namespace agentauth
