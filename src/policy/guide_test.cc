// The guide shows what the table of cases holds, so that its examples are known to be right.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "policy/supplied.h"
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

std::string whole(const char* path) {
  const std::ifstream guide(path);
  std::ostringstream text;
  text << guide.rdbuf();
  return text.str();
}

std::set<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it)
    names.insert((*it)[1].str());
  return names;
}

// What stands between two lines that begin so.
std::string part(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  EXPECT_NE(begin, text.npos) << from;
  return text.substr(begin, text.find(to, begin + from.size()) - begin);
}

bool is_supplied(const std::string& name) {
  return std::find(supplied_context.begin(), supplied_context.end(), name) !=
         supplied_context.end();
}

TEST(ConditionGuide, ListsWhatTheServerKnowsByItselfAndNothingElse) {
  const std::string guide = whole(AGENTAUTH_GUIDE_OF_CONDITIONS);
  const std::string known = part(guide, "## What the server knows by itself", "\n## ");
  const std::string table = known.substr(0, known.find("\n\nOf a subject"));
  std::set<std::string> context(supplied_context.begin(), supplied_context.end());
  EXPECT_EQ(found(table, "`context\\.([a-z]+)`"), context);
  std::set<std::string> identity(supplied_of_agents.begin(), supplied_of_agents.end());
  EXPECT_EQ(found(table, "`subject\\.properties\\.([a-z]+)`"), identity);
  // The examples take other names from `context` only where the guide says who says them.
  const std::string examples = part(guide, "```cel", "\n```");
  for (const std::string& name : found(examples, "context(?:\\.|\\[\")([A-Za-z_-]+)")) {
    EXPECT_TRUE(is_supplied(name) || known.find('`' + name + '`') != known.npos) << name;
  }
}

// Its commands are about the server's own routes, where nobody else says anything.
TEST(AuthorizationGuide, TakesFromTheContextWhatTheServerKnows) {
  const std::string guide = whole(AGENTAUTH_GUIDE_OF_AUTHORIZATION);
  const auto named = found(guide, "context\\.([A-Za-z_]+)");
  EXPECT_FALSE(named.empty());
  for (const std::string& name : named) EXPECT_TRUE(is_supplied(name)) << name;
  const std::string told = part(guide, "own routes `context` has", ";");
  for (const std::string& name : found(told.substr(24), "`([a-z]+)`"))
    EXPECT_TRUE(is_supplied(name)) << name;
}

}  // namespace
}  // namespace agentauth::policy
