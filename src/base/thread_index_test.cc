#include "base/thread_index.h"

#include <gtest/gtest.h>

#include <barrier>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace agentauth {
namespace {

TEST(ThreadIndex, StaysTheSameWhileTheThreadLives) {
  EXPECT_EQ(thread_index(), thread_index());
  EXPECT_LT(thread_index(), thread_index_max);
}

TEST(ThreadIndex, DiffersBetweenLivingThreads) {
  constexpr int count = 32;
  std::barrier all_have_one(count);
  std::mutex mutex;
  std::set<std::size_t> seen{thread_index()};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      {
        const std::lock_guard lock(mutex);
        seen.insert(thread_index());
      }
      all_have_one.arrive_and_wait();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(seen.size(), count + 1U);
}

TEST(ThreadIndex, IsGivenBackWhenTheThreadEnds) {
  for (std::size_t i = 0; i < thread_index_max * 2; ++i)
    std::thread([] { EXPECT_LT(thread_index(), thread_index_max); }).join();
}

}  // namespace
}  // namespace agentauth
