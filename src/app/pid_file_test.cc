#include "app/pid_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
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
  std::filesystem::path path() const { return folder_ / "agentauth.pid"; }

  std::filesystem::path folder_;
};

TEST_F(PidFileTest, HoldsTheProcessWhileItLives) {
  {
    const auto file = PidFile::lock(path());
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->write_own_id());
    EXPECT_EQ(content(), std::to_string(::getpid()) + "\n");
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(PidFileTest, ASecondServerIsRefusedAndLeavesTheFileAlone) {
  const auto first = PidFile::lock(path());
  ASSERT_TRUE(first && first->write_own_id());
  for (int i = 0; i < 2; ++i) {
    const auto second = PidFile::lock(path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_THAT(second.error().message,
                AllOf(HasSubstr("process " + std::to_string(::getpid())), HasSubstr("--data-dir"),
                      HasSubstr(folder_.string())));
  }
  EXPECT_EQ(content(), std::to_string(::getpid()) + "\n");
}

TEST_F(PidFileTest, WhatAKilledServerLeftHoldsNobodyUp) {
  std::ofstream(path()) << "4194304999\n";
  const auto file = PidFile::lock(path());
  ASSERT_TRUE(file);
  EXPECT_EQ(content(), "");
  EXPECT_TRUE(file->write_own_id());
  EXPECT_EQ(content(), std::to_string(::getpid()) + "\n");
}

TEST_F(PidFileTest, AFileOfAnotherServerIsNotRemoved) {
  {
    const auto first = PidFile::lock(path());
    ASSERT_TRUE(first);
    std::filesystem::remove(path());
    std::ofstream(path()) << "7\n";
  }
  EXPECT_EQ(content(), "7\n");
}

TEST_F(PidFileTest, AFolderThatIsNotThereIsNamed) {
  const auto file = PidFile::lock(folder_ / "none" / "agentauth.pid");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, AllOf(HasSubstr("none/agentauth.pid"), HasSubstr("No such")));
}

}  // namespace
}  // namespace agentauth::app
