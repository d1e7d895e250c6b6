// Permissions: the grammar and who covers whom, against the words of the rule taken literally.
//
// The input is two permissions, one a line: a grant, and what is asked for.
#include <algorithm>
#include <string>
#include <vector>

#include "authz/decision.h"
#include "directory/records.h"
#include "model/permission.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth {
namespace {

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> segments;
  for (;;) {
    const std::size_t colon = text.find(':');
    segments.push_back(text.substr(0, colon));
    if (colon == text.npos) return segments;
    text.remove_prefix(colon + 1);
  }
}

// Words of letters, digits, _ . and -, with single slashes between them.
bool is_word(std::string_view segment) {
  if (segment.empty() || segment.size() > 64) return false;
  for (std::size_t begin = 0;;) {
    const std::size_t slash = std::min(segment.find('/', begin), segment.size());
    const std::string_view part = segment.substr(begin, slash - begin);
    if (part.empty() ||
        part.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789_.-") != part.npos)
      return false;
    if (slash == segment.size()) return true;
    begin = slash + 1;
  }
}

bool in_grammar(std::string_view text) {
  const auto segments = split(text);
  const bool words = std::all_of(segments.begin(), segments.end() - 1, is_word);
  return words && (is_word(segments.back()) || segments.back() == "*") && segments.size() <= 8 &&
         text.size() <= 128;
}

// `a:*` covers `a:b` and `a:b:c`, not `a`; `*` covers everything; all else only itself.
bool covers(std::string_view grant, std::string_view asked) {
  if (grant == asked || grant == "*") return true;
  const auto pattern = split(grant);
  const auto segments = split(asked);
  return pattern.back() == "*" && pattern.size() <= segments.size() &&
         std::equal(pattern.begin(), pattern.end() - 1, segments.begin());
}

FUZZ(std::string_view input) {
  std::string_view asked = input;
  const std::string_view grant = fuzz::take_until(asked, '\n');
  for (const std::string_view text : {grant, asked}) {
    MUST(is_permission(text) == in_grammar(text));
    MUST(is_concrete_permission(text) == (in_grammar(text) && text.find('*') == text.npos));
  }
  if (!is_permission(grant) || !is_permission(asked)) return;

  std::vector<std::string> visited;
  MUST(!visit_covering(asked, [&](std::string_view pattern) {
    visited.emplace_back(pattern);
    return false;
  }));
  MUST(!visited.empty() && visited.size() <= Requirement::ids_max && visited.front() == asked);
  for (std::size_t i = 0; i < visited.size(); ++i) {
    MUST(is_permission(visited[i]) && covers(visited[i], asked));
    if (i > 1) MUST(visited[i].size() < visited[i - 1].size());
  }
  const bool expected = covers(grant, asked);
  MUST(visit_covering(asked, [&](std::string_view p) { return p == grant; }) == expected);

  // The same as numbers, the way the directory holds it.
  Requirement requirement;
  AgentRecord agent;
  agent.grant_count = 1;
  agent.grants[0] = static_cast<NameId>(visited.size());  // a name that covers nothing
  for (const std::string& pattern : visited) {
    const auto id = static_cast<NameId>(requirement.count);
    requirement.ids[requirement.count++] = id;
    if (pattern == grant) agent.grants[0] = id;
  }
  MUST(agent.holds_any_of(requirement) == expected);
}

}  // namespace
}  // namespace agentauth
