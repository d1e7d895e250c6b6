#include "store/write_queue.h"

#include <gtest/gtest.h>

namespace agentauth {
namespace {

using namespace std::chrono_literals;

TEST(Linger, WaitsForMostOfThoseWhoKeepTheQueueBusy) {
  const auto linger = WriteQueue::linger_after(48, 200us, 16);
  EXPECT_EQ(linger.until, 48U);
  EXPECT_EQ(linger.at_most, 400us);
}

TEST(Linger, WaitsForNobodyWhereFewCome) {
  for (const std::size_t answered : {0U, 1U, 7U})
    EXPECT_EQ(WriteQueue::linger_after(answered, 200us, 0).until, 1U) << answered;
}

TEST(Linger, WaitsForNobodyWhenMostAreThere) {
  EXPECT_LE(WriteQueue::linger_after(16, 200us, 48).until, 48U);
}

TEST(Linger, NeverLastsLongOnASlowDisk) {
  EXPECT_LE(WriteQueue::linger_after(64, 10s, 0).at_most, 1ms);
}

}  // namespace
}  // namespace agentauth
