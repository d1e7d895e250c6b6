// Conditions against an evaluator that is as plain as can be: values are copied, errors thrown,
// every operand is evaluated.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/condition.h"
#include "policy/testing/stated_facts.h"
#include "tests/cases/conditions.h"

namespace agentauth::policy {
namespace {

using testing::StatedFacts;

struct Wrong {};  // an error of CEL

struct Null {};
struct Time {
  std::int64_t milliseconds;
};
struct Span {
  std::int64_t milliseconds;
};
struct Val;
using List = std::vector<Val>;
using Map = std::map<std::string, Val>;
struct Val {
  std::variant<Null, bool, std::int64_t, double, std::string, List, Map, Time, Span> is;
};

Val val_of(const JsonValue& json) {
  switch (json.type) {
    case JsonValue::Type::null:
      return {Null{}};
    case JsonValue::Type::boolean:
      return {json.boolean};
    case JsonValue::Type::integer:
      return {json.integer};
    case JsonValue::Type::real:
      return {json.real};
    case JsonValue::Type::text:
      return {std::string(json.text)};
    case JsonValue::Type::array: {
      List list;
      for (const JsonValue& item : json.items) list.push_back(val_of(item));
      return {list};
    }
    case JsonValue::Type::object: {
      Map map;
      for (const JsonMember& member : json.members)
        map[std::string(member.name)] = val_of(member.value);
      return {map};
    }
  }
  return {};
}

template <class T>
const T& as(const Val& val) {
  if (const T* found = std::get_if<T>(&val.is)) return *found;
  throw Wrong{};
}

// Wide enough for every int and every double.
static_assert(std::numeric_limits<long double>::digits >= 64);
bool is_number(const Val& val) {
  return std::holds_alternative<std::int64_t>(val.is) || std::holds_alternative<double>(val.is);
}
long double number(const Val& val) {
  if (const auto* integer = std::get_if<std::int64_t>(&val.is))
    return static_cast<long double>(*integer);
  return as<double>(val);
}

bool equal(const Val& left, const Val& right) {
  if (is_number(left) && is_number(right)) return number(left) == number(right);
  if (left.is.index() != right.is.index()) return false;
  if (const auto* truth = std::get_if<bool>(&left.is)) return *truth == as<bool>(right);
  if (const auto* text = std::get_if<std::string>(&left.is)) return *text == as<std::string>(right);
  if (const auto* time = std::get_if<Time>(&left.is))
    return time->milliseconds == as<Time>(right).milliseconds;
  if (const auto* span = std::get_if<Span>(&left.is))
    return span->milliseconds == as<Span>(right).milliseconds;
  if (const auto* list = std::get_if<List>(&left.is))
    return std::equal(list->begin(), list->end(), as<List>(right).begin(), as<List>(right).end(),
                      equal);
  if (const auto* map = std::get_if<Map>(&left.is))
    return std::equal(map->begin(), map->end(), as<Map>(right).begin(), as<Map>(right).end(),
                      [](const auto& mine, const auto& other) {
                        return mine.first == other.first && equal(mine.second, other.second);
                      });
  return true;  // null
}

bool less(const Val& left, const Val& right) {
  if (is_number(left) && is_number(right)) return number(left) < number(right);
  if (left.is.index() != right.is.index()) throw Wrong{};
  if (const auto* time = std::get_if<Time>(&left.is))
    return time->milliseconds < as<Time>(right).milliseconds;
  if (const auto* span = std::get_if<Span>(&left.is))
    return span->milliseconds < as<Span>(right).milliseconds;
  return as<std::string>(left) < as<std::string>(right);
}

struct Expression {
  std::string op;  // an operator, a function, "path", "list" or "literal"
  std::vector<Expression> operands;
  std::string text;  // of a path or a literal
  Val literal{};
  std::vector<std::string> path{};  // #n: an element
};

const Val& walked(const Val& facts, const std::vector<std::string>& path) {
  const Val* at = &facts;
  for (const std::string& step : path) {
    if (step[0] == '#') {
      const List& list = as<List>(*at);
      const auto index = static_cast<std::size_t>(step[1] - '0');
      if (index >= list.size()) throw Wrong{};
      at = &list[index];
    } else {
      const Map& map = as<Map>(*at);
      const auto found = map.find(step);
      if (found == map.end()) throw Wrong{};
      at = &found->second;
    }
  }
  return *at;
}

Time time_of(const std::string& text) {
  const auto time = parse_rfc3339(text);
  if (!time) throw Wrong{};
  return {time->time_since_epoch().count()};
}

// The only ones that are drawn.
Span span_of(const std::string& text) {
  static const std::map<std::string, std::int64_t> spans = {
      {"1h", 3'600'000}, {"1m30s", 90'000}, {"-0.5s", -500}, {"0", 0}, {"60m", 3'600'000}};
  const auto found = spans.find(text);
  if (found == spans.end()) throw Wrong{};
  return {found->second};
}

Val evaluated(const Expression& expression, const Val& facts);

Val logical(const Expression& expression, const Val& facts) {
  const bool decisive = expression.op == "||";
  bool decided = false;
  bool wrong = false;
  for (const Expression& operand : expression.operands) {
    try {
      if (as<bool>(evaluated(operand, facts)) == decisive) decided = true;
    } catch (const Wrong&) {
      wrong = true;
    }
  }
  if (decided) return {decisive};
  if (wrong) throw Wrong{};
  return {!decisive};
}

Val contained(const Val& element, const Val& whole) {
  if (const auto* map = std::get_if<Map>(&whole.is))
    return {map->contains(as<std::string>(element))};
  for (const Val& each : as<List>(whole))
    if (equal(element, each)) return {true};
  return {false};
}

Val sum(const std::string& op, const Val& left, const Val& right) {
  if (op == "-" && std::holds_alternative<Time>(right.is))
    return {Span{as<Time>(left).milliseconds - as<Time>(right).milliseconds}};
  if (op == "-") return {Time{as<Time>(left).milliseconds - as<Span>(right).milliseconds}};
  if (std::holds_alternative<Span>(left.is)) return sum(op, right, left);
  return {Time{as<Time>(left).milliseconds + as<Span>(right).milliseconds}};
}

Val size(const Val& of) {
  if (const auto* list = std::get_if<List>(&of.is)) return {std::int64_t(list->size())};
  if (const auto* map = std::get_if<Map>(&of.is)) return {std::int64_t(map->size())};
  std::int64_t characters = 0;
  for (const char c : as<std::string>(of)) characters += (c & 0xC0) != 0x80 ? 1 : 0;
  return {characters};
}

Val binary(const std::string& op, const Val& left, const Val& right) {
  if (op == "==") return {equal(left, right)};
  if (op == "!=") return {!equal(left, right)};
  if (op == "<") return {less(left, right)};
  if (op == ">") return {less(right, left)};
  if (op == "<=") return {!less(right, left)};
  if (op == ">=") return {!less(left, right)};
  if (op == "in") return contained(left, right);
  if (op == "+" || op == "-") return sum(op, left, right);
  const std::string& text = as<std::string>(left);
  const std::string& piece = as<std::string>(right);
  if (op == "startsWith") return {text.substr(0, piece.size()) == piece};
  if (op == "contains") return {text.find(piece) != text.npos};
  if (op == "endsWith")
    return {text.size() >= piece.size() && text.substr(text.size() - piece.size()) == piece};
  ADD_FAILURE() << op;
  return {};
}

Val evaluated(const Expression& expression, const Val& facts) {
  const std::string& op = expression.op;
  if (op == "literal") return expression.literal;
  if (op == "path") return walked(facts, expression.path);
  if (op == "&&" || op == "||") return logical(expression, facts);
  if (op == "has") {
    try {
      evaluated(expression.operands[0], facts);
      return {true};
    } catch (const Wrong&) {
      return {false};
    }
  }
  if (op == "now") return {time_of(as<std::string>(as<Map>(facts).at("now")))};
  std::vector<Val> operands;
  for (const Expression& operand : expression.operands)
    operands.push_back(evaluated(operand, facts));
  if (op == "list") return {operands};
  if (op == "!") return {!as<bool>(operands[0])};
  if (op == "negate") {
    if (const auto* integer = std::get_if<std::int64_t>(&operands[0].is)) return {-*integer};
    return {-as<double>(operands[0])};
  }
  if (op == "timestamp") return {time_of(as<std::string>(operands[0]))};
  if (op == "duration") return {span_of(as<std::string>(operands[0]))};
  if (op == "size") return size(operands[0]);
  return binary(op, operands[0], operands[1]);
}

// How tightly it binds; as the grammar says.
int precedence(const std::string& op) {
  static const std::map<std::string, int> levels = {
      {"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {"<", 3}, {"<=", 3},    {">", 3},
      {">=", 3}, {"in", 3}, {"+", 4},  {"-", 4},  {"!", 5}, {"negate", 5}};
  const auto found = levels.find(op);
  return found == levels.end() ? 6 : found->second;
}

std::string written(const Expression& expression);

// In parentheses where it would be read otherwise.
std::string written_in(const Expression& operand, int at_least) {
  const std::string text = written(operand);
  return precedence(operand.op) >= at_least ? text : "(" + text + ")";
}

std::string written(const Expression& expression) {
  const std::string& op = expression.op;
  const auto& operands = expression.operands;
  const int level = precedence(op);
  if (op == "literal" || op == "path" || op == "now") return expression.text;
  if (op == "!") return "!" + written_in(operands[0], level);
  if (op == "negate") return "-" + written_in(operands[0], level);
  std::string text;
  if (op == "startsWith" || op == "endsWith" || op == "contains")
    return written_in(operands[0], 6) + "." + op + "(" + written(operands[1]) + ")";
  if (level < 6) {
    for (std::size_t i = 0; i < operands.size(); ++i)
      text += (i == 0 ? "" : " " + op + " ") +
              written_in(operands[i], i == 0 && level > 2 ? level : level + 1);
    return text;
  }
  for (const Expression& operand : operands) text += (text.empty() ? "" : ", ") + written(operand);
  return op == "list" ? "[" + text + "]" : op + "(" + text + ")";
}

// What is drawn -----------------------------------------------------------------------------------

int draw(int below) { return *rc::gen::inRange(0, below); }
template <class T>
T draw_from(const std::vector<T>& choices) {
  return choices[static_cast<std::size_t>(draw(static_cast<int>(choices.size())))];
}

Expression literal(std::string text, Val val) {
  return {"literal", {}, std::move(text), std::move(val)};
}

Expression attribute() {
  using Path = std::vector<std::string>;
  static const std::vector<std::pair<std::string, Path>> paths = {
      {"context.a", {"context", "a"}},
      {"context[\"b\"]", {"context", "b"}},
      {"context.c", {"context", "c"}},
      {"context.a.a", {"context", "a", "a"}},
      {"context.b['b'].a", {"context", "b", "b", "a"}},
      {"context.c[0]", {"context", "c", "#0"}},
      {"context.a[1].a", {"context", "a", "#1", "a"}},
      {"resource.properties.a", {"resource", "properties", "a"}},
      {"subject.properties.b", {"subject", "properties", "b"}}};
  const auto [text, path] = draw_from(paths);
  return {"path", {}, text, {}, path};
}

Expression number_literal() {
  return draw_from<Expression>({literal("0", {std::int64_t{0}}), literal("1", {std::int64_t{1}}),
                                literal("-2", {std::int64_t{-2}}), literal("1.0", {1.0}),
                                literal("-1.5", {-1.5}),
                                literal("9007199254740993", {std::int64_t{9007199254740993}}),
                                literal("9007199254740992.0", {9007199254740992.0})});
}

Expression text_literal() {
  return draw_from<Expression>(
      {literal("\"\"", {std::string()}), literal("'a'", {std::string("a")}),
       literal("\"ab\"", {std::string("ab")}), literal("'\\u00e4'", {std::string("\xC3\xA4")})});
}

Expression dynamic_or(Expression other) { return draw(2) == 0 ? attribute() : std::move(other); }

Expression duration() {
  const Expression text = draw_from<Expression>(
      {literal("'1h'", {std::string("1h")}), literal("'1m30s'", {std::string("1m30s")}),
       literal("'-0.5s'", {std::string("-0.5s")}), attribute()});
  return {"duration", {text}, {}};
}

Expression timestamp(int depth) {
  if (depth > 0 && draw(3) == 0) {
    if (draw(2) == 0) return {"+", {duration(), timestamp(0)}, {}};
    return {draw(2) == 0 ? "+" : "-", {timestamp(depth - 1), duration()}, {}};
  }
  const Expression text = draw_from<Expression>(
      {literal("'2026-01-31T12:00:00Z'", {std::string("2026-01-31T12:00:00Z")}), attribute()});
  return draw(2) == 0 ? Expression{"now", {}, "now"} : Expression{"timestamp", {text}, {}};
}

// Two that may be compared.
std::vector<Expression> pair(int depth) {
  switch (draw(6)) {
    case 0:
      return {dynamic_or(number_literal()), dynamic_or(number_literal())};
    case 1:
      return {dynamic_or(text_literal()), dynamic_or(text_literal())};
    case 2:
      return {timestamp(depth), timestamp(depth)};
    case 3:
      return {Expression{"-", {timestamp(1), timestamp(1)}, {}}, duration()};
    case 4:
      return {Expression{"size", {dynamic_or(text_literal())}, {}}, dynamic_or(number_literal())};
    default:
      return {Expression{"negate", {attribute()}, {}}, dynamic_or(number_literal())};
  }
}

Expression list() {
  Expression list{"list", {}, {}};
  const int count = draw(4);
  const bool of_numbers = draw(2) == 0;
  for (int i = 0; i < count; ++i)
    list.operands.push_back(dynamic_or(of_numbers ? number_literal() : text_literal()));
  return list;
}

Expression truth(int depth) {
  static const std::vector<std::string> equalities = {"==", "!="};
  static const std::vector<std::string> orders = {"<", "<=", ">", ">="};
  static const std::vector<std::string> searches = {"startsWith", "endsWith", "contains"};
  const int kinds = depth == 0 ? 7 : 11;
  switch (draw(kinds)) {
    case 0:
      return draw(2) == 0 ? literal("true", {true}) : literal("false", {false});
    case 1:
      return attribute();
    case 2:
      return {"has", {attribute()}, {}};
    case 3:
      return {draw_from(searches), {dynamic_or(text_literal()), dynamic_or(text_literal())}, {}};
    case 4:
      return {"in", {attribute(), draw(2) == 0 ? list() : attribute()}, {}};
    case 5:
      return {draw_from(equalities), {attribute(), draw(2) == 0 ? list() : attribute()}, {}};
    case 6:
      return {draw(3) == 0 ? draw_from(equalities) : draw_from(orders), pair(depth), {}};
    case 7:
      return {"!", {truth(depth - 1)}, {}};
    case 8:
      return {draw_from(equalities), {truth(depth - 1), truth(depth - 1)}, {}};
    default: {
      Expression joined{draw(2) == 0 ? "&&" : "||", {}, {}};
      const int count = 2 + draw(2);
      for (int i = 0; i < count; ++i) joined.operands.push_back(truth(depth - 1));
      return joined;
    }
  }
}

std::string facts_text() {
  static const std::vector<std::string> values = {"0",
                                                  "1",
                                                  "-2",
                                                  "1.0",
                                                  "-1.5",
                                                  "9007199254740993",
                                                  "9007199254740992.0",
                                                  "\"\"",
                                                  "\"a\"",
                                                  "\"ab\"",
                                                  "\"\\u00e4\"",
                                                  "\"2026-01-31T12:00:00Z\"",
                                                  "\"2026-01-31T13:00:00+00:00\"",
                                                  "\"1h\"",
                                                  "\"60m\"",
                                                  "true",
                                                  "false",
                                                  "null",
                                                  "[]",
                                                  "[1, \"a\"]",
                                                  "[1.0, \"a\"]",
                                                  "[\"\", {\"a\": 1}]",
                                                  "{\"a\": 1}",
                                                  "{\"a\": 1.0}",
                                                  "{\"b\": {\"a\": [1]}, \"a\": true}"};
  const auto object = [&](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
      if (draw(8) != 0)
        text.append(text.empty() ? "\"" : ", \"")
            .append(name)
            .append("\": ")
            .append(draw_from(values));
    return "{" + text + "}";
  };
  return R"({"now": "2026-01-31T12:30:00Z", "context": )" + object({"a", "b", "c"}) +
         R"(, "subject": {"type": "t", "id": "a", "properties": )" + object({"b"}) +
         R"(}, "resource": {"type": "t", "id": "b", "properties": )" + object({"a"}) + "}}";
}

Outcome expected(const Expression& expression, const Val& facts) {
  try {
    return as<bool>(evaluated(expression, facts)) ? Outcome::yes : Outcome::no;
  } catch (const Wrong&) {
    return Outcome::error;
  }
}

RC_GTEST_PROP(Condition, AgreesWithThePlainEvaluator, ()) {
  for (int i = 0; i < 20; ++i) {
    const Expression expression = truth(3);
    const std::string text = written(expression);
    const auto condition = Condition::compile(text);
    if (!condition) {
      // Only for its size.
      RC_ASSERT(condition.error().message.find(" at most ") != std::string::npos);
      continue;
    }
    for (int j = 0; j < 5; ++j) {
      const std::string stated = facts_text();
      const Outcome outcome = expected(expression, val_of(Properties::parse(stated)->value()));
      const StatedFacts facts(stated);
      RC_LOG() << text << "\n" << stated << "\n";
      RC_ASSERT(condition->evaluate(*facts) == outcome);
      RC_ASSERT(condition->explain(*facts).empty() == (outcome == Outcome::yes));
    }
  }
}

// Whatever is done to a text, it is a condition that ends or a refusal that names the place.
RC_GTEST_PROP(Condition, CompilesOrSaysWhere, ()) {
  static const std::vector<std::string> pieces = {
      " ",   "(",    ")",        "[",         "]",     ",",    ".",
      "!",   "-",    "+",        "&&",        "||",    "==",   "<",
      ">=",  "in",   "'",        "\"",        "\\",    "\\u",  "0",
      "1e5", "0x",   "true",     "a",         "now",   "r",    "\n",
      "\t",  "\xC3", "\xC3\xA4", "context.a", "size(", "has(", "duration('1h')"};
  const auto& cases = cases::condition_cases;
  std::string text(
      cases[static_cast<std::size_t>(draw(static_cast<int>(std::size(cases))))].condition);
  const int edits = draw(6);
  for (int i = 0; i < edits; ++i) {
    const auto place = static_cast<std::size_t>(draw(static_cast<int>(text.size()) + 1));
    const auto length = static_cast<std::size_t>(draw(4));
    text.replace(place, length, draw_from(pieces));
  }
  const auto condition = Condition::compile(text);
  RC_CLASSIFY(condition.has_value(), "compiles");
  if (!condition) {
    RC_ASSERT(condition.error().code == Errc::invalid_argument);
    RC_ASSERT(condition.error().message.starts_with("at character "));
    RC_ASSERT(condition.error().message.size() <= 160u);
    return;
  }
  RC_ASSERT(condition->text() == text);
  const StatedFacts facts(facts_text());
  RC_ASSERT(condition->explain(*facts).empty() == (condition->evaluate(*facts) == Outcome::yes));
}

}  // namespace
}  // namespace agentauth::policy
