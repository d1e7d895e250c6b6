// A hash table that is read while it is written: flat slots, copied a shard at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

#include "directory/internal/publication.h"
#include "directory/internal/tag_group.h"

namespace agentauth::internal {

// Slots are small trivially copyable records with open addressing, so that a lookup touches one
// cache line where a node-based map would touch three. The table is cut into shards by the hash. A
// lookup goes through three things:
//
//   list   1,024 places: where each shard is, and how large; 16 KiB, which stay in the caches
//   tags   a byte of the hash for each slot, behind the slots of its shard; small enough to stay
//   slots  each at its home, which the hash says, or close behind where others were there first
//
// The tags lead past the slots of other keys, eight at a time, so that of the slots only the one
// that is wanted is touched: in a large table the one line that has to come from memory. No branch
// depends on which slot that is, so that a processor which looks ahead is at the next lookup's line
// before this one's has come.
//
// A value of two words: a copy is the same table, until one of them is written. A writer changes
// its own copy; of what other copies hold it first copies, once in a Publication, the list of
// shards and the shard. So whoever holds a copy sees one state, for as long as the publication that
// replaces it is kept.
//
// Slot needs: bool matches(const Key&) const; std::uint64_t hash() const.
template <class Slot>
class FlatTable {
  static_assert(std::is_trivially_copyable_v<Slot>);

 public:
  // nullptr when it is not there.
  template <class Key>
  const Slot* find(std::uint64_t hash, const Key& key) const {
    const Place& place = list_->places[shard_of(hash)];
    return place.shard == nullptr ? nullptr : find_in(place.shard->slots(), place.mask, hash, key);
  }

  // Puts the slot in place of the one with its key, or adds it. When there is no memory, nothing
  // was changed.
  template <class Key>
  void put(const Slot& slot, const Key& key, Publication& publication) {
    Shard& shard = writable(slot.hash(), publication);
    size_ += shard.put(slot, key);
  }
  template <class Key>
  void erase(std::uint64_t hash, const Key& key, Publication& publication) {
    if (find(hash, key) == nullptr) return;
    size_ -= writable(hash, publication).erase(hash, key);
  }

  template <class Visit>
  void each(Visit&& visit) const {
    for (const Place& place : list_->places) {
      if (place.shard == nullptr) continue;
      const Slot* const slots = place.shard->slots();
      const SlotTag* const tags = place.shard->tags();
      for (std::size_t at = 0; at <= place.mask; ++at)
        if (tags[at] != no_slot) visit(slots[at]);
    }
  }

  std::size_t size() const { return size_; }

  // Of the last copy, which nobody reads any more.
  void destroy() {
    if (list_ == &nothing) return;
    for (const Place& place : list_->places)
      if (place.shard != nullptr) Shard::destroy(place.shard);
    delete list_;
    list_ = &nothing;
    size_ = 0;
  }

 private:
  static constexpr std::size_t shard_bits = 10;
  static constexpr std::size_t slots_first = 8;
  static constexpr std::size_t line_bytes = 64;

  // Behind the last tag the first ones again, so that a group may begin with any.
  static constexpr std::size_t tags_repeated = TagGroup::size - 1;
  static_assert(slots_first >= tags_repeated);

  // Of bits that choose neither the shard nor, in any shard that fits into memory, the place.
  static SlotTag tag_of(std::uint64_t hash) {
    return static_cast<SlotTag>(some_slot | (hash >> (64 - shard_bits - 7)));
  }

  static const SlotTag* tags_behind(const Slot* slots, std::size_t capacity) {
    return static_cast<const SlotTag*>(static_cast<const void*>(slots + capacity));
  }

  // Its slots stand behind it, so that a slot of one cache line is in one, and their tags behind
  // them.
  struct alignas(line_bytes) Shard {
    std::uint64_t number = 0;  // of the publication that made it
    std::size_t capacity = 0;  // a power of two, at most 7/8 full
    std::size_t count = 0;

    Slot* slots() { return static_cast<Slot*>(static_cast<void*>(this + 1)); }
    const Slot* slots() const {
      return static_cast<const Slot*>(static_cast<const void*>(this + 1));
    }

    SlotTag* tags() { return static_cast<SlotTag*>(static_cast<void*>(slots() + capacity)); }
    const SlotTag* tags() const { return tags_behind(slots(), capacity); }
    std::size_t tag_count() const { return capacity + tags_repeated; }

    static Shard* make(std::size_t capacity, std::uint64_t number) {
      void* const memory = operator new (
          sizeof(Shard) + capacity * (sizeof(Slot) + sizeof(SlotTag)) + tags_repeated,
          std::align_val_t{line_bytes});
      auto* const shard = new (memory) Shard;
      shard->number = number;
      shard->capacity = capacity;
      std::uninitialized_value_construct_n(shard->slots(), capacity);
      std::uninitialized_fill_n(shard->tags(), shard->tag_count(), no_slot);
      return shard;
    }
    static void destroy(const void* shard) {
      operator delete (const_cast<void*>(shard), std::align_val_t{line_bytes});
    }
    bool has_room() const { return (count + 1) * 8 <= capacity * 7; }

