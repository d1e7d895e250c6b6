#include "directory/internal/flat_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/epoch.h"

namespace agentauth::internal {
namespace {

// Hashes badly on purpose: few shards, few homes and few tags, so that slots collide and wrap
// around, and other keys have the same tag.
struct Slot {
  std::uint64_t key = 0;
  std::uint64_t value = 0;

  bool matches(std::uint64_t other) const { return key == other; }
  static std::uint64_t hash_of(std::uint64_t key) {
    return (key % 3) << 62 | (key % 5) << 50 | (key / 3) % 7 * 5;
  }
  std::uint64_t hash() const { return hash_of(key); }
};

using Table = FlatTable<Slot>;
using Model = std::unordered_map<std::uint64_t, std::uint64_t>;

void expect_same(const Table& table, const Model& model) {
  RC_ASSERT(table.size() == model.size());
  for (std::uint64_t key = 0; key < 200; ++key) {
    const Slot* slot = table.find(Slot::hash_of(key), key);
    const auto expected = model.find(key);
    RC_ASSERT((slot != nullptr) == (expected != model.end()));
    if (slot != nullptr) RC_ASSERT(slot->value == expected->second);
  }
  std::size_t visited = 0;
  table.each([&](const Slot& slot) {
    ++visited;
    RC_ASSERT(model.at(slot.key) == slot.value);
  });
  RC_ASSERT(visited == model.size());
}

struct Step {
  bool erases;
  std::uint64_t key;
  std::uint64_t value;
};

rc::Gen<std::vector<Step>> steps() {
  return rc::gen::container<std::vector<Step>>(
      rc::gen::construct<Step>(rc::gen::arbitrary<bool>(), rc::gen::inRange<std::uint64_t>(0, 200),
                               rc::gen::arbitrary<std::uint64_t>()));
}

void run(const std::vector<Step>& steps, Table& table, Model& model, Publication& publication) {
  for (const Step& step : steps) {
    if (step.erases) {
      table.erase(Slot::hash_of(step.key), step.key, publication);
      model.erase(step.key);
    } else {
      table.put(Slot{step.key, step.value}, step.key, publication);
      model[step.key] = step.value;
    }
  }
}

// A table that readers look at, and what a directory does with it.
class Shown {
 public:
  ~Shown() {
    std::unique_ptr<const Table> last(table_.load());
    Table(*last).destroy();
  }
  const Table& table() const { return *table_.load(); }

  template <class Change>
  void change(Change change) {
    auto publication = std::make_unique<Publication>(Publication::Into::shown_tables);
    auto next = std::make_unique<Table>(table());
    change(*next, *publication);
    publication->reserve();
    publication->replaced(table_.exchange(next.release()));
    publication->published();
    domain.retire(std::unique_ptr<const Publication>(std::move(publication)));
  }
  void put(std::uint64_t key, std::uint64_t value) {
    change([&](Table& next, Publication& publication) {
      next.put(Slot{key, value}, key, publication);
    });
  }
  std::optional<std::uint64_t> find(std::uint64_t key) const {
    const Slot* slot = table().find(Slot::hash_of(key), key);
    return slot == nullptr ? std::nullopt : std::optional(slot->value);
  }

  EpochDomain domain;

 private:
  std::atomic<const Table*> table_{new Table};
};

RC_GTEST_PROP(FlatTable, BehavesLikeAnUnorderedMapWhileItIsRead, ()) {
  Shown shown;
  Model model;
  for (const auto& round : *rc::gen::container<std::vector<std::vector<Step>>>(steps())) {
    const EpochDomain::Pin pin(shown.domain);
    const Table before = shown.table();
    const Model model_before = model;
    shown.change([&](Table& next, Publication& publication) {
      run(round, next, model, publication);
      expect_same(shown.table(), model_before);
      expect_same(next, model);
    });
    expect_same(before, model_before);
    expect_same(shown.table(), model);
  }
}

RC_GTEST_PROP(FlatTable, BehavesLikeAnUnorderedMapBeforeThereAreReaders, ()) {
  Publication publication(Publication::Into::new_tables);
  Table table;
  Model model;
  run(*steps(), table, model, publication);
  expect_same(table, model);
  table.destroy();
}

RC_GTEST_PROP(FlatTable, WhatIsNotPublishedNeverWas, ()) {
  Shown shown;
  Model model;
  shown.change(
      [&](Table& next, Publication& publication) { run(*steps(), next, model, publication); });
  {
    Publication publication(Publication::Into::shown_tables);
    Table next = shown.table();
    Model forgotten = model;
    run(*steps(), next, forgotten, publication);
    expect_same(next, forgotten);
  }
  expect_same(shown.table(), model);
}

TEST(FlatTableTest, AnEmptyTableFindsNothing) {
  const Table table;
  EXPECT_EQ(table.find(Slot::hash_of(1), std::uint64_t{1}), nullptr);
  EXPECT_EQ(table.size(), 0U);
}

TEST(FlatTableTest, WhatAReaderHoldsStaysAsItWasWhileItIsPinned) {
  Shown shown;
  for (std::uint64_t key = 0; key < 60; ++key) shown.put(key, 1);
  const EpochDomain::Pin pin(shown.domain);
  const Table& held = shown.table();
  const Slot* slot = held.find(Slot::hash_of(57), std::uint64_t{57});
  shown.change([&](Table& next, Publication& publication) {
    for (std::uint64_t key = 0; key < 60; ++key) next.put(Slot{key, 2}, key, publication);
    next.erase(Slot::hash_of(3), std::uint64_t{3}, publication);
  });
  EXPECT_EQ(slot->value, 1U);
  EXPECT_EQ(held.size(), 60U);
  EXPECT_EQ(held.find(Slot::hash_of(3), std::uint64_t{3})->value, 1U);
  EXPECT_EQ(shown.find(57), 2U);
  EXPECT_EQ(shown.find(3), std::nullopt);
  EXPECT_EQ(shown.table().size(), 59U);
}

TEST(FlatTableTest, ASlotOfOneCacheLineIsInOne) {
  struct Line {
    std::uint64_t key = 0;
    std::array<char, 56> rest{};
    bool empty() const { return key == 0; }
    bool matches(std::uint64_t other) const { return key == other; }
    std::uint64_t hash() const { return key << 60; }
  };
  FlatTable<Line> table;
  Publication publication(Publication::Into::new_tables);
  for (std::uint64_t key = 1; key < 100; ++key) {
    table.put(Line{key}, key, publication);
    const Line* found = table.find(key << 60, key);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(found) % 64, 0U);
  }
  table.destroy();
}

// Keys that change together are seen together.
TEST(FlatTableTest, ReadersOnOtherThreadsNeverSeeHalfAPublication) {
  Shown shown;
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const EpochDomain::Pin pin(shown.domain);
        const Table& table = shown.table();
        std::optional<std::uint64_t> round;
        for (std::uint64_t key = 0; key < 60; ++key) {
          const Slot* slot = table.find(Slot::hash_of(key), key);
          if (slot == nullptr) continue;
          if (round && *round != slot->value) ++torn;
          round = slot->value;
        }
      }
    });
  for (std::uint64_t round = 1; round < 400; ++round)
    shown.change([&](Table& next, Publication& publication) {
      for (std::uint64_t key = 0; key < 60; ++key) {
        if ((round + key) % 3 == 0) {
          next.erase(Slot::hash_of(key), key, publication);
        } else {
          next.put(Slot{key, round}, key, publication);
        }
      }
    });
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace agentauth::internal
