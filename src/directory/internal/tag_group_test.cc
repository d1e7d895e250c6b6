#include "directory/internal/tag_group.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace agentauth::internal {
namespace {

using Tags = std::array<SlotTag, TagGroup::size>;

// Few, so that many are alike, and neighbours, of which one could be taken for the other.
rc::Gen<SlotTag> some_tag() {
  return rc::gen::elementOf(
      std::vector<SlotTag>{some_slot, some_slot | 1, some_slot | 2, 0xFE, 0xFF});
}

rc::Gen<Tags> any_tags() {
  return rc::gen::container<Tags>(
      rc::gen::weightedOneOf<SlotTag>({{6, some_tag()}, {1, rc::gen::just(no_slot)}}));
}

std::vector<std::size_t> found_in(const Tags& tags, SlotTag tag) {
  std::vector<std::size_t> found;
  for (auto indexes = TagGroup(tags.data()).find(tag); !indexes.empty(); indexes.drop_first())
    found.push_back(indexes.first());
  return found;
}

RC_GTEST_PROP(TagGroupTest, FindsEveryPlaceOfATagInOrder, ()) {
  const Tags tags = *any_tags();
  const SlotTag tag = *some_tag();
  const auto found = found_in(tags, tag);
  const bool is_anywhere = std::find(tags.begin(), tags.end(), tag) != tags.end();
  RC_ASSERT(std::is_sorted(found.begin(), found.end()));
  RC_ASSERT(found.empty() || is_anywhere);
  if (is_anywhere) RC_ASSERT(tags[found.front()] == tag);
  for (std::size_t i = 0; i < tags.size(); ++i)
    if (tags[i] == tag) RC_ASSERT(std::find(found.begin(), found.end(), i) != found.end());
}

RC_GTEST_PROP(TagGroupTest, KnowsWhetherAPlaceIsEmpty, ()) {
  const Tags tags = *any_tags();
  const bool has_empty = std::find(tags.begin(), tags.end(), no_slot) != tags.end();
  RC_ASSERT(TagGroup(tags.data()).has_empty() == has_empty);
}

TEST(TagGroupTest, TakesFewTagsForOthers) {
  const Tags tags{some_slot | 5, some_slot | 7, some_slot | 6, some_slot | 5};
  EXPECT_EQ(found_in(tags, some_slot | 6), std::vector<std::size_t>{2});
}

}  // namespace
}  // namespace agentauth::internal
