// The latest use of each of many things, on its way to something slower: noted by threads that wait
// for nothing, and taken out together.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace agentauth {

// A Use has the member `at`; one that consists of zeros is none. Of tells them apart:
//   static std::size_t hash(const Use&)         of what was used
//   static bool same(const Use&, const Use&)    whether both are of the same thing
//   static bool is_none(const Use&)
//
// Fixed size, 65,536 things: when a set of eight is full, its oldest use gives way. Takes no memory
// until it is used. Safe to use from any thread.
template <class Use, class Of>
class LatestUses {
  static_assert(std::is_trivially_copyable_v<Use>);

 public:
  LatestUses() : sets_(static_cast<Set*>(std::calloc(stripes * sets_of_stripe, sizeof(Set)))) {
    if (!sets_) throw std::bad_alloc();
  }

  // Of two uses of a thing the later one stays. Returns the use that gave way for want of room.
  std::optional<Use> note(const Use& use) {
    const std::size_t at = Of::hash(use) % (stripes * sets_of_stripe);
    Stripe& stripe = stripes_[at / sets_of_stripe];
    const std::lock_guard lock(stripe.mutex);
    Set& set = sets_[at];
    auto place = std::find_if(set.begin(), set.end(),
                              [&](const Use& known) { return Of::same(known, use); });
    const bool is_known = place != set.end();
    if (!is_known)
      // Free places have the time zero.
      place = std::min_element(set.begin(), set.end(),
                               [](const Use& a, const Use& b) { return a.at < b.at; });
    if (place->at > use.at) return is_known ? std::nullopt : std::optional(use);
    std::optional<Use> gave_way;
    if (Of::is_none(*place)) {
      ++stripe.used;
    } else if (!is_known) {
      gave_way = *place;
    }
    *place = use;
    return gave_way;
  }

  // All there are, and forgets them.
  std::vector<Use> take() {
    std::vector<Use> taken;
    for (std::size_t i = 0; i < stripes; ++i) {
      const std::lock_guard lock(stripes_[i].mutex);
      if (stripes_[i].used == 0) continue;
      for (Set& set : std::span(&sets_[i * sets_of_stripe], sets_of_stripe)) {
        for (const Use& use : set)
          if (!Of::is_none(use)) taken.push_back(use);
        set = {};
      }
      stripes_[i].used = 0;
    }
    return taken;
  }

 private:
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t sets_of_stripe = 128;
  static constexpr std::size_t stripes = 64;

  using Set = std::array<Use, ways>;
  struct Freed {
    void operator()(Set* set) const { std::free(set); }
  };
  struct alignas(64) Stripe {
    std::mutex mutex;
    std::size_t used = 0;
  };

  std::array<Stripe, stripes> stripes_;
  // From calloc: pages that were never written take no memory.
  std::unique_ptr<Set[], Freed> sets_;
};

}  // namespace agentauth
