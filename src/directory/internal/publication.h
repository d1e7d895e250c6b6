// What a writer makes for readers to see, and what that takes the place of.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace agentauth::internal {

// A writer changes copies, each thing copied at most once in a publication, and shows them all with
// one store. Until then, what was made goes with the publication; afterwards what was replaced
// does, so that it is retired as a whole.
class Publication {
 public:
  // `new_tables`: nobody has ever seen any of it, and the tables that it is written into own it.
  enum class Into : bool { shown_tables, new_tables };
  explicit Publication(Into into) : into_(into), number_(next_number()) {}
  ~Publication() {
    for (const Thing& thing : is_published_ ? replaced_ : made_) thing.destroy(thing.object);
  }
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  // No other has it: what bears it was made here, and may be changed where it stands.
  std::uint64_t number() const { return number_; }

  // So that the next made() and the next replaced() need no memory.
  void reserve() {
    if (into_ == Into::new_tables) return;
    reserve_one(made_);
    reserve_one(replaced_);
  }
  using Destroy = void (*)(const void*);
  void made(const void* object, Destroy destroy) noexcept {
    if (into_ == Into::shown_tables) made_.push_back({object, destroy});
  }
  void replaced(const void* object, Destroy destroy) noexcept {
    if (into_ == Into::shown_tables) {
      replaced_.push_back({object, destroy});
    } else {
      destroy(object);
    }
  }
  template <class T>
  void made(const T* object) noexcept {
    made(object, destroy_as<T>);
  }
  template <class T>
  void replaced(const T* object) noexcept {
    replaced(object, destroy_as<T>);
  }
  // What was made is the readers'.
  void published() noexcept { is_published_ = true; }

 private:
  struct Thing {
    const void* object;
    Destroy destroy;
  };

  template <class T>
  static void destroy_as(const void* object) {
    delete static_cast<const T*>(object);
  }
  static void reserve_one(std::vector<Thing>& things) {
    constexpr std::size_t first = 16;
    if (things.size() == things.capacity()) things.reserve(std::max(first, 2 * things.size()));
  }
  static std::uint64_t next_number() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  const Into into_;
  const std::uint64_t number_;
  bool is_published_ = false;
  // What was made and replaced again in the same publication is in both: one of them destroys it.
  std::vector<Thing> made_;
  std::vector<Thing> replaced_;
};

}  // namespace agentauth::internal
