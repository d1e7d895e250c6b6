// A hash table for many readers and one writer: flat slots, copied a shard at a time.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "base/epoch.h"

namespace agentauth::internal {

// Slots are small trivially copyable records with open addressing, so that a lookup touches one
// cache line where a node-based map would touch three. The table is cut into shards by the hash; a
// write copies one shard, changes the copy and publishes it with one atomic store. Readers hold an
// EpochDomain::Pin and see each shard either before or after a write.
//
// Slot needs: bool empty() const; bool matches(const Key&) const; std::uint64_t hash() const.
template <class Slot>
class FlatTable {
  static_assert(std::is_trivially_copyable_v<Slot>);

 public:
  FlatTable() {
    for (auto& shard : shards_) shard.store(nullptr, std::memory_order_relaxed);
  }
  ~FlatTable() {
    for (auto& shard : shards_) delete shard.load(std::memory_order_relaxed);
  }
  FlatTable(const FlatTable&) = delete;
  FlatTable& operator=(const FlatTable&) = delete;

  // nullptr when it is not there. Caller: any pinned thread.
  template <class Key>
  const Slot* find(std::uint64_t hash, const Key& key) const {
    // Sequentially consistent, as EpochDomain asks of what it protects.
    const Shard* shard = shards_[shard_of(hash)].load(std::memory_order_seq_cst);
    return shard == nullptr ? nullptr : shard->find(hash, key);
  }

  // Puts the slot in place of the one with its key, or adds it. Caller: the one writer. Without a
  // domain nobody reads yet, and the shard is changed where it stands.
  template <class Key>
  void put(const Slot& slot, const Key& key, EpochDomain* domain) {
    Draft draft;
    Shard& shard = writable(draft, slot.hash(), domain);
    const std::size_t added = shard.put(slot, key);
    publish(std::move(draft), slot.hash(), domain);
    size_.fetch_add(added, std::memory_order_relaxed);
  }

  template <class Key>
  void erase(std::uint64_t hash, const Key& key, EpochDomain* domain) {
    if (find(hash, key) == nullptr) return;
    Draft draft;
    Shard& shard = writable(draft, hash, domain);
    const std::size_t erased = shard.erase(hash, key);
    publish(std::move(draft), hash, domain);
    size_.fetch_sub(erased, std::memory_order_relaxed);
  }

  // The same for many: each shard is copied and published once. Sorts the slots; key_of gives a
  // slot's key.
  template <class KeyOf>
  void put_all(std::span<Slot> slots, KeyOf key_of, EpochDomain& domain) {
    each_run(slots, [&](std::span<const Slot> run) {
      Draft draft;
      std::size_t added = 0;
      for (const Slot& slot : run)
        added += writable(draft, slot.hash(), &domain).put(slot, key_of(slot));
      publish(std::move(draft), run.front().hash(), &domain);
      size_.fetch_add(added, std::memory_order_relaxed);
    });
  }

  template <class KeyOf>
  void erase_all(std::span<Slot> slots, KeyOf key_of, EpochDomain& domain) {
    each_run(slots, [&](std::span<const Slot> run) {
      Draft draft;
      std::size_t erased = 0;
      for (const Slot& slot : run)
        erased += writable(draft, slot.hash(), &domain).erase(slot.hash(), key_of(slot));
      publish(std::move(draft), run.front().hash(), &domain);
      size_.fetch_sub(erased, std::memory_order_relaxed);
    });
  }

  // Caller: the writer, or anybody who is pinned.
  template <class Visit>
  void each(Visit&& visit) const {
    for (const auto& place : shards_) {
      const Shard* shard = place.load(std::memory_order_seq_cst);
      if (shard == nullptr) continue;
      for (const Slot& slot : shard->slots)
        if (!slot.empty()) visit(slot);
    }
  }

  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t shard_bits = 10;
  static constexpr std::size_t slots_first = 8;

  struct Shard {
    std::vector<Slot> slots;  // a power of two, at most 7/8 full
    std::size_t count = 0;

    explicit Shard(std::size_t capacity) : slots(capacity) {}

