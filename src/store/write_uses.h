// Writes down what LatestUses were noted.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "store/database.h"

namespace agentauth {

// In batches, each in a transaction of its own. `keep(Transaction&, std::span<const Use>)` writes
// one; `note_again(const Use&)` is told of each that was not written. Errors: those of `keep`, and
// the database's; batches before stay written.
template <class Use, class Keep, class NoteAgain>
Result<void> write_uses(Database& database, const std::vector<Use>& taken, std::size_t together_max,
                        Keep keep, NoteAgain note_again) {
  for (std::span<const Use> left(taken); !left.empty();) {
    const auto batch = left.first(std::min(left.size(), together_max));
    auto written = database.write_apart([&](Transaction& tx) { return keep(tx, batch); });
    if (!written) {
      for (const Use& use : left) note_again(use);
      return written;
    }
    left = left.subspan(batch.size());
  }
  return {};
}

}  // namespace agentauth
