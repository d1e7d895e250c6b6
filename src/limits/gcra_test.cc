#include "limits/gcra.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

namespace agentauth {
namespace {

TEST(Gcra, AFreshBucketAdmitsItsBurstAndThenItsRate) {
  const LimitRate rate{.interval_ns = 100, .burst = 3};
  std::int64_t debt = 0;
  const auto admit = [&](std::int64_t now) {
    const std::int64_t after = charged(debt, now, rate);
    if (!fits(after, now, rate)) return false;
    debt = after;
    return true;
  };
  EXPECT_TRUE(admit(1000) && admit(1000) && admit(1000));
  EXPECT_FALSE(admit(1000));
  EXPECT_FALSE(admit(1099));
  EXPECT_TRUE(admit(1100));
  EXPECT_FALSE(admit(1100));
}

TEST(Gcra, AQuotaTellsWhatIsLeftAndWhenThereIsMore) {
  const LimitRate rate{.interval_ns = 100, .burst = 3};
  const Quota fresh = quota_of(0, 1000, rate);
  EXPECT_EQ(fresh.remaining, 3);
  EXPECT_EQ(fresh.retry_in_ns, 0);
  EXPECT_EQ(fresh.full_in_ns, 0);
  const Quota empty = quota_of(1290, 1000, rate);
  EXPECT_EQ(empty.remaining, 0);
  EXPECT_EQ(empty.retry_in_ns, 90);
  EXPECT_EQ(empty.full_in_ns, 290);
  const Quota one_left = quota_of(1200, 1000, rate);
  EXPECT_EQ(one_left.remaining, 1);
  EXPECT_EQ(one_left.retry_in_ns, 0);
}

TEST(Gcra, SharesTogetherAreNoMoreThanTheWhole) {
  constexpr LimitRate whole{.interval_ns = 100, .burst = 7};
  static_assert(whole.share_of(1).burst == 7 && whole.share_of(1).interval_ns == 100);
  static_assert(whole.share_of(3).burst == 2 && whole.share_of(3).interval_ns == 300);
  static_assert(whole.share_of(9).burst == 1);
  EXPECT_LE(whole.share_of(3).capacity_ns(), whole.capacity_ns());
}

TEST(Gcra, NeverMoreThanBurstAndRateTimesTimeIsAdmittedInAnyWindow) {
  EXPECT_TRUE(rc::check([] {
    const LimitRate rate{.interval_ns = *rc::gen::inRange<std::int64_t>(1, 1000),
                         .burst = *rc::gen::inRange<std::int64_t>(1, 20)};
    const auto gaps =
        *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1500));
    std::vector<std::int64_t> admitted;
    std::int64_t now = 1;
    std::int64_t debt = 0;
    for (const std::int64_t gap : gaps) {
      now += gap;
      const std::int64_t after = charged(debt, now, rate);
      const bool fit = fits(after, now, rate);
      RC_ASSERT(fit == (quota_of(debt, now, rate).retry_in_ns == 0));
      if (!fit) continue;
      debt = after;
      admitted.push_back(now);
    }
    for (std::size_t first = 0; first < admitted.size(); ++first)
      for (std::size_t last = first; last < admitted.size(); ++last) {
        const auto count = static_cast<std::int64_t>(last - first + 1);
        RC_ASSERT(count <= rate.burst + (admitted[last] - admitted[first]) / rate.interval_ns);
      }
  }));
}

}  // namespace
}  // namespace agentauth
