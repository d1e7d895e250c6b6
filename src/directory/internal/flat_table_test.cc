#include "directory/internal/flat_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <thread>
#include <unordered_map>

namespace agentauth::internal {
namespace {

// Hashes badly on purpose: few shards, few homes, so that slots collide and wrap around.
struct Slot {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  bool used = false;

  bool empty() const { return !used; }
  bool matches(std::uint64_t other) const { return key == other; }
  static std::uint64_t hash_of(std::uint64_t key) { return (key % 3) << 62 | (key / 3) % 7 * 5; }
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

void run(const std::vector<Step>& steps, Table& table, Model& model, EpochDomain* domain) {
  for (const Step& step : steps) {
    if (step.erases) {
      table.erase(Slot::hash_of(step.key), step.key, domain);
      model.erase(step.key);
    } else {
      table.put(Slot{step.key, step.value, true}, step.key, domain);
      model[step.key] = step.value;
    }
  }
}

RC_GTEST_PROP(FlatTable, BehavesLikeAnUnorderedMapWhileItIsRead, ()) {
  EpochDomain domain;
  const EpochDomain::Pin pin(domain);
  Table table;
  Model model;
  run(*steps(), table, model, &domain);
  expect_same(table, model);
}

std::uint64_t key_of(const Slot& slot) { return slot.key; }

RC_GTEST_PROP(FlatTable, ChangingManyAtOnceIsChangingOneAfterTheOther, ()) {
  EpochDomain domain;
  Table table;
  Model model;
  run(*steps(), table, model, &domain);
  std::unordered_map<std::uint64_t, Slot> put;
  for (const Step& step : *steps()) put[step.key] = Slot{step.key, step.value, true};
  std::vector<Slot> slots;
  for (const auto& [key, slot] : put) {
    slots.push_back(slot);
    model[key] = slot.value;
  }
  table.put_all(slots, key_of, domain);
  expect_same(table, model);

  std::vector<Slot> erased;
  for (const Step& step : *steps()) {
    erased.push_back(Slot{step.key, step.value, true});
    model.erase(step.key);
  }
  table.erase_all(erased, key_of, domain);
  expect_same(table, model);
}

TEST(FlatTableTest, WhatAReaderHoldsStaysAsItWasWhileManyChange) {
  EpochDomain domain;
  Table table;
  std::vector<Slot> slots;
  for (std::uint64_t key = 0; key < 60; ++key) slots.push_back(Slot{key, 1, true});
  table.put_all(slots, key_of, domain);
  const EpochDomain::Pin pin(domain);
  const Slot* held = table.find(Slot::hash_of(57), std::uint64_t{57});
  for (Slot& slot : slots) slot.value = 2;
  table.put_all(slots, key_of, domain);
  EXPECT_EQ(held->value, 1U);
  EXPECT_EQ(table.find(Slot::hash_of(57), std::uint64_t{57})->value, 2U);
  EXPECT_EQ(table.size(), 60U);
}

RC_GTEST_PROP(FlatTable, BehavesLikeAnUnorderedMapBeforeThereAreReaders, ()) {
  Table table;
  Model model;
  run(*steps(), table, model, nullptr);
  expect_same(table, model);
}

TEST(FlatTableTest, AnEmptyTableFindsNothing) {
  const Table table;
  EXPECT_EQ(table.find(Slot::hash_of(1), std::uint64_t{1}), nullptr);
  EXPECT_EQ(table.size(), 0U);
}

TEST(FlatTableTest, WhatAReaderHoldsStaysAsItWasWhileItIsPinned) {
  EpochDomain domain;
  Table table;
  table.put(Slot{1, 10, true}, std::uint64_t{1}, &domain);
  const EpochDomain::Pin pin(domain);
  const Slot* held = table.find(Slot::hash_of(1), std::uint64_t{1});
  table.put(Slot{1, 11, true}, std::uint64_t{1}, &domain);
  table.erase(Slot::hash_of(1), std::uint64_t{1}, &domain);
  EXPECT_EQ(held->value, 10U);
  EXPECT_EQ(table.find(Slot::hash_of(1), std::uint64_t{1}), nullptr);
}

TEST(FlatTableTest, ReadersOnOtherThreadsNeverSeeHalfAWrite) {
  EpochDomain domain;
  Table table;
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const EpochDomain::Pin pin(domain);
        for (std::uint64_t key = 0; key < 60; ++key) {
          const Slot* slot = table.find(Slot::hash_of(key), key);
          if (slot != nullptr && slot->value % 1000 != key) ++torn;
        }
      }
    });
  for (std::uint64_t round = 0; round < 40; ++round)
    for (std::uint64_t key = 0; key < 60; ++key) {
      if ((round + key) % 3 == 0) {
        table.erase(Slot::hash_of(key), key, &domain);
      } else {
        table.put(Slot{key, round * 1000 + key, true}, key, &domain);
      }
    }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace agentauth::internal
