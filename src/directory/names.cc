#include "directory/names.h"

#include <cstring>
#include <functional>
#include <stdexcept>

namespace agentauth {
namespace {

constexpr std::size_t arena_block_bytes = 16 * 1024;

}  // namespace

std::uint64_t Names::hash(std::string_view name) {
  // The shard comes from the top bits and the slot from the low ones: mix them well.
  return std::hash<std::string_view>{}(name)*0x9E3779B97F4A7C15ULL;
}

Names::~Names() {
  std::unique_ptr<const Table> last(table_.load());
  Table(*last).destroy();
}

std::optional<NameId> Names::find(std::string_view name) const {
  const Slot* slot = table().find(hash(name), name);
  if (slot == nullptr) return std::nullopt;
  return slot->id;
}

std::string_view Names::text(NameId id) const {
  const Chunk* chunk = chunks_[id / chunk_names].load(std::memory_order_acquire);
  return (*chunk)[id % chunk_names];
}

const char* Names::keep(std::string_view name) {
  if (arena_left_ < name.size()) {
    arena_.push_back(std::make_unique_for_overwrite<char[]>(arena_block_bytes));
    arena_left_ = arena_block_bytes;
  }
  char* place = arena_.back().get() + (arena_block_bytes - arena_left_);
  std::memcpy(place, name.data(), name.size());
  arena_left_ -= name.size();
  return place;
}

NameId Names::intern(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const Slot* known = table().find(hash(name), name)) return known->id;
  return add(name);
}

std::optional<NameId> Names::intern_stored(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const Slot* known = table().find(hash(name), name)) return known->id;
  if (next_ >= max_.stored) return std::nullopt;
  return add(name);
}

bool Names::has_room_for(std::string_view name, NamedBy by) const {
  return find(name) || table().size() < (by == NamedBy::key ? max_.by_keys : max_.by_grants);
}

NameId Names::add(std::string_view name) {
  const NameId id = next_;
  if (id / chunk_names >= chunks_max) throw std::length_error("too many permission names");
  if (id % chunk_names == 0) {
    owned_chunks_.push_back(std::make_unique<Chunk>());
    chunks_[id / chunk_names].store(owned_chunks_.back().get(), std::memory_order_release);
  }
  const char* text = keep(name);
  (*owned_chunks_.back())[id % chunk_names] = {text, name.size()};
  ++next_;
  publish({hash(name), text, static_cast<std::uint32_t>(name.size()), id}, name);
  return id;
}

void Names::publish(const Slot& slot, std::string_view name) {
  using internal::Publication;
  auto publication = std::make_unique<Publication>(Publication::Into::shown_tables);
  auto next = std::make_unique<Table>(table());
  next->put(slot, name, *publication);
  publication->reserve();
  publication->replaced(table_.exchange(next.release(), std::memory_order_seq_cst));
  publication->published();
  domain_.retire(std::unique_ptr<const Publication>(std::move(publication)));
}

Requirement Names::requirement(std::string_view permission) {
  Requirement requirement;
  visit_covering(permission, [&](std::string_view pattern) {
    requirement.ids[requirement.count++] = intern(pattern);
    return false;
  });
  return requirement;
}

Requirement Names::find_requirement(std::string_view permission) const {
  Requirement requirement;
  visit_covering(permission, [&](std::string_view pattern) {
    if (const auto id = find(pattern)) requirement.ids[requirement.count++] = *id;
    return false;
  });
  return requirement;
}

}  // namespace agentauth
