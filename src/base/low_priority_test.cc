#include "base/low_priority.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

namespace agentauth {
namespace {

using namespace std::chrono_literals;

int nice_of_this_thread() { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); }

void use_one_core() {
  cpu_set_t had;
  ASSERT_EQ(sched_getaffinity(0, sizeof had, &had), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &had)) continue;
    CPU_SET(core, &one);
    break;
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
}

std::chrono::microseconds computed() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// How often others come on while a thread computes for so long on a core that is never idle.
long turns_taken_in(std::chrono::milliseconds long_work, bool gives_way) {
  std::atomic<bool> over = false;
  std::thread server([&] {
    use_one_core();
    while (!over) {
    }
  });
  long turns = 0;
  std::thread worker([&] {
    use_one_core();
    const LowPriority thread(10);
    std::optional<Computing> computing;
    if (gives_way) computing.emplace();
    rusage before{};
    rusage after{};
    getrusage(RUSAGE_THREAD, &before);
    for (const auto end = computed() + long_work; computed() < end;) {
    }
    getrusage(RUSAGE_THREAD, &after);
    turns = after.ru_nivcsw - before.ru_nivcsw;
  });
  worker.join();
  over = true;
  server.join();
  return turns;
}

TEST(LowPriorityTest, IsOfTheThreadAlone) {
  const int usual = nice_of_this_thread();
  std::thread([&] {
    const LowPriority thread(10);
    EXPECT_EQ(nice_of_this_thread(), std::max(usual, 10));
  }).join();
  EXPECT_EQ(nice_of_this_thread(), usual);
}

#ifndef __has_feature  // by which clang says what GCC does with a macro
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
constexpr long turns_min = 1;  // it holds signals back until the thread calls into the C library
#else
constexpr long turns_min = 20;
#endif

TEST(LowPriorityTest, AThreadThatComputesLetsOthersComeOnManyTimes) {
  EXPECT_GE(turns_taken_in(40ms, true), turns_min) << "a tick of the scheduler is 1 to 10 ms";
}

TEST(LowPriorityTest, CutsNoWaitShortThatDoesNotCompute) {
  std::thread([] {
    const LowPriority thread(10);
    { const Computing computing; }
    EXPECT_EQ(usleep(20'000), 0) << "which libraries wait with, and do not expect to be woken";
  }).join();
}

TEST(LowPriorityTest, OtherThreadsAreNotInterrupted) {
  std::thread([] {
    const Computing computing;
    EXPECT_EQ(usleep(20'000), 0);
  }).join();
}

}  // namespace
}  // namespace agentauth