    template <class Key>
    const Slot* find(std::uint64_t hash, const Key& key) const {
      const std::size_t mask = slots.size() - 1;
      for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
        const Slot& slot = slots[at];
        if (slot.empty()) return nullptr;
        if (slot.matches(key)) return &slot;
      }
    }

    // Where the key is, or the empty place where it would go.
    template <class Key>
    std::size_t place_of(std::uint64_t hash, const Key& key) const {
      const std::size_t mask = slots.size() - 1;
      std::size_t at = hash & mask;
      while (!slots[at].empty() && !slots[at].matches(key)) at = (at + 1) & mask;
      return at;
    }

    // Returns how many slots that added; there must be room.
    template <class Key>
    std::size_t put(const Slot& slot, const Key& key) {
      const std::size_t at = place_of(slot.hash(), key);
      const std::size_t added = slots[at].empty() ? 1 : 0;
      count += added;
      slots[at] = slot;
      return added;
    }

    // Closes the gap by moving back what had to step aside (no tombstones to collect).
    template <class Key>
    std::size_t erase(std::uint64_t hash, const Key& key) {
      std::size_t gap = place_of(hash, key);
      if (slots[gap].empty()) return 0;
      const std::size_t mask = slots.size() - 1;
      for (std::size_t at = (gap + 1) & mask; !slots[at].empty(); at = (at + 1) & mask) {
        const std::size_t home = slots[at].hash() & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
          slots[gap] = slots[at];
          gap = at;
        }
      }
      slots[gap] = Slot{};
      --count;
      return 1;
    }
  };
  // A shard between its copying and its publishing.
  using Draft = std::unique_ptr<Shard>;

  static std::size_t shard_of(std::uint64_t hash) { return hash >> (64 - shard_bits); }

  // Calls change(run) for the slots of each shard.
  template <class Change>
  static void each_run(std::span<Slot> slots, Change change) {
    std::sort(slots.begin(), slots.end(),
              [](const Slot& a, const Slot& b) { return a.hash() < b.hash(); });
    for (std::size_t first = 0, end = 0; first < slots.size(); first = end) {
      const std::size_t shard = shard_of(slots[first].hash());
      while (end < slots.size() && shard_of(slots[end].hash()) == shard) ++end;
      change(slots.subspan(first, end - first));
    }
  }

  // The shard to change: the draft, begun when it is not; or the published one, before there are
  // readers. There is always room for one more.
  Shard& writable(Draft& draft, std::uint64_t hash, EpochDomain* domain) {
    const Shard* current = draft ? draft.get() : published(hash);
    const bool roomy = current != nullptr && (current->count + 1) * 8 <= current->slots.size() * 7;
    if (!roomy) {
      draft = grown(current);
    } else if (domain == nullptr) {
      return const_cast<Shard&>(*current);
    } else if (!draft) {
      draft = std::make_unique<Shard>(*current);
    }
    return *draft;
  }

  const Shard* published(std::uint64_t hash) const {
    return shards_[shard_of(hash)].load(std::memory_order_relaxed);
  }

  static std::unique_ptr<Shard> grown(const Shard* current) {
    if (current == nullptr) return std::make_unique<Shard>(slots_first);
    auto larger = std::make_unique<Shard>(current->slots.size() * 2);
    const std::size_t mask = larger->slots.size() - 1;
    for (const Slot& slot : current->slots) {
      if (slot.empty()) continue;
      std::size_t at = slot.hash() & mask;
      while (!larger->slots[at].empty()) at = (at + 1) & mask;
      larger->slots[at] = slot;
    }
    larger->count = current->count;
    return larger;
  }

  void publish(Draft draft, std::uint64_t hash, EpochDomain* domain) noexcept {
    if (draft == nullptr) return;
    auto& place = shards_[shard_of(hash)];
    std::unique_ptr<const Shard> old(place.exchange(draft.release(), std::memory_order_seq_cst));
    if (domain != nullptr) domain->retire(std::move(old));
  }

  std::array<std::atomic<const Shard*>, std::size_t{1} << shard_bits> shards_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace agentauth::internal
