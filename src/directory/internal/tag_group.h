// Tags of a table's slots, looked at eight at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace agentauth::internal {

// A byte for each slot: seven bits of its hash and one that is always set. Zero where no slot is.
using SlotTag = std::uint8_t;
inline constexpr SlotTag no_slot = 0;
inline constexpr SlotTag some_slot = 0x80;

// Eight tags in a row, in one word, so that there is no branch for each: one that nobody can
// foresee costs more than all else here.
class TagGroup {
 public:
  static constexpr std::size_t size = sizeof(std::uint64_t);

  explicit TagGroup(const SlotTag* first) { std::memcpy(&tags_, first, size); }

  // Indexes, the lowest first.
  class Indexes {
   public:
    bool empty() const { return flags_ == 0; }
    std::size_t first() const { return static_cast<std::size_t>(std::countr_zero(flags_)) / 8; }
    void drop_first() { flags_ &= flags_ - 1; }

   private:
    friend TagGroup;
    explicit Indexes(std::uint64_t flags) : flags_(flags) {}
    std::uint64_t flags_;  // the highest bit of each byte
  };

  // Where that tag is, and seldom one that differs in a bit, behind a place where it is.
  Indexes find(SlotTag tag) const {
    const std::uint64_t differences = tags_ ^ (ones * tag);
    // Bytes that are zero; what is 1 above one of those is taken for one, too.
    return Indexes((differences - ones) & ~differences & highest_bits);
  }
  bool has_empty() const { return (~tags_ & highest_bits) != 0; }

 private:
  static_assert(std::endian::native == std::endian::little);
  static constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  static constexpr std::uint64_t highest_bits = ones * some_slot;

  std::uint64_t tags_;
};

}  // namespace agentauth::internal
