// Adds nodes to a program, and refuses what can never have a value. Types of literals, functions
// and operators are known here; attributes are looked at when the condition is evaluated.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/internal/program.h"

namespace agentauth::policy::internal {

// Bytes of the text.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Function {
  enum class Style : std::uint8_t { function, method, either };

  std::string_view name;
  Op op;
  Style style;
  std::size_t arguments;  // with the value a method is called on
};
const Function* find_function(std::string_view name);
// Why there is no such function, for those of CEL and others people try.
std::string_view missing_function(std::string_view name);

class Checker {
 public:
  explicit Checker(Program& program) : program_(program) {}

  Result<NodeIndex> constant(const Value& value, Span span);
  Result<NodeIndex> leaf(Op op, Type type, Span span);
  // Of a map's members; without steps: the map.
  Result<NodeIndex> attribute(Source source, const std::vector<Step>& steps, Span span);
  Result<NodeIndex> list(const std::vector<NodeIndex>& elements, Span span);
  Result<NodeIndex> logical(Op op, const std::vector<NodeIndex>& operands, Span span);
  Result<NodeIndex> negate(NodeIndex operand, Span span);
  // == != < <= > >= in + -; `place` is the operator's.
  Result<NodeIndex> binary(Op op, const std::vector<NodeIndex>& operands, Span span, Span place);
  Result<NodeIndex> has(NodeIndex attribute, Span span);
  Result<NodeIndex> call(const Function& function, const std::vector<NodeIndex>& arguments,
                         Span span);
  // The whole condition: true or false.
  Result<void> finish(NodeIndex root);

 private:
  Result<NodeIndex> add(const Node& node, const std::vector<NodeIndex>& children, Span span);
  Result<NodeIndex> network(const std::vector<NodeIndex>& arguments, Span span);
  Result<NodeIndex> conversion(Op op, NodeIndex argument, Span span);

  Result<void> check_equality(NodeIndex left, NodeIndex right, Span place) const;
  Result<void> check_order(NodeIndex left, NodeIndex right, Span place) const;
  Result<void> check_in(NodeIndex left, NodeIndex right, Span place) const;
  Result<Type> type_of_sum(Op op, Type left, Type right, Span place) const;
  // A map of attributes is not one: it has a value only to `in`.
  Result<void> check_value(NodeIndex operand) const;
  // dynamic, or that type.
  Result<void> check_type(NodeIndex operand, Type type, std::string_view who) const;

  const Node& node(NodeIndex index) const { return program_.nodes[index]; }
  tl::unexpected<Error> fail(std::size_t offset, std::string_view message) const;

  Program& program_;
};

}  // namespace agentauth::policy::internal
