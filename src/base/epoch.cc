#include "base/epoch.h"

#include <algorithm>
#include <limits>
#include <new>

namespace agentauth {

EpochDomain::EpochDomain() : slots_(std::make_unique<Slot[]>(thread_index_max)) {}

EpochDomain::~EpochDomain() {
  for (const Retired& entry : retired_) entry.destroy(entry.object);
}

void EpochDomain::retire_erased(const void* object, Destroy destroy) noexcept {
  std::vector<Retired> expired;
  try {
    const std::lock_guard lock(mutex_);
    // The object left view before this epoch began: readers pinned from here on cannot hold it.
    const std::uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
    retired_.push_back({epoch, object, destroy});
    const std::uint64_t oldest = oldest_reader();
    const auto kept = std::partition(retired_.begin(), retired_.end(),
                                     [&](const Retired& entry) { return entry.epoch > oldest; });
    expired.assign(kept, retired_.end());
    retired_.erase(kept, retired_.end());
  } catch (const std::bad_alloc&) {
    // What could not be taken out stays for the next time.
  }
  // Without the lock: destroying may take a while.
  for (const Retired& entry : expired) entry.destroy(entry.object);
}

std::uint64_t EpochDomain::oldest_reader() const {
  std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 0; i < thread_index_max; ++i) {
    const std::uint64_t pinned = slots_[i].epoch.load(std::memory_order_seq_cst);
    if (pinned != 0) oldest = std::min(oldest, pinned);
  }
  return oldest;
}

}  // namespace agentauth
