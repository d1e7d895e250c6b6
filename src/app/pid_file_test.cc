#include "app/pid_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace agentauth::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class PidFileTest : public testing::Test {
 protected:
  PidFileTest() {
    std::string name = testing::TempDir() + "/agentauth-pid-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~PidFileTest() override { std::filesystem::remove_all(folder_); }
  std::string content() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string own_line() { return std::to_string(::getpid()) + "\n"; }
  std::filesystem::path path() const { return folder_ / "agentauth.pid"; }

  std::filesystem::path folder_;
};

TEST_F(PidFileTest, HoldsTheProcessWhileItLives) {
  {
    const auto file = PidFile::write(path());
    ASSERT_TRUE(file);
    EXPECT_EQ(content(), own_line());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(PidFileTest, WhatAKilledServerLeftHoldsNobodyUp) {
  std::ofstream(path()) << "4194304999\n";
  std::ofstream(path().string() + ".new") << "41943049990000\n";
  const auto file = PidFile::write(path());
  ASSERT_TRUE(file);
  EXPECT_EQ(content(), own_line());
}

TEST_F(PidFileTest, AServerThatBecameReadyLaterKeepsItsFile) {
  for (const char* other : {"7\n", ""}) {
    {
      const auto first = PidFile::write(path());
      ASSERT_TRUE(first);
      std::ofstream(path()) << other;
    }
    EXPECT_TRUE(std::filesystem::exists(path()));
    EXPECT_EQ(content(), other);
  }
}

TEST_F(PidFileTest, AFileThatIsGoneIsNoTroubleAtTheEnd) {
  const auto file = PidFile::write(path());
  ASSERT_TRUE(file);
  std::filesystem::remove_all(folder_);
}

TEST_F(PidFileTest, NamesAServerThatRunsAndNoneThatDoesNot) {
  EXPECT_EQ(find_running(path()), std::nullopt) << "there is no file";
  const pid_t other = ::fork();
  if (other == 0) {
    ::pause();
    ::_exit(0);
  }
  std::ofstream(path()) << other << "\n";
  EXPECT_EQ(find_running(path()), other);
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  EXPECT_EQ(find_running(path()), std::nullopt) << "it has ended";
  std::ofstream(path()) << ::getpid() << "\n";
  EXPECT_EQ(find_running(path()), std::nullopt) << "that is who asks";
  std::ofstream(path()) << 1 << "\n";
  EXPECT_EQ(find_running(path()), std::nullopt) << "that is another program";
  std::ofstream(path()) << "-1 or so\n";
  EXPECT_EQ(find_running(path()), std::nullopt);
}

TEST_F(PidFileTest, AFolderThatIsNotThereIsNamed) {
  const auto file = PidFile::write(folder_ / "none" / "agentauth.pid");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::unavailable);
  EXPECT_THAT(file.error().message, AllOf(HasSubstr("none/agentauth.pid"), HasSubstr("No such")));
}

}  // namespace
}  // namespace agentauth::app
