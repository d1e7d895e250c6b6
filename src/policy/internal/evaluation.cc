#include "policy/internal/evaluation.h"

#include <cstring>
#include <optional>

namespace agentauth::policy::internal {
namespace {

const Value mismatch = Value::of(Fault::mismatch);
const Value absent = Value::of(Fault::absent);
const Value too_costly = Value::of(Fault::too_costly);

// In time that grows with the sum of the lengths, not with their product.
bool holds(std::string_view text, std::string_view piece) {
  return piece.empty() || memmem(text.data(), text.size(), piece.data(), piece.size()) != nullptr;
}

Value in_order(Op op, Order order) {
  switch (op) {
    case Op::less:
      return Value::truth(order == Order::less);
    case Op::less_or_equal:
      return Value::truth(order == Order::less || order == Order::equal);
    case Op::greater:
      return Value::truth(order == Order::greater);
    default:
      return Value::truth(order == Order::greater || order == Order::equal);
  }
}

Order order_of(int comparison) {
  if (comparison == 0) return Order::equal;
  return comparison < 0 ? Order::less : Order::greater;
}

}  // namespace

Outcome Evaluation::outcome() {
  const Value result = value(program_.nodes[program_.root]);
  if (result.type != Type::boolean) return Outcome::error;
  return result.boolean ? Outcome::yes : Outcome::no;
}

Value Evaluation::value(const Node& node) {
  if (!spend(1)) return too_costly;
  switch (node.op) {
    case Op::constant:
      return program_.constants[node.operand];
    case Op::now:
      return Value::of(Type::timestamp, facts_.now.time_since_epoch().count());
    case Op::attribute:
      return attribute(node);
    case Op::list:
      return list(node);
    case Op::has:
      return has(node);
    case Op::logical_not:
      return logical_not(node);
    case Op::logical_and:
      return logical(node, false);
    case Op::logical_or:
      return logical(node, true);
    case Op::in_attributes:
      return in_attributes(node);
    case Op::negate:
    case Op::size:
    case Op::to_timestamp:
    case Op::to_duration:
    case Op::in_network:
      return unary(node);
    case Op::attributes:  // the checker lets it stand behind `in` only
      return mismatch;
    case Op::subject_type:
    case Op::subject_id:
    case Op::action_name:
    case Op::resource_type:
    case Op::resource_id:
      return field(node.op);
    default:
      return binary(node);
  }
}

Value Evaluation::field(Op op) const {
  if (op == Op::action_name) return facts_.action.empty() ? absent : Value::of(facts_.action);
  const bool of_subject = op == Op::subject_type || op == Op::subject_id;
  const Entity& entity = of_subject ? facts_.subject : facts_.resource;
  if (entity.type.empty()) return absent;
  const bool is_type = op == Op::subject_type || op == Op::resource_type;
  return Value::of(is_type ? entity.type : entity.id);
}

const Attributes& Evaluation::attributes(Source source) const {
  switch (source) {
    case Source::subject:
      return facts_.subject.properties;
    case Source::action:
      return facts_.action_properties;
    case Source::resource:
      return facts_.resource.properties;
    case Source::context:
      break;
  }
  return facts_.context;
}

Value Evaluation::attribute(const Node& node) {
  const Step* step = program_.steps.data() + node.operand;
  const Step* const end = step + node.step_count;
  const Attributes& from = attributes(node.source);
  std::size_t members = 0;
  for (const JsonValue* source : from.sources)
    if (source != nullptr) members += source->members.size();
  if (!spend(members)) return too_costly;
  const JsonValue* found = from.find(step->name);
  while (found != nullptr && ++step != end) {
    if (step->index < 0) {
      if (!spend(found->members.size())) return too_costly;
      found = found->find(step->name);
    } else {
      const auto index = static_cast<std::size_t>(step->index);
      found = index < found->items.size() ? &found->items[index] : nullptr;
    }
  }
  return found == nullptr ? absent : Value::of(*found);
}

// An element without a value leaves the list without one, even where it is not looked at.
Value Evaluation::list(const Node& node) {
  if (!node.is_constant)
    for (std::size_t i = 0; i < node.child_count; ++i)
      if (const Value each = value(program_.child(node, i)); each.is_fault()) return each;
  return Value::of(node);
}

Value Evaluation::has(const Node& node) {
  const Value found = value(program_.child(node, 0));
  if (found.is_fault() && found.fault == Fault::too_costly) return found;
  return Value::truth(!found.is_fault());
}

Value Evaluation::logical_not(const Node& node) {
  const Value operand = value(program_.child(node, 0));
  if (operand.is_fault()) return operand;
  return operand.type == Type::boolean ? Value::truth(!operand.boolean) : mismatch;
}

// One operand that decides is enough: errors count only where none does.
Value Evaluation::logical(const Node& node, bool decisive) {
  Value result = Value::truth(!decisive);
  for (std::size_t i = 0; i < node.child_count; ++i) {
    const Value operand = value(program_.child(node, i));
    if (operand.is(decisive)) return operand;
    if (operand.type != Type::boolean && !result.is_fault())
      result = operand.is_fault() ? operand : mismatch;
  }
  // Out of steps, a later operand may have failed to decide.
  return steps_left_ == 0 && result.is_fault() ? too_costly : result;
}

Value Evaluation::unary(const Node& node) {
  const Value operand = value(program_.child(node, 0));
  if (operand.is_fault()) return operand;
  switch (node.op) {
    case Op::size:
      return size(operand);
    case Op::to_timestamp:
    case Op::to_duration:
      return converted(node.op, operand);
    case Op::in_network:
      return in_network(node, operand);
    default:
      break;
  }
  if (operand.type == Type::real) return Value::of(-operand.real);
  if (operand.type != Type::integer) return mismatch;
  std::int64_t negated = 0;
  if (__builtin_sub_overflow(std::int64_t{0}, operand.integer, &negated))
    return Value::of(Fault::overflow);
  return Value::of(Type::integer, negated);
}

Value Evaluation::binary(const Node& node) {
  const Value left = value(program_.child(node, 0));
  if (left.is_fault()) return left;
  const Value right = value(program_.child(node, 1));
  if (right.is_fault()) return right;
  switch (node.op) {
    case Op::equal:
    case Op::not_equal: {
      const Answer answer = equal(left, right, 0);
      if (answer == Answer::too_costly) return too_costly;
      return Value::truth((answer == Answer::yes) == (node.op == Op::equal));
    }
    case Op::in_list:
      return in_list(left, right);
    case Op::add:
    case Op::subtract:
      return sum(node.op, left, right);
    case Op::starts_with:
    case Op::ends_with:
    case Op::contains:
      return search(node.op, left, right);
    default:
      return order(node.op, left, right);
  }
}

Value Evaluation::order(Op op, const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return in_order(op, compare_numbers(left, right));
  if (left.type != right.type) return mismatch;
  if (left.type == Type::timestamp || left.type == Type::duration)
    return in_order(op, left.integer < right.integer    ? Order::less
                        : left.integer == right.integer ? Order::equal
                                                        : Order::greater);
  if (left.type != Type::text) return mismatch;
  // Bytes of UTF-8 are in the order of the code points.
  if (!spend(steps_of(left.text))) return too_costly;
  return in_order(op, order_of(left.text.compare(right.text)));
}

Value Evaluation::in_list(const Value& element, const Value& whole) {
  if (whole.type == Type::map) {
    if (element.type != Type::text) return mismatch;
    if (!spend(whole.json->members.size())) return too_costly;
    return Value::truth(whole.json->find(element.text) != nullptr);
  }
  if (whole.type != Type::list) return mismatch;
  const std::size_t size = size_of_list(whole);
  for (std::size_t i = 0; i < size; ++i) {
    const Value each = this->element(whole, i);
    if (each.is_fault()) return each;
    const Answer answer = equal(element, each, 0);
    if (answer == Answer::too_costly) return too_costly;
    if (answer == Answer::yes) return Value::truth(true);
  }
  return Value::truth(false);
}

Value Evaluation::in_attributes(const Node& node) {
  const Value name = value(program_.child(node, 0));
  if (name.is_fault()) return name;
  if (name.type != Type::text) return mismatch;
  const Attributes& map = attributes(program_.child(node, 1).source);
  std::size_t members = 1;
  for (const JsonValue* source : map.sources)
    if (source != nullptr) members += source->members.size();
  if (!spend(members)) return too_costly;
  return Value::truth(map.find(name.text) != nullptr);
}

Value Evaluation::sum(Op op, const Value& left, const Value& right) const {
  std::int64_t result = 0;
  const bool overflows = op == Op::add
                             ? __builtin_add_overflow(left.integer, right.integer, &result)
                             : __builtin_sub_overflow(left.integer, right.integer, &result);
  const bool is_duration = left.type == Type::timestamp && right.type == Type::timestamp;
  if (overflows || (!is_duration && !is_representable(result))) return Value::of(Fault::overflow);
  return Value::of(is_duration ? Type::duration : Type::timestamp, result);
}

Value Evaluation::search(Op op, const Value& text, const Value& piece) {
  if (text.type != Type::text || piece.type != Type::text) return mismatch;
  if (op == Op::contains) {
    if (!spend(steps_of(text.text) + steps_of(piece.text))) return too_costly;
    return Value::truth(holds(text.text, piece.text));
  }
  if (!spend(steps_of(piece.text))) return too_costly;
  return Value::truth(op == Op::starts_with ? text.text.starts_with(piece.text)
                                            : text.text.ends_with(piece.text));
}

Value Evaluation::size(const Value& value) {
  switch (value.type) {
    case Type::text:
      if (!spend(steps_of(value.text))) return too_costly;
      return Value::of(Type::integer, count_characters(value.text));
    case Type::list:
      return Value::of(Type::integer, static_cast<std::int64_t>(size_of_list(value)));
    case Type::map:
      return Value::of(Type::integer, static_cast<std::int64_t>(value.json->members.size()));
    default:
      return mismatch;
  }
}

Value Evaluation::converted(Op op, const Value& value) {
  if (value.type != Type::text) return mismatch;
  if (!spend(steps_of(value.text))) return too_costly;
  return op == Op::to_timestamp ? read_timestamp(value.text) : read_duration(value.text);
}

Value Evaluation::in_network(const Node& node, const Value& address) const {
  if (address.type != Type::text) return mismatch;
  const auto parsed = parse_ip_address(address.text);
  if (!parsed) return Value::of(Fault::malformed);
  return Value::truth(program_.networks[node.operand].contains(*parsed));
}

Evaluation::Answer Evaluation::equal(const Value& left, const Value& right, std::size_t depth) {
  const auto answer = [](bool is_equal) { return is_equal ? Answer::yes : Answer::no; };
  if (left.is_number() && right.is_number())
    return answer(compare_numbers(left, right) == Order::equal);
  // CEL: values of different types are different values, and that is no error.
  if (left.type != right.type) return Answer::no;
  switch (left.type) {
    case Type::boolean:
      return answer(left.boolean == right.boolean);
    case Type::text:
      if (left.text.size() != right.text.size()) return Answer::no;
      if (!spend(steps_of(left.text))) return Answer::too_costly;
      return answer(left.text == right.text);
    case Type::timestamp:
    case Type::duration:
      return answer(left.integer == right.integer);
    case Type::list:
      return equal_lists(left, right, depth);
    case Type::map:
      return equal_maps(*left.json, *right.json, depth);
    default:
      return answer(left.type == Type::null);
  }
}

Evaluation::Answer Evaluation::equal_lists(const Value& left, const Value& right,
                                           std::size_t depth) {
  const std::size_t size = size_of_list(left);
  if (size != size_of_list(right)) return Answer::no;
  if (depth > json_depth_max) return Answer::too_costly;
  for (std::size_t i = 0; i < size; ++i) {
    const Value mine = element(left, i);
    const Value other = element(right, i);
    if (mine.is_fault() || other.is_fault()) return Answer::too_costly;
    if (const Answer answer = equal(mine, other, depth + 1); answer != Answer::yes) return answer;
  }
  return Answer::yes;
}

Evaluation::Answer Evaluation::equal_maps(const JsonValue& left, const JsonValue& right,
                                          std::size_t depth) {
  if (left.members.size() != right.members.size()) return Answer::no;
  if (depth > json_depth_max) return Answer::too_costly;
  for (const JsonMember& member : left.members) {
    if (!spend(1 + right.members.size())) return Answer::too_costly;
    const JsonValue* other = right.find(member.name);
    if (other == nullptr) return Answer::no;
    const Answer answer = equal(Value::of(member.value), Value::of(*other), depth + 1);
    if (answer != Answer::yes) return answer;
  }
  return Answer::yes;
}

std::size_t Evaluation::size_of_list(const Value& list) {
  return list.is_literal ? list.list->child_count : list.json->items.size();
}

// Only for want of steps is there none: a list with an element in error has no value.
Value Evaluation::element(const Value& list, std::size_t index) {
  if (list.is_literal) return value(program_.child(*list.list, index));
  return spend(1) ? Value::of(list.json->items[index]) : too_costly;
}

}  // namespace agentauth::policy::internal
