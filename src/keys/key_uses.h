// The last use of each key, on its way to the database: noted by logins.
#pragma once

#include <functional>

#include "base/latest_uses.h"
#include "model/api_key.h"

namespace agentauth {

struct OfKeys {
  static std::size_t hash(const KeyUse& use) {
    return std::hash<std::string_view>{}(text_of(use.kid));
  }
  static bool same(const KeyUse& a, const KeyUse& b) { return a.kid == b.kid; }
  static bool is_none(const KeyUse& use) { return use.kid == Kid{}; }
};

// A use that gave way is noted at the key's next login.
using KeyUses = LatestUses<KeyUse, OfKeys>;

}  // namespace agentauth
