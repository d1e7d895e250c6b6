#include "directory/names.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "directory/records.h"

namespace agentauth {
namespace {

class NamesTest : public testing::Test {
 protected:
  std::vector<std::string> texts(const Requirement& requirement) {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < requirement.count; ++i)
      found.emplace_back(names.text(requirement.ids[i]));
    return found;
  }
  EpochDomain domain;
  Names names{domain};
  const EpochDomain::Pin pin{domain};
};

TEST_F(NamesTest, ANameKeepsItsNumber) {
  const NameId weather = names.intern("read_weather");
  EXPECT_NE(names.intern("read_stock"), weather);
  EXPECT_EQ(names.intern("read_weather"), weather);
  EXPECT_EQ(names.find("read_weather"), weather);
  EXPECT_EQ(names.text(weather), "read_weather");
}

TEST_F(NamesTest, FindDoesNotMakeNames) {
  EXPECT_FALSE(names.find("read_weather"));
  EXPECT_EQ(names.find_requirement("a:b").count, 0U);
  EXPECT_FALSE(names.find("a:b"));
}

TEST_F(NamesTest, ThousandsOfNamesKeepTheirTextAndNumber) {
  constexpr NameId count = 5000;
  for (NameId i = 0; i < count; ++i) ASSERT_EQ(names.intern("name" + std::to_string(i)), i);
  for (NameId i = 0; i < count; ++i) {
    ASSERT_EQ(names.text(i), "name" + std::to_string(i));
    ASSERT_EQ(names.find("name" + std::to_string(i)), i);
  }
}

TEST_F(NamesTest, ARequirementHoldsWhateverWouldCoverThePermission) {
  EXPECT_EQ(texts(names.requirement("a:b:c")),
            (std::vector<std::string>{"a:b:c", "a:b:*", "a:*", "*"}));
  EXPECT_EQ(texts(names.requirement("read")), (std::vector<std::string>{"read", "*"}));
  EXPECT_EQ(texts(names.requirement("a:*")), (std::vector<std::string>{"a:*", "*"}));
  EXPECT_EQ(texts(names.requirement("*")), (std::vector<std::string>{"*"}));
}

TEST_F(NamesTest, WritesAreToldThatThereIsNoRoomBeforeNothingIsTakenInAnyMore) {
  Names few{domain, {.by_keys = 2, .by_grants = 3, .stored = 4}};
  using enum NamedBy;
  few.intern_stored("a");
  EXPECT_TRUE(few.has_room_for("b", key));
  few.intern_stored("b");
  EXPECT_FALSE(few.has_room_for("c", key));
  EXPECT_TRUE(few.has_room_for("b", key)) << "it is known";
  EXPECT_TRUE(few.has_room_for("c", grant));
  few.intern_stored("c");
  EXPECT_FALSE(few.has_room_for("d", grant));
  EXPECT_EQ(few.intern_stored("d"), NameId{3}) << "another node has more room";
  EXPECT_EQ(few.intern_stored("e"), std::nullopt);
  EXPECT_FALSE(few.find("e"));
  EXPECT_EQ(few.intern_stored("a"), NameId{0});
  EXPECT_EQ(few.requirement("e").count, 2U) << "what routes ask for has room beside them";
}

TEST_F(NamesTest, TheLongestPermissionFitsIntoARequirement) {
  EXPECT_EQ(names.requirement("a:b:c:d:e:f:g:h").count, Requirement::ids_max);
}

TEST_F(NamesTest, FindRequirementHoldsOnlyWhatIsKnown) {
  names.intern("a:*");
  names.intern("unrelated");
  EXPECT_EQ(texts(names.find_requirement("a:b:c")), (std::vector<std::string>{"a:*"}));
}

TEST_F(NamesTest, ThreadsThatNameTheSameGetTheSameNumber) {
  std::array<std::vector<NameId>, 4> seen;
  std::vector<std::thread> threads;
  for (auto& numbers : seen)
    threads.emplace_back([&] {
      for (int i = 0; i < 1500; ++i) {
        const EpochDomain::Pin own(domain);
        numbers.push_back(names.intern("name" + std::to_string(i)));
        if (names.text(numbers.back()) != "name" + std::to_string(i)) numbers.back() = ~NameId{0};
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& numbers : seen) EXPECT_EQ(numbers, seen[0]);
  EXPECT_EQ(std::set<NameId>(seen[0].begin(), seen[0].end()).size(), 1500U);
}

TEST(GrantSetTest, ContainsWhatItWasGivenAndNothingElse) {
  std::vector<NameId> grants;
  for (NameId id = 0; id < 3000; id += 3) grants.push_back(id);
  const GrantSet set(grants);
  for (NameId id = 0; id < 3000; ++id) EXPECT_EQ(set.contains(id), id % 3 == 0) << id;
  EXPECT_EQ(set.all().size(), grants.size());
}

}  // namespace
}  // namespace agentauth
