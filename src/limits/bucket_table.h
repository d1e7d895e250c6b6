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
#include <span>
#include <vector>

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
  // Charges a request if it fits. Under contention each attempt sees the newest debt: no two
  // requests are admitted by the same room.
  // `passed_on_ns` is what other nodes are told of it, if there are any.
  Outcome charge(Name name, std::int64_t now, const LimitRate& rate, std::int64_t passed_on_ns);
  Outcome charge(Name name, std::int64_t now, const LimitRate& rate) {
    return charge(name, now, rate, rate.interval_ns);
  }
  // The debt, or `now` when there is none.
  std::int64_t debt_until(Name name, std::int64_t now) const;

  // For nodes that share their buckets: what was charged here and is to be passed on.
  struct Charge {
    Name name = 0;
    std::int64_t ns = 0;
  };
  // From here on charges are kept until they are taken. REQUIRES: before the first charge.
  void keep_charges();
  // Up to `max` of them, appended. One thread at a time.
  void take_charges(std::vector<Charge>& out, std::size_t max);
  // Puts back what could not be passed on.
  void return_charges(std::span<const Charge> charges);
  // Of what is kept, leaves each bucket no more than it still owes, divided by `share`.
  void forgive_charges(std::int64_t now, std::int64_t share);
  // At least that much in debt, if the bucket is still here.
  void raise(Name name, std::int64_t debt_until);

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
  std::size_t place_of(const Bucket& bucket) const;
  void keep_charge(const Bucket& bucket, std::int64_t ns);
  void mark(std::size_t set);
  template <class Next>
  Outcome update(Name name, std::int64_t now, std::int64_t passed_on_ns, Next next);
  template <class Next>
  std::optional<Outcome> insert(Name name, std::int64_t now, std::int64_t passed_on_ns, Next next);
  Bucket& take_least_in_debt(Set& set, std::int64_t now);

  const std::size_t sets_;
  // From calloc: pages that were never written take no memory.
  std::unique_ptr<void, Freed> memory_;
  Set* first_ = nullptr;  // in memory_, on a boundary of two cache lines
  std::array<std::mutex, stripes> locks_;
  // By bucket, and a bit for each set that has some; nullptr while nobody shares.
  std::unique_ptr<std::atomic<std::int64_t>[]> kept_;
  std::vector<std::atomic<std::uint64_t>> marks_;
  std::size_t next_mark_ = 0;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::uint64_t> evicted_{0};
};

}  // namespace agentauth
