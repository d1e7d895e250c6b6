#include "policy/internal/explanation.h"

#include "policy/internal/evaluation.h"

namespace agentauth::policy::internal {
namespace {

// Of a condition's text.
constexpr std::size_t shown_characters_max = 64;
// Operands of an `||`, all of which kept it from being true.
constexpr std::size_t alternatives_max = 4;

class Explanation {
 public:
  Explanation(const Program& program, const Facts& facts, Values values)
      : program_(program), facts_(facts), values_(values) {}

  // Each part with all the steps there are: together they may take more than the whole was allowed.
  Value value(const Node& node) const { return Evaluation(program_, facts_).value(node); }

  std::string of(const Node& node) const {
    const Value result = value(node);
    if (result.is(true)) return {};
    if (result.is(false)) return of_false(node);
    return of_fault(node, result);
  }

 private:
  std::string shown(const Node& node) const {
    return shorten(program_.source_of(node), shown_characters_max);
  }

  std::string of_false(const Node& node) const {
    switch (node.op) {
      case Op::logical_and:
        for (std::size_t i = 0; i < node.child_count; ++i)
          if (value(program_.child(node, i)).is(false)) return of_false(program_.child(node, i));
        break;
      case Op::logical_or: {
        std::string all;
        for (std::size_t i = 0; i < node.child_count && i < alternatives_max; ++i)
          all += (i == 0 ? "" : "; ") + of_false(program_.child(node, i));
        return node.child_count > alternatives_max ? all + "; …" : all;
      }
      default:
        break;
    }
    const std::string values = operands(node);
    return shown(node) + " is false" + (values.empty() ? "" : ": " + values);
  }

  // The values that came from the facts; nothing where they are not to be shown.
  std::string operands(const Node& node) const {
    std::string values;
    if (values_ == Values::hidden || node.op == Op::has || node.op == Op::logical_not)
      return values;
    for (std::size_t i = 0; i < node.child_count; ++i) {
      const Node& child = program_.child(node, i);
      if (child.is_constant || child.op == Op::attributes || child.op == Op::list) continue;
      values += (values.empty() ? "" : " and ") + describe(value(child));
    }
    return values;
  }

  std::string of_fault(const Node& node, const Value& result) const {
    if (result.is_fault() && result.fault == Fault::too_costly)
      return shown(node) + ": takes more than " + std::to_string(condition_steps_max) + " steps";
    const bool is_logical =
        node.op == Op::logical_and || node.op == Op::logical_or || node.op == Op::logical_not;
    // Where there is no value because a part has none, the part is to be told of.
    for (std::size_t i = 0; i < node.child_count && node.op != Op::has; ++i) {
      const Node& child = program_.child(node, i);
      if (child.op == Op::attributes) continue;
      const Value operand = value(child);
      if (operand.is_fault() || (is_logical && operand.type != Type::boolean))
        return of_fault(child, operand);
    }
    return shown(node) + ": " + reason(node, result);
  }

  std::string reason(const Node& node, const Value& result) const {
    if (!result.is_fault())
      return with("neither true nor false",
                  values_ == Values::shown ? describe(result) : std::string());
    if (result.fault == Fault::absent) return "no such attribute";
    return with(fault_of(node.op, result.fault), operands(node));
  }

  static std::string with(std::string_view words, const std::string& values) {
    return std::string(words) + (values.empty() ? "" : ": " + values);
  }

  static std::string_view fault_of(Op op, Fault fault) {
    if (fault == Fault::mismatch) return "not for values of these types";
    if (fault == Fault::overflow) return "out of range";
    if (op == Op::to_timestamp) return "no time of RFC 3339";
    return op == Op::to_duration ? "no duration" : "no address";
  }

  const Program& program_;
  const Facts& facts_;
  const Values values_;
};

}  // namespace

std::string explain(const Program& program, const Facts& facts, Values values) {
  return Explanation(program, facts, values).of(program.nodes[program.root]);
}

}  // namespace agentauth::policy::internal
