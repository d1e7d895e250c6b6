#include "http/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace agentauth::http {
namespace {

using namespace std::chrono_literals;

ShareName name(std::uint8_t byte) {
  ShareName made{};
  made.back() = byte;
  return made;
}

bool submit(WorkerPool& pool, WorkerPool::Job job, const ShareName& share = {},
            Turn turn = Turn::in_order) {
  return pool.try_submit(job, share, turn);
}

// Holds jobs until it is opened.
class Gate {
 public:
  void open() { promise_.set_value(); }
  WorkerPool::Job job(std::atomic<int>& started) {
    return [future = future_, &started] {
      ++started;
      future.wait();
    };
  }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

void wait_until(const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
    std::this_thread::sleep_for(1ms);
  }
}

TEST(WorkerPoolTest, RunsEveryJobOnce) {
  std::atomic<int> ran{0};
  WorkerPool pool({.threads = 4, .queue_max = 1000});
  EXPECT_EQ(pool.threads(), 4U);
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(submit(pool, [&] { ++ran; }));
  wait_until([&] { return ran == 500; });
}

TEST(WorkerPoolTest, FinishesWhatIsInWorkAndDropsWhatIsQueuedWhenItDies) {
  std::atomic<int> started{0};
  std::atomic<int> finished{0};
  const auto queued = std::make_shared<int>(0);
  {
    WorkerPool pool({.threads = 1, .queue_max = 10});
    submit(pool, [&] {
      ++started;
      std::this_thread::sleep_for(50ms);
      ++finished;
    });
    wait_until([&] { return started == 1; });
    submit(pool, [&, queued] { ++started; });
  }
  EXPECT_EQ(started, 1);
  EXPECT_EQ(finished, 1);
  EXPECT_EQ(queued.use_count(), 1);
}

TEST(WorkerPoolTest, WhatComesAfterOthersWaitsForThemAndTakesHalfOfTheQueue) {
  std::atomic<int> started{0};
  std::vector<int> order;  // by one thread only
  std::atomic<int> ran{0};
  const auto note = [&](int number) {
    return [&, number] {
      order.push_back(number);
      ++ran;
    };
  };
  Gate gate;
  WorkerPool pool({.threads = 1, .queue_max = 4});
  submit(pool, gate.job(started));
  wait_until([&] { return started == 1; });
  EXPECT_TRUE(submit(pool, note(3), {}, Turn::after_others));
  EXPECT_TRUE(submit(pool, note(4), {}, Turn::after_others));
  EXPECT_FALSE(submit(pool, note(5), {}, Turn::after_others));
  EXPECT_TRUE(submit(pool, note(1)));
  EXPECT_TRUE(submit(pool, note(2)));
  EXPECT_FALSE(submit(pool, note(6)));
  gate.open();
  wait_until([&] { return ran == 4; });
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

TEST(WorkerPoolTest, AFullQueueRefusesAndLeavesTheJobAlone) {
  std::atomic<int> started{0};
  Gate gate;
  WorkerPool pool({.threads = 1, .queue_max = 2});
  EXPECT_TRUE(submit(pool, gate.job(started)));
  wait_until([&] { return started == 1; });
  EXPECT_TRUE(submit(pool, gate.job(started)));
  EXPECT_TRUE(submit(pool, gate.job(started)));
  EXPECT_EQ(pool.depth(), 2U);
  std::atomic<bool> ran{false};
  WorkerPool::Job refused = [&] { ran = true; };
  EXPECT_FALSE(pool.try_submit(refused));
  EXPECT_EQ(pool.depth(), 2U);
  ASSERT_TRUE(refused);
  refused();
  EXPECT_TRUE(ran);
  gate.open();
  wait_until([&] { return pool.depth() == 0; });
  EXPECT_TRUE(submit(pool, [] {}));
}

TEST(WorkerPoolTest, JobsOfOneNameNeverRunSideBySide) {
  std::array<std::atomic<int>, 3> running{};
  std::atomic<int> clashes{0};
  std::atomic<int> ran{0};
  WorkerPool pool({.threads = 4, .queue_max = 1000});
  for (int i = 0; i < 200; ++i) {
    auto& mine = running[static_cast<std::size_t>(i % 3)];
    submit(
        pool,
        [&] {
          if (++mine > 1) ++clashes;
          std::this_thread::sleep_for(100us);
          --mine;
          ++ran;
        },
        name(static_cast<std::uint8_t>(i % 3 + 1)));
  }
  wait_until([&] { return ran == 200; });
  EXPECT_EQ(clashes, 0);
  EXPECT_EQ(ran, 200);
}

TEST(WorkerPoolTest, ANameInWorkHoldsUpNobodyElse) {
  std::atomic<int> started{0};
  std::atomic<int> others{0};
  Gate gate;
  WorkerPool pool({.threads = 2, .queue_max = 100});
  submit(pool, gate.job(started), name(1));
  wait_until([&] { return started == 1; });
  submit(pool, gate.job(started), name(1));
  submit(
      pool, [&] { ++others; }, name(2));
  submit(pool, [&] { ++others; });
  wait_until([&] { return others == 2; });
  EXPECT_EQ(started, 1) << "the second of the name waits";
  gate.open();
  wait_until([&] { return started == 2; });
}

TEST(WorkerPoolTest, JobsWithoutANameDoRunSideBySide) {
  std::atomic<int> started{0};
  Gate gate;
  WorkerPool pool({.threads = 3, .queue_max = 100});
  for (int i = 0; i < 3; ++i) submit(pool, gate.job(started));
  wait_until([&] { return started == 3; });
  gate.open();
}

TEST(WorkerPoolTest, AJobIsDestroyedOnceItHasRun) {
  const auto token = std::make_shared<int>(0);
  WorkerPool pool({.threads = 1, .queue_max = 10});
  submit(pool, [token] {});
  wait_until([&] { return token.use_count() == 1; });
}

}  // namespace
}  // namespace agentauth::http
