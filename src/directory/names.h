// Permission names as small numbers, so that a grant is four bytes and a comparison is one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/epoch.h"
#include "directory/internal/flat_table.h"
#include "model/permission.h"

namespace agentauth {

using NameId = std::uint32_t;
inline constexpr NameId no_name = 0xFFFFFFFF;  // more than there ever are

// A permission that is asked for, with every pattern that would cover it, already as numbers.
// A route makes its own once, at start; asking then costs a few comparisons of integers.
struct Requirement {
  static constexpr std::size_t ids_max = permission_segments_max + 1;
  std::array<NameId, ids_max> ids{};
  std::size_t count = 0;
};

// How many names there may be. Only a new process forgets those that nothing uses any more, so
// writes that would bring one are refused long before there are too many to follow the database:
// other nodes, which know fewer, may still store some. A key brings names of what its agent may do
// by a pattern, which takes no permission to grant anything, so keys have room for fewer: they
// cannot use up what grants need.
struct NamesMax {
  NameId by_keys = 2 * 1024 * 1024;
  NameId by_grants = 4 * 1024 * 1024;
  NameId stored = 16 * 1024 * 1024 - 4096;  // what routes ask for has room beside them
};
enum class NamedBy : std::uint8_t { key, grant };
// What is said of a write that has no room for a name.
inline constexpr std::string_view names_exhausted =
    "This server knows as many permissions as it takes; only one that is known can be named until "
    "it is started again";

// Only ever grows: a number keeps its meaning for the life of the process, across reloads.
// Reading takes no lock but needs a pin of the domain; adding takes one.
class Names {
 public:
  explicit Names(EpochDomain& domain, const NamesMax& max = {}) : domain_(domain), max_(max) {}
  ~Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  // Of what the program itself asks for, which is little.
  NameId intern(std::string_view name);
  // Of what the database holds. Nothing when there are too many.
  std::optional<NameId> intern_stored(std::string_view name);
  // Whether a write may name it: it is known, or there is room for one more.
  bool has_room_for(std::string_view name, NamedBy by) const;
  std::optional<NameId> find(std::string_view name) const;
  std::string_view text(NameId id) const;
  // Calls visit(std::string_view) for each name.
  template <class Visit>
  void each(Visit visit) const {
    table().each([&](const Slot& slot) { visit(std::string_view(slot.text, slot.size)); });
  }

  // Interns whatever would cover `permission`: for routes, at start.
  Requirement requirement(std::string_view permission);
  // Only what is known already; what nobody was ever granted covers nothing.
  Requirement find_requirement(std::string_view permission) const;

 private:
  struct Slot {
    std::uint64_t hash_value = 0;
    const char* text = nullptr;
    std::uint32_t size = 0;
    NameId id = 0;

    bool matches(std::string_view name) const { return std::string_view(text, size) == name; }
    std::uint64_t hash() const { return hash_value; }
  };
  static constexpr std::size_t chunk_names = 1024;
  static constexpr std::size_t chunks_max = 16 * 1024;
  using Chunk = std::array<std::string_view, chunk_names>;

  using Table = internal::FlatTable<Slot>;

  static std::uint64_t hash(std::string_view name);
  // Sequentially consistent, as EpochDomain asks of what it protects.
  const Table& table() const { return *table_.load(std::memory_order_seq_cst); }
  NameId add(std::string_view name);
  void publish(const Slot& slot, std::string_view name);
  const char* keep(std::string_view name);

  EpochDomain& domain_;
  const NamesMax max_;
  std::mutex mutex_;
  std::atomic<const Table*> table_{new Table};
  NameId next_ = 0;
  std::vector<std::unique_ptr<char[]>> arena_;
  std::size_t arena_left_ = 0;
  // Number to text; a chunk is filled before its number is handed out.
  std::unique_ptr<std::atomic<Chunk*>[]> chunks_ =
      std::make_unique<std::atomic<Chunk*>[]>(chunks_max);
  std::vector<std::unique_ptr<Chunk>> owned_chunks_;
};

}  // namespace agentauth
