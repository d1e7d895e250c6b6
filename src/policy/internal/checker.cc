#include "policy/internal/checker.h"

#include <algorithm>
#include <string>

#include "policy/condition.h"
#include "policy/internal/lexer.h"

namespace agentauth::policy::internal {
namespace {

using Style = Function::Style;

constexpr Function functions[] = {
    {"has", Op::has, Style::function, 1},
    {"size", Op::size, Style::either, 1},
    {"startsWith", Op::starts_with, Style::method, 2},
    {"endsWith", Op::ends_with, Style::method, 2},
    {"contains", Op::contains, Style::method, 2},
    {"timestamp", Op::to_timestamp, Style::function, 1},
    {"duration", Op::to_duration, Style::function, 1},
    {"inNetwork", Op::in_network, Style::function, 2},
};

std::string_view name_of(Type type) {
  switch (type) {
    case Type::dynamic:
      return "an attribute";
    case Type::null:
      return "null";
    case Type::boolean:
      return "a bool";
    case Type::integer:
      return "an int";
    case Type::real:
      return "a double";
    case Type::text:
      return "a string";
    case Type::list:
      return "a list";
    case Type::map:
      return "a map";
    case Type::timestamp:
      return "a timestamp";
    case Type::duration:
      return "a duration";
    case Type::fault:
      break;
  }
  return "nothing";
}

bool is_number(Type type) { return type == Type::integer || type == Type::real; }
bool is_time(Type type) { return type == Type::timestamp || type == Type::duration; }

// Whether values of these types are ever equal.
bool may_be_equal(Type left, Type right) {
  if (left == right || (is_number(left) && is_number(right))) return true;
  if (left == Type::dynamic) return !is_time(right);
  return right == Type::dynamic && !is_time(left);
}

std::string_view operator_of(Op op) {
  switch (op) {
    case Op::logical_not:
      return "'!'";
    case Op::logical_and:
      return "'&&'";
    case Op::logical_or:
      return "'||'";
    case Op::add:
      return "'+'";
    case Op::subtract:
      return "'-'";
    default:
      return "this";
  }
}

std::string cannot_compare(Type left, Type right) {
  // The one mistake that is easily made.
  if (left == Type::dynamic || right == Type::dynamic) {
    const Type time = left == Type::dynamic ? right : left;
    const std::string function = time == Type::timestamp ? "timestamp" : "duration";
    return "an attribute is never a " + function + ": write " + function + "(…) around it";
  }
  return std::string(name_of(left)) + " and " + std::string(name_of(right)) + " cannot be compared";
}

}  // namespace

const Function* find_function(std::string_view name) {
  const auto* found = std::find_if(std::begin(functions), std::end(functions),
                                   [&](const Function& function) { return function.name == name; });
  return found == std::end(functions) ? nullptr : found;
}

std::string_view missing_function(std::string_view name) {
  if (name == "matches") return "there are no regular expressions";
  for (const std::string_view macro : {"all", "exists", "exists_one", "map", "filter"})
    if (name == macro) return "there are no macros but has()";
  return {};
}

tl::unexpected<Error> Checker::fail(std::size_t offset, std::string_view message) const {
  return failure_at(program_.text, offset, message);
}

Result<NodeIndex> Checker::add(const Node& node, const std::vector<NodeIndex>& children,
                               Span span) {
  if (program_.nodes.size() == condition_nodes_max)
    return fail(span.begin,
                "a condition has at most " + std::to_string(condition_nodes_max) + " parts");
  Node added = node;
  added.begin = static_cast<std::uint16_t>(span.begin);
  added.end = static_cast<std::uint16_t>(span.end);
  added.first_child = static_cast<std::uint8_t>(program_.children.size());
  added.child_count = static_cast<NodeIndex>(children.size());
  program_.children.insert(program_.children.end(), children.begin(), children.end());
  program_.nodes.push_back(added);
  return static_cast<NodeIndex>(program_.nodes.size() - 1);
}

Result<NodeIndex> Checker::constant(const Value& value, Span span) {
  Node node;
  node.type = value.type;
  node.is_constant = true;
  node.operand = static_cast<std::uint16_t>(program_.constants.size());
  const NodeIndex index = TRY(add(node, {}, span));
  program_.constants.push_back(value);
  return index;
}

Result<NodeIndex> Checker::leaf(Op op, Type type, Span span) {
  Node node;
  node.op = op;
  node.type = type;
  return add(node, {}, span);
}

Result<NodeIndex> Checker::attribute(Source source, const std::vector<Step>& steps, Span span) {
  Node node;
  node.op = steps.empty() ? Op::attributes : Op::attribute;
  node.type = steps.empty() ? Type::map : Type::dynamic;
  node.source = source;
  node.operand = static_cast<std::uint16_t>(program_.steps.size());
  node.step_count = static_cast<std::uint16_t>(steps.size());
  program_.steps.insert(program_.steps.end(), steps.begin(), steps.end());
  return add(node, {}, span);
}

Result<NodeIndex> Checker::list(const std::vector<NodeIndex>& elements, Span span) {
  Node list;
  list.op = Op::list;
  list.type = Type::list;
  list.is_constant = true;
  for (const NodeIndex element : elements) {
    TRY(check_value(element));
    if (node(element).type == Type::list)
      return fail(node(element).begin, "a literal list holds no lists");
    list.is_constant = list.is_constant && node(element).is_constant;
  }
  return add(list, elements, span);
}

Result<NodeIndex> Checker::logical(Op op, const std::vector<NodeIndex>& operands, Span span) {
  for (const NodeIndex operand : operands) TRY(check_type(operand, Type::boolean, operator_of(op)));
  Node node;
  node.op = op;
  node.type = Type::boolean;
  return add(node, operands, span);
}

Result<NodeIndex> Checker::negate(NodeIndex operand, Span span) {
  TRY(check_value(operand));
  const Type type = node(operand).type;
  if (type != Type::dynamic && !is_number(type))
    return fail(node(operand).begin, "'-' takes a number, not " + std::string(name_of(type)));
  Node negated;
  negated.op = Op::negate;
  negated.type = type;
  return add(negated, {operand}, span);
}

Result<NodeIndex> Checker::binary(Op op, const std::vector<NodeIndex>& operands, Span span,
                                  Span place) {
  const NodeIndex left = operands[0];
  const NodeIndex right = operands[1];
  TRY(check_value(left));
  if (op != Op::in_list) TRY(check_value(right));
  Node added;
  added.op = op;
  added.type = Type::boolean;
  switch (op) {
    case Op::add:
    case Op::subtract:
      added.type = TRY(type_of_sum(op, node(left).type, node(right).type, place));
      break;
    case Op::equal:
    case Op::not_equal:
      TRY(check_equality(left, right, place));
      break;
    case Op::in_list:
      TRY(check_in(left, right, place));
      if (node(right).op == Op::attributes) added.op = Op::in_attributes;
      break;
    default:
      TRY(check_order(left, right, place));
      break;
  }
  return add(added, operands, span);
}

Result<void> Checker::check_equality(NodeIndex left, NodeIndex right, Span place) const {
  if (!may_be_equal(node(left).type, node(right).type))
    return fail(place.begin, cannot_compare(node(left).type, node(right).type));
  return {};
}

Result<void> Checker::check_order(NodeIndex left, NodeIndex right, Span place) const {
  for (const NodeIndex operand : {left, right}) {
    const Type type = node(operand).type;
    if (type != Type::dynamic && type != Type::text && !is_number(type) && !is_time(type))
      return fail(node(operand).begin, std::string(name_of(type)) + " has no order");
  }
  return check_equality(left, right, place);
}

Result<void> Checker::check_in(NodeIndex left, NodeIndex right, Span place) const {
  const Node& whole = node(right);
  if (whole.op == Op::attributes) return check_type(left, Type::text, "'in' a map");
  if (whole.type == Type::dynamic) {
    if (is_time(node(left).type))
      return fail(place.begin, cannot_compare(node(left).type, Type::dynamic));
    return {};
  }
  if (whole.op != Op::list)
    return fail(whole.begin, "'in' takes a list or a map, not " + std::string(name_of(whole.type)));
  for (std::size_t i = 0; i < whole.child_count; ++i)
    TRY(check_equality(left, program_.children[whole.first_child + i], place));
  return {};
}

Result<Type> Checker::type_of_sum(Op op, Type left, Type right, Span place) const {
  const bool moves = left == Type::timestamp && right == Type::duration;
  if (moves || (op == Op::add && left == Type::duration && right == Type::timestamp))
    return Type::timestamp;
  if (op == Op::subtract && left == Type::timestamp && right == Type::timestamp)
    return Type::duration;
  if (left == Type::dynamic || right == Type::dynamic)
    return fail(place.begin, std::string(operator_of(op)) +
                                 " takes a timestamp and a duration: write timestamp(…) or "
                                 "duration(…) around an attribute");
  return fail(place.begin,
              "there is no arithmetic but timestamp + duration, timestamp - duration "
              "and timestamp - timestamp");
}

Result<NodeIndex> Checker::has(NodeIndex attribute, Span span) {
  const Node& asked = node(attribute);
  if (asked.op == Op::attributes)
    return fail(asked.begin, "has() takes an attribute, as in has(context.name)");
  Node added;
  added.op = Op::has;
  added.type = Type::boolean;
  return add(added, {attribute}, span);
}

Result<NodeIndex> Checker::call(const Function& function, const std::vector<NodeIndex>& arguments,
                                Span span) {
  const std::string who = std::string(function.name) + "()";
  for (const NodeIndex argument : arguments) {
    TRY(check_value(argument));
    const bool counts = function.op == Op::size && node(argument).type == Type::list;
    if (!counts) TRY(check_type(argument, Type::text, who));
  }
  switch (function.op) {
    case Op::to_timestamp:
    case Op::to_duration:
      return conversion(function.op, arguments[0], span);
    case Op::in_network:
      return network(arguments, span);
    default:
      break;
  }
  Node added;
  added.op = function.op;
  added.type = function.op == Op::size ? Type::integer : Type::boolean;
  return add(added, arguments, span);
}

Result<NodeIndex> Checker::conversion(Op op, NodeIndex argument, Span span) {
  const bool is_timestamp = op == Op::to_timestamp;
  Node& operand = program_.nodes[argument];
  if (operand.op != Op::constant) {
    Node added;
    added.op = op;
    added.type = is_timestamp ? Type::timestamp : Type::duration;
    return add(added, {argument}, span);
  }
  // A literal is converted now, in its own place.
  Value& value = program_.constants[operand.operand];
  const Value converted = is_timestamp ? read_timestamp(value.text) : read_duration(value.text);
  if (converted.is_fault())
    return fail(operand.begin, is_timestamp
                                   ? "this is no time of RFC 3339, as \"2026-01-31T12:00:00Z\""
                                   : "this is no duration in whole milliseconds, as \"1h30m\"");
  value = converted;
  operand.type = converted.type;
  operand.begin = static_cast<std::uint16_t>(span.begin);
  operand.end = static_cast<std::uint16_t>(span.end);
  return argument;
}

Result<NodeIndex> Checker::network(const std::vector<NodeIndex>& arguments, Span span) {
  const Node range = node(arguments[1]);
  if (range.op != Op::constant)
    return fail(range.begin, "the network of inNetwork() is a literal, as \"10.0.0.0/8\"");
  const auto network = Network::parse_exact(program_.constants[range.operand].text);
  if (!network)
    return fail(range.begin, "this is no network, as \"10.0.0.0/8\", without bits past the prefix");
  // The literal is the node made last, and needed no more.
  program_.nodes.pop_back();
  program_.constants.pop_back();
  Node added;
  added.op = Op::in_network;
  added.type = Type::boolean;
  added.operand = static_cast<std::uint16_t>(program_.networks.size());
  program_.networks.push_back(*network);
  return add(added, {arguments[0]}, span);
}

Result<void> Checker::finish(NodeIndex root) {
  TRY(check_value(root));
  const Type type = node(root).type;
  if (type != Type::boolean && type != Type::dynamic)
    return fail(node(root).begin,
                "a condition is true or false, and this is " + std::string(name_of(type)));
  program_.root = root;
  return {};
}

Result<void> Checker::check_value(NodeIndex operand) const {
  const Node& checked = node(operand);
  if (checked.op != Op::attributes) return {};
  return fail(checked.begin, quoted(program_.source_of(checked)) +
                                 " has no value of its own: name a member, or ask \"name\" in it");
}

Result<void> Checker::check_type(NodeIndex operand, Type type, std::string_view who) const {
  TRY(check_value(operand));
  const Type found = node(operand).type;
  if (found == type || found == Type::dynamic) return {};
  return fail(node(operand).begin, std::string(who) + " takes " + std::string(name_of(type)) +
                                       ", not " + std::string(name_of(found)));
}

}  // namespace agentauth::policy::internal
