#include "keys/key_keeper.h"

#include <algorithm>
#include <span>

namespace agentauth {

KeyKeeper::KeyKeeper(Database& database, KeyUses& uses, Log& log)
    : database_(database),
      uses_(uses),
      rounds_(log, "key_keeper", interval, [this](Rounds::Last) { return round(); }) {}

Result<void> KeyKeeper::round() { return write_uses(); }

Result<void> KeyKeeper::write_uses() {
  const std::vector<KeyUse> taken = uses_.take();
  for (std::span<const KeyUse> left(taken); !left.empty();) {
    const auto batch = left.first(std::min(left.size(), KeyUseRepository::together_max));
    const auto written =
        database_.write_apart([&](Transaction& tx) { return tx.key_uses().keep(batch); });
    if (!written) {
      for (const KeyUse& use : left) uses_.note(use);
      return written;
    }
    left = left.subspan(batch.size());
  }
  return {};
}

}  // namespace agentauth
