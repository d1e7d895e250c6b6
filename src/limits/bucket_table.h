// The buckets of all limits, by the hash of limit and identity: fixed size, no lock on the way of a
// request whose bucket is there.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>

#include "limits/gcra.h"

namespace agentauth {

// Sets of eight buckets; a name has its place in one set. A newcomer takes an empty bucket, else
// the one with the least debt: that of an identity that is back at its full burst, which loses
// nothing by it, or, when all eight are in debt, the one that would be the first to be. Then that
// identity starts anew with a full burst: the table's slack, one burst for each eviction in debt.
// Who wants it must keep thousands of other identities in debt at once (names are hashes under a
// secret, so nobody knows which ones share a set); evictions in debt are counted.
// Safe to use from any thread.
class BucketTable {
 public:
  using Name = std::uint64_t;

  static constexpr std::size_t ways = 8;
  static constexpr std::size_t sets_default = 32 * 1024;  // 4 MiB when every page is in use

  explicit BucketTable(std::size_t sets = sets_default);

  struct Outcome {
    bool admitted = false;
    std::int64_t debt_until = 0;
  };
  // Charges `cost` requests if they fit. Under contention each attempt sees the newest debt: no two
  // requests are admitted by the same room.
  Outcome charge(Name name, std::int64_t now, const LimitRate& rate, std::int64_t cost = 1);
  // The debt, or `now` when there is none.
  std::int64_t debt_until(Name name, std::int64_t now) const;

  std::size_t buckets_max() const { return sets_ * ways; }
  // Buckets that have ever been used: what the table takes of its memory.
  std::size_t buckets_used() const { return used_.load(std::memory_order_relaxed); }
  std::uint64_t evicted_in_debt() const { return evicted_.load(std::memory_order_relaxed); }

 private:
  // A bucket that is changing hands has this debt: look again under the lock.
  static constexpr std::int64_t moving = -1;
  static constexpr std::size_t stripes = 64;

  struct Bucket {
    std::atomic<Name> name;  // 0: empty
    std::atomic<std::int64_t> debt_until;
  };
  using Set = std::array<Bucket, ways>;
  struct Freed {
    void operator()(void* memory) const { std::free(memory); }
  };

  static Name usable(Name name) { return name == 0 ? 1 : name; }
  Set& set_of(Name name) const { return first_[name % sets_]; }
  static Bucket* find(Set& set, Name name);
  template <class Next>
  Outcome update(Name name, std::int64_t now, Next next);
  template <class Next>
  std::optional<Outcome> insert(Set& set, Name name, std::int64_t now, Next next);
  Bucket& take_least_in_debt(Set& set, std::int64_t now);

  const std::size_t sets_;
  // From calloc: pages that were never written take no memory.
  std::unique_ptr<void, Freed> memory_;
  Set* first_ = nullptr;  // in memory_, on a boundary of two cache lines
  std::array<std::mutex, stripes> locks_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::uint64_t> evicted_{0};
};

}  // namespace agentauth
