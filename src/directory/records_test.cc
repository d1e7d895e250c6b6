#include "directory/records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <numeric>

namespace agentauth {
namespace {

Requirement asks_for(std::initializer_list<NameId> names) {
  Requirement requirement;
  std::copy(names.begin(), names.end(), requirement.ids.begin());
  requirement.count = names.size();
  return requirement;
}

// Of the names 10, 11, and so on.
struct Holder {
  explicit Holder(std::size_t count) : names(count) {
    std::iota(names.begin(), names.end(), NameId{10});
    many = record.take(names);
  }
  std::vector<NameId> names;
  AgentRecord record;
  std::unique_ptr<const GrantSet> many;
};

TEST(AgentRecordTest, HoldsWhatItTookAndNothingElse) {
  for (std::size_t count = 0; count <= 2 * AgentRecord::inline_max; ++count) {
    const Holder holder(count);
    EXPECT_EQ(holder.record.held().size(), count);
    for (NameId name = 0; name < 50; ++name)
      EXPECT_EQ(holder.record.holds_any_of(asks_for({name})), name >= 10 && name < 10 + count)
          << name << " of " << count;
  }
}

TEST(AgentRecordTest, HoldsNothingBeforeItTookAnything) {
  EXPECT_FALSE(AgentRecord{}.holds_any_of(asks_for({0})));
}

TEST(AgentRecordTest, NamesTheFirstThatIsAskedForOfThoseItHolds) {
  for (const std::size_t count : {std::size_t{5}, 2 * AgentRecord::inline_max}) {
    const Holder holder(count);
    EXPECT_EQ(holder.record.find_any_of(asks_for({9, 14, 11})), 14U);
    EXPECT_EQ(holder.record.find_any_of(asks_for({11, 14})), 11U);
    EXPECT_EQ(holder.record.find_any_of(asks_for({9, 8})), no_name);
  }
}

TEST(AgentRecordTest, ForgetsWhatItHeldBefore) {
  Holder holder(AgentRecord::inline_max);
  const NameId only = 40;
  holder.many = holder.record.take(std::span(&only, 1));
  EXPECT_TRUE(holder.record.holds_any_of(asks_for({only})));
  EXPECT_FALSE(holder.record.holds_any_of(asks_for({10, 11, 12, 13, 14, 15, 16, 17})));
}

}  // namespace
}  // namespace agentauth
