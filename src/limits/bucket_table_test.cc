#include "limits/bucket_table.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace agentauth {
namespace {

constexpr LimitRate slow{.interval_ns = 1'000'000, .burst = 3};

TEST(BucketTableTest, EachNameHasABucketOfItsOwn) {
  BucketTable table(16);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(table.charge(1, 100, slow).admitted);
  EXPECT_FALSE(table.charge(1, 100, slow).admitted);
  EXPECT_TRUE(table.charge(2, 100, slow).admitted);
  EXPECT_TRUE(table.charge(17, 100, slow).admitted) << "of the same set";
  EXPECT_EQ(table.debt_until(1, 100), 100 + 3 * slow.interval_ns);
  EXPECT_EQ(table.debt_until(3, 100), 100);
  EXPECT_EQ(table.buckets_used(), 3U);
}

TEST(BucketTableTest, ANameOfZeroIsANameLikeAnother) {
  BucketTable table(16);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(table.charge(0, 100, slow).admitted);
  EXPECT_FALSE(table.charge(0, 100, slow).admitted);
}

TEST(BucketTableTest, ARefusedRequestCostsNothing) {
  BucketTable table(16);
  for (int i = 0; i < 100; ++i) (void)table.charge(1, 100, slow);
  EXPECT_TRUE(table.charge(1, 100 + slow.interval_ns, slow).admitted);
}

TEST(BucketTableTest, ItNeverGrows) {
  BucketTable table(16);
  for (BucketTable::Name name = 1; name <= 10'000; ++name) (void)table.charge(name, 100, slow);
  EXPECT_EQ(table.buckets_used(), table.buckets_max());
  EXPECT_EQ(table.buckets_max(), 16U * BucketTable::ways);
}

TEST(BucketTableTest, WhoIsBackAtTheFullBurstGivesWayBeforeWhoIsInDebt) {
  BucketTable table(1);
  const std::int64_t later = 100 + 2 * slow.interval_ns;
  EXPECT_TRUE(table.charge(1, 100, slow).admitted);  // full again by then
  for (BucketTable::Name name = 2; name <= BucketTable::ways; ++name)
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(table.charge(name, later, slow).admitted);
  EXPECT_TRUE(table.charge(99, later, slow).admitted);
  EXPECT_EQ(table.evicted_in_debt(), 0U);
  for (BucketTable::Name name = 2; name <= BucketTable::ways; ++name)
    EXPECT_FALSE(table.charge(name, later, slow).admitted) << name;
}

TEST(BucketTableTest, AmongThoseInDebtTheLeastGivesWayAndIsCounted) {
  BucketTable table(1);
  for (BucketTable::Name name = 1; name <= BucketTable::ways; ++name)
    for (int i = 0; i < (name == 5 ? 1 : 3); ++i) (void)table.charge(name, 100, slow);
  EXPECT_TRUE(table.charge(99, 100, slow).admitted);
  EXPECT_EQ(table.evicted_in_debt(), 1U);
  EXPECT_EQ(table.debt_until(5, 100), 100);
  EXPECT_FALSE(table.charge(1, 100, slow).admitted);
}

TEST(BucketTableTest, ManyThreadsTogetherAreAdmittedTheBurstAndNoMore) {
  BucketTable table(1);
  const LimitRate rate{.interval_ns = 1'000'000'000'000, .burst = 1000};
  std::atomic<int> admitted{0};
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2000; ++i) {
        if (table.charge(7, 100, rate).admitted) ++admitted;
        // Others come and go in the same set, and lose theirs, never the one that owes most.
        (void)table.charge(static_cast<BucketTable::Name>(100 + thread * 2000 + i), 100, slow);
      }
    });
  threads.clear();
  EXPECT_EQ(admitted, 1000);
}

}  // namespace
}  // namespace agentauth
