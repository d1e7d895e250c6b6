#include "policy/internal/path.h"

#include <charconv>
#include <string>
#include <vector>

namespace agentauth::policy::internal {
namespace {

struct Root {
  std::string_view name;
  Source source;
  std::string_view members;  // "" where any name may follow
};
constexpr std::string_view entity_members = "its members are type, id and properties";
constexpr Root roots[] = {
    {"subject", Source::subject, entity_members},
    {"action", Source::action, "its members are name and properties"},
    {"resource", Source::resource, entity_members},
    {"context", Source::context, ""},
};

struct Field {
  Source source;
  std::string_view name;
  Op op;
};
constexpr Field fields[] = {
    {Source::subject, "type", Op::subject_type}, {Source::subject, "id", Op::subject_id},
    {Source::action, "name", Op::action_name},   {Source::resource, "type", Op::resource_type},
    {Source::resource, "id", Op::resource_id},
};

const Root* find_root(std::string_view name) {
  for (const Root& root : roots)
    if (root.name == name) return &root;
  return nullptr;
}

const Field* find_field(Source source, std::string_view name) {
  for (const Field& field : fields)
    if (field.source == source && field.name == name) return &field;
  return nullptr;
}

struct PlacedStep {
  Step step;
  std::size_t place = 0;
};

// Between brackets: a literal string, or the number of an element.
Result<PlacedStep> parse_index(Cursor& cursor) {
  const Token& token = cursor.current();
  PlacedStep found{{token.value, -1}, token.begin};
  if (cursor.take(TokenKind::text)) return found;
  const std::string_view digits = cursor.source(token);
  const char* end = digits.data() + digits.size();
  if (!cursor.is_at(TokenKind::integer) ||
      std::from_chars(digits.data(), end, found.step.index).ptr != end || found.step.index < 0)
    return cursor.fail(token.begin, "expected a literal in the brackets: a string, or 0 or more");
  cursor.advance();
  return found;
}

Result<PlacedStep> parse_member(Cursor& cursor) {
  const Token& token = cursor.current();
  if (!cursor.take(TokenKind::name)) return cursor.unexpected("expected a name after '.'");
  const std::string_view name = cursor.source(token);
  for (const std::string_view reserved : {"true", "false", "null", "in"})
    if (name == reserved)
      return cursor.fail(token.begin, quoted(name) + " is no name here: write [\"" +
                                          std::string(name) + "\"], without the dot");
  return PlacedStep{{name, -1}, token.begin};
}

Result<std::vector<PlacedStep>> parse_steps(Cursor& cursor) {
  std::vector<PlacedStep> steps;
  for (;;) {
    const bool is_method = cursor.ahead(1).kind == TokenKind::name &&
                           cursor.ahead(2).kind == TokenKind::open_parenthesis;
    if (cursor.is_at(TokenKind::dot) && is_method) return steps;
    if (cursor.take(TokenKind::dot)) {
      steps.push_back(TRY(parse_member(cursor)));
    } else if (cursor.take(TokenKind::open_bracket)) {
      steps.push_back(TRY(parse_index(cursor)));
      TRY(cursor.expect(TokenKind::close_bracket, "]"));
    } else {
      return steps;
    }
  }
}

}  // namespace

bool is_root(std::string_view name) { return find_root(name) != nullptr; }

Result<NodeIndex> parse_path(Cursor& cursor, Checker& checker) {
  const std::size_t begin = cursor.current().begin;
  const Root& root = *find_root(cursor.source(cursor.advance()));
  const auto path = TRY(parse_steps(cursor));
  std::size_t first = 0;
  if (!root.members.empty()) {
    const std::string members(root.members);
    if (path.empty())
      return cursor.fail(begin, quoted(root.name) + " has no value of its own: " + members);
    if (const Field* field = find_field(root.source, path[0].step.name)) {
      if (path.size() > 1) return cursor.fail(path[1].place, "only attributes have members");
      return checker.leaf(field->op, Type::text, cursor.from(begin));
    }
    if (path[0].step.name != "properties")
      return cursor.fail(path[0].place, quoted(root.name) + " has no such member: " + members);
    first = 1;
  }
  std::vector<Step> steps;
  for (std::size_t i = first; i < path.size(); ++i) steps.push_back(path[i].step);
  if (!steps.empty() && steps[0].index >= 0)
    return cursor.fail(path[first].place, "members of a map have names, not numbers");
  return checker.attribute(root.source, steps, cursor.from(begin));
}

}  // namespace agentauth::policy::internal
