// A compiled condition: a tree in a vector, children before their parents.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/network.h"
#include "policy/internal/value.h"

namespace agentauth::policy::internal {

enum class Op : std::uint8_t {
  constant,  // operand: index of constants
  subject_type,
  subject_id,
  action_name,
  resource_type,
  resource_id,
  now,
  attributes,  // a map as a whole; source
  attribute,   // source; operand and step_count: its steps
  list,        // its elements are the children
  has,         // the child is an attribute
  logical_not,
  logical_and,  // two or more children
  logical_or,
  negate,
  equal,
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  in_list,  // the second child is a list, or an attribute: a list or a map
  in_attributes,
  add,       // a timestamp and a duration, in either order
  subtract,  // a duration from a timestamp, or timestamps
  starts_with,
  ends_with,
  contains,
  size,
  to_timestamp,
  to_duration,
  in_network,  // operand: index of networks
};

enum class Source : std::uint8_t { subject, action, resource, context };

using NodeIndex = std::uint8_t;

struct Node {
  Op op = Op::constant;
  Type type = Type::dynamic;  // as far as it is known beforehand
  Source source = Source::context;
  bool is_constant = false;  // a literal, or a list of literals only
  NodeIndex child_count = 0;
  std::uint8_t first_child = 0;  // in Program::children
  std::uint16_t operand = 0;
  std::uint16_t step_count = 0;
  std::uint16_t begin = 0;  // where it stands in the text
  std::uint16_t end = 0;
};

// From a map to a member, or from a list to an element.
struct Step {
  std::string_view name;
  std::int64_t index = -1;  // of an element; -1: `name` counts
};

// Holds views into itself: made where it stays.
struct Program {
  explicit Program(std::string_view source) : text(source) { literals.reserve(text.size()); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string text;
  std::string literals;  // texts without their escapes, one behind the other; never grows beyond
                         // what is reserved, as no escape is shorter than what it stands for
  std::vector<Node> nodes;
  std::vector<NodeIndex> children;
  std::vector<Value> constants;
  std::vector<Step> steps;
  std::vector<Network> networks;
  NodeIndex root = 0;

  const Node& child(const Node& node, std::size_t index) const {
    return nodes[children[node.first_child + index]];
  }
  std::string_view source_of(const Node& node) const {
    return std::string_view(text).substr(node.begin, node.end - std::size_t{node.begin});
  }
};

}  // namespace agentauth::policy::internal
