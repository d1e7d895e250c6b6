#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"

namespace agentauth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  LogTest() { EXPECT_EQ(::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK), 0); }
  ~LogTest() override {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }

  Log log(LogFormat format, LogLevel level = LogLevel::info) {
    return Log(clock_, format, level, pipe_[1]);
  }
  std::vector<std::string> lines() {
    std::string text;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::read(pipe_[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(size));
    EXPECT_TRUE(text.empty() || text.back() == '\n');
    std::vector<std::string> found;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) found.push_back(line);
    return found;
  }

  ManualClock clock_;
  int pipe_[2] = {-1, -1};
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  auto json = log(LogFormat::json);
  json.info("agent_created", {{"agent_id", "a1"}, {"count", 3}, {"note", std::string("x\ny")}});
  EXPECT_THAT(lines(),
              ElementsAre(R"({"time":"2023-11-14T22:13:20.000Z","level":"info",)"
                          R"("event":"agent_created","agent_id":"a1","count":3,"note":"x\ny"})"));
}

TEST_F(LogTest, WritesTextForPeople) {
  auto text = log(LogFormat::text);
  text.warning("slow", {{"millis", 1200}, {"route", "/x y"}});
  EXPECT_THAT(lines(),
              ElementsAre(R"(2023-11-14T22:13:20.000Z warning slow millis=1200 route="/x y")"));
}

TEST_F(LogTest, AValueCannotForgeALine) {
  const std::string forged = "x\n2023-11-14T22:13:20.000Z error forged\r\x1B[31m";
  auto text = log(LogFormat::text);
  text.info("login", {{"agent", forged}});
  auto json = log(LogFormat::json);
  json.info("login", {{"agent", forged}});
  const auto written = lines();
  ASSERT_THAT(written, SizeIs(2));
  for (const std::string& line : written) EXPECT_EQ(line.find('\x1B'), std::string::npos);
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  auto json = log(LogFormat::json, LogLevel::warning);
  json.debug("a");
  json.info("b");
  json.warning("c");
  json.error("d");
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("\"c\""), HasSubstr("\"d\"")));
  json.set_level(LogLevel::debug);
  json.debug("e");
  EXPECT_THAT(lines(), SizeIs(1));
  json.set_level(LogLevel::off);
  json.error("f");
  EXPECT_THAT(lines(), SizeIs(0));
}

TEST_F(LogTest, CutsLongValues) {
  auto json = log(LogFormat::json);
  json.info("x", {{"path", std::string(100'000, 'a')}});
  const auto written = lines();
  ASSERT_THAT(written, SizeIs(1));
  EXPECT_LT(written[0].size(), 1200U);
  EXPECT_TRUE(parse_json(written[0]));
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  auto json = log(LogFormat::json);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) json.info("event", {{"text", std::string(50, 'x')}});
    });
  for (auto& thread : threads) thread.join();
  const auto written = lines();
  EXPECT_THAT(written, SizeIs(200));
  for (const std::string& line : written) EXPECT_TRUE(parse_json(line)) << line;
}

TEST_F(LogTest, LosesALineRatherThanStopping) {
  ManualClock clock;
  Log closed(clock, LogFormat::json, LogLevel::info, -1);
  closed.error("nobody hears this");
}

TEST(LogLevelName, IsReadAndWritten) {
  for (const LogLevel level :
       {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
    LogLevel read{};
    EXPECT_TRUE(parse(to_string(level), read));
    EXPECT_EQ(read, level);
  }
  LogLevel level = LogLevel::error;
  EXPECT_FALSE(parse("loud", level));
  EXPECT_EQ(level, LogLevel::error);
}

// A stalled reader must not stall the service, and must be told what it missed.
TEST_F(LogTest, NobodyWaitsForAReaderThatDoesNotRead) {
  ASSERT_EQ(::fcntl(pipe_[1], F_SETFL, 0), 0) << "blocking, as standard error is";
  auto json = log(LogFormat::json);
  for (int i = 0; i < 5'000; ++i) json.info("denied", {{"number", i}});
  const auto first = lines();
  ASSERT_LT(first.size(), 5'000U);
  json.info("later");
  const auto then = lines();
  ASSERT_THAT(then, SizeIs(2));
  EXPECT_THAT(then[0], HasSubstr("\"event\":\"log_lines_dropped\",\"lines\":" +
                                 std::to_string(5'000 - first.size())));
  EXPECT_THAT(then[1], HasSubstr("later"));
}

TEST_F(LogTest, ALineFitsIntoAPipeWhateverItHolds) {
  auto json = log(LogFormat::json);
  const std::string hostile(2'000, '\x01');
  json.info("refused", {{"a", hostile}, {"b", hostile}, {"c", hostile}, {"d", hostile}});
  const auto found = lines();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_LE(found[0].size(), 4096U);
  EXPECT_TRUE(parse_json(found[0]));
}

}  // namespace
}  // namespace agentauth
