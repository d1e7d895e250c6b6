#include "base/rounds.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <vector>

namespace agentauth {
namespace {

using namespace std::chrono_literals;

class RoundsTest : public testing::Test {
 protected:
  ~RoundsTest() override { std::fclose(log_file_); }

  std::string logged() {
    std::string text(1 << 16, '\0');
    std::rewind(log_file_);
    text.resize(std::fread(text.data(), 1, text.size(), log_file_));
    return text;
  }
  static std::size_t count(const std::string& text, std::string_view word) {
    std::size_t found = 0;
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
    return found;
  }
  static std::string_view advise(const Error&) { return "make room"; }
  static void wait_for(const std::atomic<int>& rounds, int least) {
    while (rounds < least) std::this_thread::sleep_for(1ms);
  }

  const SystemClock clock_{};
  std::FILE* log_file_ = std::tmpfile();
  Log log_{clock_, LogFormat::json, LogLevel::debug, fileno(log_file_)};
};

TEST_F(RoundsTest, TheLastRoundIsDoneWhenItStopsAndNoneAfterIt) {
  std::vector<Rounds::Last> done;
  Rounds rounds(
      log_, "work", 1h,
      [&](Rounds::Last last) -> Result<void> {
        done.push_back(last);
        return {};
      },
      advise);
  rounds.start();
  rounds.stop();
  rounds.stop();
  EXPECT_EQ(done, std::vector{Rounds::Last::yes});
}

TEST_F(RoundsTest, WhatFailsIsTriedAgainAndSaidOnce) {
  std::atomic<int> done = 0;
  Rounds rounds(
      log_, "work", 1ms,
      [&](Rounds::Last) -> Result<void> {
        switch (++done) {
          case 1:
            return failure(Errc::unavailable, "The disk is full");
          case 2:
            throw std::runtime_error("out of luck");
          default:
            return {};
        }
      },
      advise);
  rounds.start();
  wait_for(done, 4);
  rounds.stop();
  EXPECT_EQ(count(logged(), "work_failed"), 1) << logged();
  EXPECT_EQ(count(logged(), "The disk is full"), 1) << logged();
  EXPECT_EQ(count(logged(), "\"advice\":\"make room\""), 1) << logged();
  EXPECT_EQ(count(logged(), "work_back"), 1) << logged();
}

}  // namespace
}  // namespace agentauth
