#include "app/new_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

namespace agentauth::app {
namespace {

using testing::HasSubstr;

class NewFileTest : public testing::Test {
 protected:
  NewFileTest() {
    std::string name = testing::TempDir() + "/agentauth-new-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~NewFileTest() override { std::filesystem::remove_all(folder_); }
  std::string content() const {
    std::ifstream file(place_of());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::filesystem::path place_of() const { return folder_ / "file"; }
  std::ptrdiff_t files() const {
    return std::distance(std::filesystem::directory_iterator(folder_), {});
  }

  std::filesystem::path folder_;
};

TEST_F(NewFileTest, IsItsOwnersAloneAndUnderItsNameOnlyWhenPutThere) {
  auto file = NewFile::create(place_of());
  ASSERT_TRUE(file);
  std::ofstream(file->path()) << "whole";
  EXPECT_FALSE(std::filesystem::exists(place_of()));
  ASSERT_TRUE(file->put_in_place(NewFile::Existing::keep));
  EXPECT_EQ(content(), "whole");
  struct stat found {};
  ASSERT_EQ(::stat(place_of().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  EXPECT_EQ(files(), 1);
}

TEST_F(NewFileTest, ReplacesWhatIsThereOnlyWhenTold) {
  std::ofstream(place_of()) << "old";
  {
    auto file = NewFile::create(place_of());
    ASSERT_TRUE(file);
    EXPECT_EQ(file->put_in_place(NewFile::Existing::keep).error().code, Errc::conflict);
    EXPECT_EQ(content(), "old");
    EXPECT_TRUE(file->put_in_place(NewFile::Existing::replace));
  }
  EXPECT_EQ(content(), "");
  EXPECT_EQ(files(), 1);
}

TEST_F(NewFileTest, IsGoneWhenItWasNotPutThere) {
  ASSERT_TRUE(NewFile::create(place_of()));
  EXPECT_EQ(files(), 0);
}

TEST_F(NewFileTest, WhatSomebodyPutInItsPlaceIsNotPutThere) {
  std::ofstream(folder_ / "precious") << "old";
  auto file = NewFile::create(place_of());
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->require_own());
  std::filesystem::remove(file->path());
  std::filesystem::create_symlink(folder_ / "precious", file->path());
  EXPECT_EQ(file->require_own().error().code, Errc::conflict);
  EXPECT_EQ(file->put_in_place(NewFile::Existing::replace).error().code, Errc::conflict);
  EXPECT_FALSE(std::filesystem::exists(place_of()));
}

TEST_F(NewFileTest, IsMadeInTheFolderThatALinkLeadsTo) {
  std::filesystem::create_directory(folder_ / "real");
  std::filesystem::create_directory_symlink("real", folder_ / "link");
  auto file = NewFile::create(folder_ / "link" / "file");
  ASSERT_TRUE(file);
  EXPECT_EQ(std::filesystem::path(file->path()).parent_path().filename(), "real");
  ASSERT_TRUE(file->put_in_place(NewFile::Existing::keep));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "real" / "file"));
}

TEST_F(NewFileTest, AFolderThatIsNotThereIsNamed) {
  const auto file = NewFile::create(folder_ / "none" / "file");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::unavailable);
  EXPECT_THAT(file.error().message, HasSubstr("none/file"));
}

}  // namespace
}  // namespace agentauth::app
