#include "limits/bucket_table.h"

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
BucketTable::Outcome BucketTable::update(Name name, std::int64_t now, Next next) {
  name = usable(name);
  Set& set = set_of(name);
  for (;;) {
    Bucket* bucket = find(set, name);
    std::int64_t debt =
        bucket == nullptr ? moving : bucket->debt_until.load(std::memory_order_acquire);
    if (debt == moving) {
      if (const auto outcome = insert(set, name, now, next)) return *outcome;
      continue;
    }
    const std::optional<std::int64_t> after = next(debt);
    if (after && !bucket->debt_until.compare_exchange_weak(debt, *after, std::memory_order_acq_rel))
      continue;
    // It may have been given away between the look at its name and the charge: then that was
    // another's debt, which pays once too often, and this request is charged again.
    if (bucket->name.load(std::memory_order_acquire) == name)
      return {after.has_value(), after.value_or(debt)};
  }
}

// Nothing when the name is there by now.
template <class Next>
std::optional<BucketTable::Outcome> BucketTable::insert(Set& set, Name name, std::int64_t now,
                                                        Next next) {
  const std::lock_guard lock(locks_[static_cast<std::size_t>(&set - first_) % stripes]);
  if (find(set, name) != nullptr) return std::nullopt;
  const std::optional<std::int64_t> after = next(0);
  if (!after) return Outcome{false, now};
  Bucket& bucket = take_least_in_debt(set, now);
  bucket.name.store(name, std::memory_order_release);
  bucket.debt_until.store(*after, std::memory_order_release);
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
                                         std::int64_t cost) {
  return update(name, now, [&](std::int64_t debt) -> std::optional<std::int64_t> {
    const std::int64_t after = charged(debt, now, rate, cost);
    if (!fits(after, now, rate)) return std::nullopt;
    return after;
  });
}

std::int64_t BucketTable::debt_until(Name name, std::int64_t now) const {
  const Bucket* bucket = find(set_of(usable(name)), usable(name));
  if (bucket == nullptr) return now;
  return std::max(bucket->debt_until.load(std::memory_order_acquire), now);
}

}  // namespace agentauth
