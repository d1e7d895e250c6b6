#include "limits/bucket_table.h"

#include <bit>
#include <new>

namespace agentauth {

BucketTable::BucketTable(std::size_t sets)
    : sets_(sets), memory_(std::calloc(sets + 1, sizeof(Set))) {
  static_assert(sizeof(Set) == 128);
  void* first = memory_.get();
  std::size_t room = (sets + 1) * sizeof(Set);
  if (first == nullptr || std::align(sizeof(Set), sets * sizeof(Set), first, room) == nullptr)
    throw std::bad_alloc();
  first_ = static_cast<Set*>(first);
}

BucketTable::Bucket* BucketTable::find(Set& set, Name name) {
  for (Bucket& bucket : set)
    if (bucket.name.load(std::memory_order_acquire) == name) return &bucket;
  return nullptr;
}

// `next` says what a debt becomes, or nothing when the request does not fit.
template <class Next>
BucketTable::Outcome BucketTable::update(Name name, std::int64_t now, std::int64_t passed_on_ns,
                                         Next next) {
  name = usable(name);
  Set& set = set_of(name);
  for (;;) {
    Bucket* bucket = find(set, name);
    std::int64_t debt =
        bucket == nullptr ? moving : bucket->debt_until.load(std::memory_order_acquire);
    if (debt == moving) {
      if (const auto outcome = insert(name, now, passed_on_ns, next)) return *outcome;
      continue;
    }
    const std::optional<std::int64_t> after = next(debt);
    if (after && !bucket->debt_until.compare_exchange_weak(debt, *after, std::memory_order_acq_rel))
      continue;
    // It may have been given away between the look at its name and the charge: then that was
    // another's debt, which pays once too often, and this request is charged again.
    if (bucket->name.load(std::memory_order_acquire) != name) continue;
    if (after) keep_charge(*bucket, passed_on_ns);
    return {after.has_value(), after.value_or(debt)};
  }
}

// Nothing when the name is there by now.
template <class Next>
std::optional<BucketTable::Outcome> BucketTable::insert(Name name, std::int64_t now,
                                                        std::int64_t passed_on_ns, Next next) {
  Set& set = set_of(name);
  const std::lock_guard lock(locks_[static_cast<std::size_t>(&set - first_) % stripes]);
  if (find(set, name) != nullptr) return std::nullopt;
  const std::optional<std::int64_t> after = next(0);
  if (!after) return Outcome{false, now};
  Bucket& bucket = take_least_in_debt(set, now);
  bucket.name.store(name, std::memory_order_release);
  bucket.debt_until.store(*after, std::memory_order_release);
  // What the last owner charged a moment ago goes with it.
  if (kept_) kept_[place_of(bucket)].store(0, std::memory_order_relaxed);
  keep_charge(bucket, passed_on_ns);
  return Outcome{true, *after};
}

// Leaves it marked as moving: nobody can charge its last owner any more.
BucketTable::Bucket& BucketTable::take_least_in_debt(Set& set, std::int64_t now) {
  for (;;) {
    Bucket* least = nullptr;
    std::int64_t debt = 0;
    bool empty = false;
    for (Bucket& bucket : set) {
      const std::int64_t other = bucket.debt_until.load(std::memory_order_acquire);
      if (least != nullptr && other >= debt) continue;
      least = &bucket;
      debt = other;
      empty = bucket.name.load(std::memory_order_acquire) == 0;
      if (empty) break;
    }
    if (!least->debt_until.compare_exchange_strong(debt, moving, std::memory_order_acq_rel))
      continue;  // charged in between: perhaps another has less by now
    if (empty) {
      used_.fetch_add(1, std::memory_order_relaxed);
    } else if (debt > now) {
      evicted_.fetch_add(1, std::memory_order_relaxed);
    }
    return *least;
  }
}

BucketTable::Outcome BucketTable::charge(Name name, std::int64_t now, const LimitRate& rate,
                                         std::int64_t passed_on_ns) {
  return update(name, now, passed_on_ns, [&](std::int64_t debt) -> std::optional<std::int64_t> {
    const std::int64_t after = charged(debt, now, rate);
    if (!fits(after, now, rate)) return std::nullopt;
    return after;
  });
}

std::int64_t BucketTable::debt_until(Name name, std::int64_t now) const {
  const Bucket* bucket = find(set_of(usable(name)), usable(name));
  if (bucket == nullptr) return now;
  return std::max(bucket->debt_until.load(std::memory_order_acquire), now);
}

void BucketTable::keep_charges() {
  kept_ = std::make_unique<std::atomic<std::int64_t>[]>(buckets_max());
  marks_ = std::vector<std::atomic<std::uint64_t>>(sets_ / 64 + 1);
}

std::size_t BucketTable::place_of(const Bucket& bucket) const {
  return static_cast<std::size_t>(&bucket - first_->data());
}

void BucketTable::mark(std::size_t set) {
  std::atomic<std::uint64_t>& word = marks_[set / 64];
  const std::uint64_t bit = std::uint64_t{1} << (set % 64);
  // Mostly it is marked already, and then nothing is written that other cores read.
  if ((word.load(std::memory_order_seq_cst) & bit) == 0)
    word.fetch_or(bit, std::memory_order_seq_cst);
}

void BucketTable::keep_charge(const Bucket& bucket, std::int64_t ns) {
  if (!kept_) return;
  // First the charge and then the mark; take_charges goes the other way.
  kept_[place_of(bucket)].fetch_add(ns, std::memory_order_seq_cst);
  mark(place_of(bucket) / ways);
}

void BucketTable::take_charges(std::vector<Charge>& out, std::size_t max) {
  for (std::size_t looked = 0; looked < marks_.size(); ++looked) {
    const std::size_t word = next_mark_;
    next_mark_ = (next_mark_ + 1) % marks_.size();
    if (marks_[word].load(std::memory_order_relaxed) == 0) continue;
    for (std::uint64_t bits = marks_[word].exchange(0, std::memory_order_seq_cst); bits != 0;
         bits &= bits - 1) {
      const std::size_t set = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      if (out.size() + ways > max) {
        mark(set);
        continue;
      }
      for (std::size_t way = 0; way < ways; ++way) {
        const std::int64_t ns = kept_[set * ways + way].exchange(0, std::memory_order_seq_cst);
        if (ns > 0) out.push_back({first_[set][way].name.load(std::memory_order_acquire), ns});
      }
    }
    if (out.size() + ways > max) return;
  }
}

void BucketTable::return_charges(std::span<const Charge> charges) {
  for (const Charge& charge : charges)
    if (const Bucket* bucket = find(set_of(charge.name), charge.name))
      keep_charge(*bucket, charge.ns);
}

void BucketTable::forgive_charges(std::int64_t now, std::int64_t share) {
  for (std::size_t word = 0; word < marks_.size(); ++word) {
    for (std::uint64_t bits = marks_[word].load(std::memory_order_seq_cst); bits != 0;
         bits &= bits - 1) {
      const std::size_t set = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      for (std::size_t way = 0; way < ways; ++way) {
        const std::int64_t debt = first_[set][way].debt_until.load(std::memory_order_acquire) - now;
        const std::int64_t owed = std::max<std::int64_t>(debt, 0) / share;
        std::atomic<std::int64_t>& kept = kept_[set * ways + way];
        std::int64_t before = kept.load(std::memory_order_relaxed);
        while (before > owed && !kept.compare_exchange_weak(before, owed)) {
        }
      }
    }
  }
}

void BucketTable::raise(Name name, std::int64_t debt_until) {
  Bucket* const bucket = find(set_of(name), name);
  if (bucket == nullptr) return;
  std::int64_t before = bucket->debt_until.load(std::memory_order_acquire);
  // Whoever gets the bucket between the two starts with a debt that is not its own: no harm to the
  // limit, and as likely as an eviction within nanoseconds.
  while (before != moving && before < debt_until &&
         !bucket->debt_until.compare_exchange_weak(before, debt_until, std::memory_order_acq_rel)) {
  }
}

}  // namespace agentauth
