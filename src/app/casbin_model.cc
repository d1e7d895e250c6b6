#include "app/casbin_model.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace agentauth::app {
namespace {

using Refusal = tl::unexpected<Error>;

Refusal refuse(const std::string& what) {
  return failure(Errc::invalid_argument,
                 what +
                     "; only models of the RBAC family can be converted: see the guide to "
                     "policy files");
}

// Blanks say nothing in a model.
std::string without_blanks(std::string_view text) {
  std::string kept;
  for (const char c : text)
    if (c != ' ' && c != '\t' && c != '\r') kept += c;
  return kept;
}

// "policy_definition.p" → its value, without blanks.
using Definitions = std::map<std::string, std::string>;

bool is_section(std::string_view line) { return line.front() == '[' && line.back() == ']'; }

Result<Definitions> read_definitions(const std::string& text) {
  Definitions definitions;
  std::string section;
  std::string stated;  // of lines that end with a backslash, and the next one
  bool goes_on = false;
  int number = 1;
  const auto refuse_line = [&](int at, std::string_view why) {
    return failure(Errc::invalid_argument,
                   "the model's line " + std::to_string(at) + ' ' + std::string(why));
  };
  std::istringstream lines(text);
  for (std::string read; std::getline(lines, read); ++number) {
    const std::string line = without_blanks(read);
    const bool is_comment = line.empty() || line.front() == '#' || line.front() == ';';
    if (goes_on && (is_comment || is_section(line))) break;
    if (is_comment) continue;
    goes_on = line.back() == '\\';
    stated += line.substr(0, std::min(line.find('#'), line.size() - (goes_on ? 1 : 0)));
    if (goes_on) continue;
    if (is_section(stated)) {
      section = stated.substr(1, stated.size() - 2);
    } else {
      const std::size_t equals = stated.find('=');
      if (section.empty() || equals == 0 || equals == stated.npos)
        return refuse_line(number, "is not understood");
      definitions[section + '.' + stated.substr(0, equals)] = stated.substr(equals + 1);
    }
    stated.clear();
  }
  if (goes_on) return refuse_line(number - 1, "ends with a backslash, and nothing follows it");
  return definitions;
}

std::set<std::string> conditions_of(const std::string& matcher) {
  std::set<std::string> conditions;
  for (std::size_t begin = 0; begin <= matcher.size();) {
    const std::size_t end = std::min(matcher.find("&&", begin), matcher.size());
    conditions.insert(matcher.substr(begin, end - begin));
    begin = end + 2;
  }
  return conditions;
}

// Equality reads the same from both sides.
bool compares(std::set<std::string>& conditions, const std::string& a, const std::string& b) {
  return conditions.erase(a + "==" + b) + conditions.erase(b + "==" + a) == 1;
}

Result<void> read_matcher(const std::string& matcher, CasbinModel& model) {
  auto conditions = conditions_of(matcher);
  const bool matches_role = conditions.erase("g(r.sub,p.sub)") == 1;
  const bool matches_subject = matches_role || compares(conditions, "r.sub", "p.sub");
  const bool matches_rest =
      compares(conditions, "r.obj", "p.obj") && compares(conditions, "r.act", "p.act");
  if (!matches_subject || !matches_rest || !conditions.empty())
    return refuse("the matcher \"" + matcher + "\" does more than compare sub, obj and act");
  if (matches_role != model.has_roles)
    return refuse("the matcher and [role_definition] do not go together");
  return {};
}

}  // namespace

Result<CasbinModel> parse_casbin_model(const std::string& text) {
  Definitions definitions = TRY(read_definitions(text));
  const auto take = [&](const std::string& name) {
    const auto found = definitions.find(name);
    if (found == definitions.end()) return std::string();
    std::string value = found->second;
    definitions.erase(found);
    return value;
  };
  CasbinModel model;
  if (const auto r = take("request_definition.r"); r != "sub,obj,act")
    return refuse("a request must be sub, obj, act, not \"" + r + '"');
  const std::string p = take("policy_definition.p");
  if (p != "sub,obj,act" && p != "sub,obj,act,eft")
    return refuse("a policy must be sub, obj, act and perhaps eft, not \"" + p + '"');
  model.has_effect = p.ends_with(",eft");
  if (const auto g = take("role_definition.g"); !g.empty()) {
    if (g != "_,_") return refuse("roles in domains (\"" + g + "\") have no equal here");
    model.has_roles = true;
  }
  const std::string e = take("policy_effect.e");
  static constexpr std::string_view allow = "some(where(p.eft==allow))";
  static constexpr std::string_view no_deny = "!some(where(p.eft==deny))";
  model.denies = e == std::string(allow).append("&&").append(no_deny) ||
                 e == std::string(no_deny).append("&&").append(allow);
  if (!model.denies && e != allow)
    return refuse("the policy effect \"" + e + "\" has no equal here");
  const std::string matcher = take("matchers.m");
  if (!definitions.empty())
    return refuse("\"" + definitions.begin()->first + "\" has no equal here");
  TRY(read_matcher(matcher, model));
  return model;
}

}  // namespace agentauth::app
