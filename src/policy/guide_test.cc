// The guide shows what the table of cases holds, so that its examples are known to be right.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/cases/conditions.h"

namespace agentauth::policy {
namespace {

TEST(ConditionGuide, ShowsOnlyConditionsOfTheTable) {
  std::ifstream guide(AGENTAUTH_GUIDE_OF_CONDITIONS);
  ASSERT_TRUE(guide);
  bool is_example = false;
  int examples = 0;
  for (std::string line; std::getline(guide, line);) {
    if (line.starts_with("```")) {
      is_example = line == "```cel";
    } else if (is_example) {
      ++examples;
      EXPECT_TRUE(std::any_of(std::begin(cases::condition_cases), std::end(cases::condition_cases),
                              [&](const auto& row) { return row.condition == line; }))
          << line;
    }
  }
  EXPECT_GE(examples, 10);
}

}  // namespace
}  // namespace agentauth::policy
