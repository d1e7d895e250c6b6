#include "app/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

namespace agentauth::app {
namespace {

using namespace std::chrono_literals;
using testing::ExitedWithCode;
using testing::KilledBySignal;

// Each test ends a process of its own.
void expect_to_be_killed() {
  std::this_thread::sleep_for(10s);
  ::_exit(1);
}

TEST(SignalsDeathTest, AServerThatStartsIsEndedAtOnce) {
  EXPECT_EXIT(
      {
        const Signals signals;
        ::kill(::getpid(), SIGTERM);
        expect_to_be_killed();
      },
      KilledBySignal(SIGTERM), "");
}

TEST(SignalsDeathTest, AnEndAskedForBeforeAnybodyWaitsIsKept) {
  EXPECT_EXIT(
      {
        Signals signals;
        signals.take_end();
        ::kill(::getpid(), SIGTERM);
        std::this_thread::sleep_for(200ms);
        ::_exit(signals.wait_for_end([] {}) == SIGTERM ? 7 : 1);
      },
      ExitedWithCode(7), "");
}

TEST(SignalsDeathTest, TheFirstSignalIsWaitedForAndTheSecondEndsTheDrain) {
  EXPECT_EXIT(
      {
        Signals signals;
        std::thread sender([] {
          std::this_thread::sleep_for(200ms);
          ::kill(::getpid(), SIGINT);
        });
        if (signals.wait_for_end([] {}) != SIGINT) ::_exit(2);
        sender.join();
        ::kill(::getpid(), SIGINT);
        expect_to_be_killed();
      },
      KilledBySignal(SIGINT), "");
}

TEST(SignalsDeathTest, AHangupOfTheStartIsARequestToReload) {
  EXPECT_EXIT(
      {
        Signals signals;
        ::kill(::getpid(), SIGHUP);
        int reloads = 0;
        const int end = signals.wait_for_end([&] {
          ++reloads;
          ::kill(::getpid(), SIGTERM);
        });
        ::_exit(end == SIGTERM && reloads == 1 ? 7 : 1);
      },
      ExitedWithCode(7), "");
}

}  // namespace
}  // namespace agentauth::app
