#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace agentauth {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return failure(Errc::invalid_argument, "odd", std::to_string(value));
  return value / 2;
}

Result<void> check(int value) {
  TRY(half(value));
  return {};
}

TEST(Try, TakesTheValue) {
  const auto quarter = [](int value) -> Result<int> { return TRY(half(TRY(half(value)))); };
  EXPECT_EQ(quarter(12), 3);
}

TEST(Try, ReturnsTheFirstErrorAsItIs) {
  const auto quarter = [](int value) -> Result<int> { return TRY(half(TRY(half(value)))); };
  const auto refused = quarter(6);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_EQ(refused.error().message, "odd");
  EXPECT_EQ(refused.error().detail, "3");
}

TEST(Try, PassesErrorsBetweenResultsOfDifferentTypes) {
  EXPECT_TRUE(check(2));
  EXPECT_EQ(check(3).error().message, "odd");
}

TEST(Try, MovesWhatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    const std::unique_ptr<int> made = TRY(make());
    return *made;
  };
  EXPECT_EQ(use(), 7);
}

}  // namespace
}  // namespace agentauth