    // Where the key is, or the empty place where it would go.
    template <class Key>
    std::size_t place_of(std::uint64_t hash, const Key& key) const {
      const Slot* const known = find_in(slots(), capacity - 1, hash, key);
      return known != nullptr ? static_cast<std::size_t>(known - slots()) : empty_place_of(hash);
    }
    std::size_t empty_place_of(std::uint64_t hash) const {
      const std::size_t mask = capacity - 1;
      std::size_t at = hash & mask;
      while (tags()[at] != no_slot) at = (at + 1) & mask;
      return at;
    }
    void set(std::size_t at, const Slot& slot) {
      slots()[at] = slot;
      set_tag(at, tag_of(slot.hash()));
    }
    void set_tag(std::size_t at, SlotTag tag) {
      tags()[at] = tag;
      if (at < tags_repeated) tags()[at + capacity] = tag;
    }

    // Returns how many slots that added; there must be room.
    template <class Key>
    std::size_t put(const Slot& slot, const Key& key) {
      const std::size_t at = place_of(slot.hash(), key);
      const std::size_t added = tags()[at] == no_slot ? 1 : 0;
      count += added;
      set(at, slot);
      return added;
    }

    // Closes the gap by moving back what had to step aside (no tombstones to collect).
    template <class Key>
    std::size_t erase(std::uint64_t hash, const Key& key) {
      std::size_t gap = place_of(hash, key);
      if (tags()[gap] == no_slot) return 0;
      const std::size_t mask = capacity - 1;
      for (std::size_t at = (gap + 1) & mask; tags()[at] != no_slot; at = (at + 1) & mask) {
        const std::size_t home = slots()[at].hash() & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
          set(gap, slots()[at]);
          gap = at;
        }
      }
      set_tag(gap, no_slot);
      --count;
      return 1;
    }

    // Of another one of the same or twice the capacity.
    void take(const Shard& other) {
      count = other.count;
      if (capacity == other.capacity) {
        std::copy_n(other.slots(), capacity, slots());
        std::copy_n(other.tags(), tag_count(), tags());
        return;
      }
      for (std::size_t from = 0; from < other.capacity; ++from)
        if (other.tags()[from] != no_slot)
          set(empty_place_of(other.slots()[from].hash()), other.slots()[from]);
    }
  };
  struct Place {
    Shard* shard = nullptr;
    std::size_t mask = 0;  // so that a lookup need not look at the shard itself
  };
  struct List {
    std::uint64_t number = 0;
    std::array<Place, std::size_t{1} << shard_bits> places{};
  };
  inline static const List nothing{};

  static std::size_t shard_of(std::uint64_t hash) { return hash >> (64 - shard_bits); }

  template <class Key>
  static const Slot* find_in(const Slot* slots, std::size_t mask, std::uint64_t hash,
                             const Key& key) {
    const SlotTag* const tags = tags_behind(slots, mask + 1);
    const SlotTag tag = tag_of(hash);
    // Most are at home, and who is asked about again and again is found there without any waiting.
    const std::size_t home = hash & mask;
    if (tags[home] == tag && slots[home].matches(key)) return slots + home;
    for (std::size_t at = home;; at = (at + TagGroup::size) & mask) {
      const TagGroup group(tags + at);
      // Also behind an empty place, where the key cannot be: few have its tag.
      for (auto found = group.find(tag); !found.empty(); found.drop_first()) {
        const Slot* const slot = slots + ((at + found.first()) & mask);
        if (slot->matches(key)) return slot;
      }
      if (group.has_empty()) return nullptr;
    }
  }

  // The shard to change, which is the publication's own and has room for one more.
  Shard& writable(std::uint64_t hash, Publication& publication) {
    Place& place = writable_list(publication).places[shard_of(hash)];
    Shard* const known = place.shard;
    const bool has_room = known != nullptr && known->has_room();
    if (has_room && known->number == publication.number()) return *known;
    const std::size_t capacity =
        known == nullptr ? slots_first : known->capacity * (has_room ? 1 : 2);
    publication.reserve();
    Shard* const own = Shard::make(capacity, publication.number());
    if (known != nullptr) own->take(*known);
    place = {own, capacity - 1};
    publication.made(own, Shard::destroy);
    if (known != nullptr) publication.replaced(known, Shard::destroy);
    return *own;
  }

  List& writable_list(Publication& publication) {
    if (list_->number == publication.number()) return const_cast<List&>(*list_);
    publication.reserve();
    auto* const own = new List(*list_);
    own->number = publication.number();
    publication.made(own);
    if (list_ != &nothing) publication.replaced(list_);
    list_ = own;
    return *own;
  }

  const List* list_ = &nothing;
  std::size_t size_ = 0;
};

}  // namespace agentauth::internal
