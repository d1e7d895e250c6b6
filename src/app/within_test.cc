#include "app/within.h"

#include <gtest/gtest.h>

#include <memory>

namespace agentauth::app {
namespace {

using namespace std::chrono_literals;

TEST(Within, WhatIsDoneInTimeCounts) {
  EXPECT_EQ(within<int>(10s, [] { return 7; }), 7);
}

TEST(Within, WhatTakesTooLongIsNotWaitedFor) {
  const auto release = std::make_shared<std::promise<void>>();
  const auto released = release->get_future().share();
  const auto ended = std::make_shared<std::promise<void>>();
  const auto start = std::chrono::steady_clock::now();
  const auto answer = within<int>(50ms, [released, ended] {
    released.wait();
    ended->set_value();
    return 7;
  });
  EXPECT_EQ(answer, std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  release->set_value();
  ended->get_future().wait();
}

}  // namespace
}  // namespace agentauth::app
