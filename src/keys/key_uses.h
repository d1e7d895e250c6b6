// The last use of each key, on its way to the database: noted by logins, which wait for nothing,
// and taken out together.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "model/api_key.h"

namespace agentauth {

// Fixed size, 65,536 keys: when a set of eight is full, its oldest use gives way and that key's is
// noted at its next login. Takes no memory until it is used. Safe to use from any thread.
class KeyUses {
 public:
  KeyUses();

  // Of two uses of a key the later one stays.
  void note(const KeyUse& use);
  // All there are, and forgets them.
  std::vector<KeyUse> take();

 private:
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t sets_of_stripe = 128;
  static constexpr std::size_t stripes = 64;

  using Set = std::array<KeyUse, ways>;  // a kid of zeros: free
  struct Freed {
    void operator()(Set* set) const;
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
