#include "app/outage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace agentauth::app {
namespace {

using ::testing::HasSubstr;

class OutageTest : public ::testing::Test {
 protected:
  ~OutageTest() override { std::fclose(file_); }

  static Result<void> failed() { return failure(Errc::unavailable, "It is lost", "a cable"); }
  std::string lines() {
    std::string text(1 << 16, '\0');
    std::rewind(file_);
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }
  std::size_t count(const std::string& event) {
    const std::string text = lines();
    std::size_t found = 0;
    for (std::size_t at = text.find(event); at != text.npos; at = text.find(event, at + 1)) ++found;
    return found;
  }

 private:
  std::FILE* file_ = std::tmpfile();
  SystemClock clock_;
  Log log_{clock_, LogFormat::json, LogLevel::info, fileno(file_)};

 protected:
  Outage outage_{log_, "lost", "back"};
};

TEST_F(OutageTest, WhatWorksIsNotWorthALine) {
  for (int i = 0; i < 3; ++i) outage_.note({});
  EXPECT_EQ(lines(), "");
}

TEST_F(OutageTest, ItsBeginAndItsEndAreSaidOnceEachTime) {
  for (std::size_t round = 1; round <= 2; ++round) {
    for (int i = 0; i < 5; ++i) outage_.note(failed());
    EXPECT_EQ(count(R"("event":"lost")"), round);
    EXPECT_EQ(count(R"("event":"back")"), round - 1);
    for (int i = 0; i < 5; ++i) outage_.note({});
    EXPECT_EQ(count(R"("event":"back")"), round);
  }
  EXPECT_THAT(lines(), HasSubstr(R"("error":"It is lost","cause":"a cable")"));
}

TEST_F(OutageTest, IsSaidOnceByManyThreads) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { outage_.note(failed()); });
  }
  EXPECT_EQ(count(R"("event":"lost")"), 1U);
}

}  // namespace
}  // namespace agentauth::app
