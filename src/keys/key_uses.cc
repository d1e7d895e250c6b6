#include "keys/key_uses.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <new>

namespace agentauth {

void KeyUses::Freed::operator()(Set* set) const { std::free(set); }

KeyUses::KeyUses() : sets_(static_cast<Set*>(std::calloc(stripes * sets_of_stripe, sizeof(Set)))) {
  if (!sets_) throw std::bad_alloc();
}

void KeyUses::note(const KeyUse& use) {
  const std::size_t at =
      std::hash<std::string_view>{}(text_of(use.kid)) % (stripes * sets_of_stripe);
  Stripe& stripe = stripes_[at / sets_of_stripe];
  const std::lock_guard lock(stripe.mutex);
  Set& set = sets_[at];
  auto place = std::find_if(set.begin(), set.end(),
                            [&](const KeyUse& known) { return known.kid == use.kid; });
  if (place == set.end())
    // Free places have the time zero.
    place = std::min_element(set.begin(), set.end(),
                             [](const KeyUse& a, const KeyUse& b) { return a.at < b.at; });
  if (place->at > use.at) return;
  if (place->kid == Kid{}) ++stripe.used;
  *place = use;
}

std::vector<KeyUse> KeyUses::take() {
  std::vector<KeyUse> taken;
  for (std::size_t i = 0; i < stripes; ++i) {
    const std::lock_guard lock(stripes_[i].mutex);
    if (stripes_[i].used == 0) continue;
    for (Set& set : std::span(&sets_[i * sets_of_stripe], sets_of_stripe)) {
      for (KeyUse& use : set)
        if (use.kid != Kid{}) taken.push_back(use);
      set = {};
    }
    stripes_[i].used = 0;
  }
  return taken;
}

}  // namespace agentauth
