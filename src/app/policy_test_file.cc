#include "app/policy_test_file.h"

#include <algorithm>

#include "base/json_text.h"

namespace agentauth::app {
namespace {

using Type = JsonValue::Type;
using Kind = PolicyTest::Kind;

class Reader {
 public:
  std::vector<FieldError> errors;

  void read(const JsonValue& row, PolicyTest& test) {
    if (row.type != Type::object || row.members.size() != 1)
      return wrong(test.place, "must be an object with allow, deny or list");
    const auto& [name, rule] = row.members.front();
    if (name == "allow") {
      test.kind = Kind::allow;
    } else if (name == "deny") {
      test.kind = Kind::deny;
    } else if (name == "list") {
      test.kind = Kind::list;
    } else {
      return wrong(test.place, "must be an object with allow, deny or list");
    }
    test.place.append(".").append(name);
    if (rule.type != Type::object) return wrong(test.place, "must be an object");
    for (const JsonMember& member : rule.members) read_member(member, test);
    if (test.subject.empty()) wrong(test.place + ".subject", "is required");
    if (test.kind != Kind::list && test.action.empty())
      wrong(test.place + ".action", "is required");
    // That nothing may be done is said by an empty list, not by a member that was forgotten.
    if (test.kind == Kind::list && rule.find("actions") == nullptr)
      wrong(test.place + ".actions", "is required");
  }

 private:
  void wrong(std::string place, std::string message) {
    errors.push_back({std::move(place), std::move(message)});
  }

  void read_member(const JsonMember& member, PolicyTest& test) {
    const bool is_list = test.kind == Kind::list;
    if (member.name == "subject") return read_text(member, test, test.subject);
    if (member.name == "resource") return read_text(member, test, test.resource);
    if (member.name == "action" && !is_list) return read_text(member, test, test.action);
    if (member.name == "context" && !is_list) return read_context(member, test);
    if (member.name == "actions" && is_list) return read_actions(member, test);
    wrong(place(member, test), "is not known");
  }

  static std::string place(const JsonMember& member, const PolicyTest& test) {
    return test.place + '.' + std::string(member.name);
  }

  void read_text(const JsonMember& member, const PolicyTest& test, std::string& out) {
    if (member.value.type != Type::text || member.value.text.empty())
      return wrong(place(member, test), "must be a string");
    out = member.value.text;
    const std::size_t colon = out.find(':');
    const bool is_entity = colon != 0 && colon != out.npos && colon + 1 < out.size();
    if (member.name != "action" && !is_entity) wrong(place(member, test), "must be type:id");
  }

  void read_context(const JsonMember& member, PolicyTest& test) {
    if (member.value.type != Type::object) return wrong(place(member, test), "must be an object");
    append_json(member.value, test.context);
  }

  void read_actions(const JsonMember& member, PolicyTest& test) {
    if (member.value.type != Type::array)
      return wrong(place(member, test), "must be a list of strings");
    for (const JsonValue& item : member.value.items) {
      if (item.type != Type::text) return wrong(place(member, test), "must be a list of strings");
      test.actions.emplace_back(item.text);
    }
    std::sort(test.actions.begin(), test.actions.end());
  }
};

}  // namespace

std::string PolicyTest::shown() const {
  return subject + (action.empty() ? "" : ' ' + action) +
         (resource.empty() ? "" : " on " + resource) + (context.empty() ? "" : " with " + context);
}

Result<std::vector<PolicyTest>> parse_policy_tests(const std::string& text) {
  const auto document = parse_json(text);
  if (!document)
    return failure(Errc::invalid_argument, "the file of tests: " + document.error().message);
  const JsonValue* rows = document->find("tests");
  if (rows == nullptr || rows->type != Type::array || document->members.size() != 1)
    return failure(Errc::invalid_argument, R"(the file of tests must be {"tests":[...]})");
  Reader reader;
  std::vector<PolicyTest> tests;
  for (std::size_t i = 0; i < rows->items.size(); ++i) {
    PolicyTest& test = tests.emplace_back();
    test.place = "tests[" + std::to_string(i) + ']';
    reader.read(rows->items[i], test);
  }
  if (reader.errors.empty()) return tests;
  return tl::unexpected(
      Error{Errc::invalid_argument, "the file of tests is wrong", {}, std::move(reader.errors)});
}

}  // namespace agentauth::app
