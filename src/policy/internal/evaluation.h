// One condition over one set of facts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/condition.h"
#include "policy/facts.h"
#include "policy/internal/program.h"

namespace agentauth::policy::internal {

// Both live longer. Recursive, and bounded: by the nodes of the program, and by the depth of JSON.
class Evaluation {
 public:
  Evaluation(const Program& program, const Facts& facts) : program_(program), facts_(facts) {}

  Outcome outcome();
  Value value(const Node& node);
  // That it has taken.
  std::uint32_t steps() const { return condition_steps_max - steps_left_; }

 private:
  // A comparison's result: true, false, or not to be had within the steps.
  enum class Answer : std::uint8_t { no, yes, too_costly };

  // Pays for so many steps; false when there are not as many left. Then nothing is evaluated any
  // more, so no operator absorbs that error.
  bool spend(std::size_t steps) {
    if (steps > steps_left_) return exhaust();
    steps_left_ -= static_cast<std::uint32_t>(steps);
    return true;
  }
  bool exhaust() {
    steps_left_ = 0;
    return false;
  }
  static std::size_t steps_of(std::string_view text) { return 1 + text.size() / 16; }

  Value field(Op op) const;
  const Attributes& attributes(Source source) const;
  Value attribute(const Node& node);
  Value list(const Node& node);
  Value has(const Node& node);
  Value logical_not(const Node& node);
  Value logical(const Node& node, bool decisive);
  Value negate(const Node& node);

  // Of one or two children, which are evaluated first.
  Value unary(const Node& node);
  Value binary(const Node& node);
  Value equality(const Node& node, const Value& left, const Value& right);
  Value order(Op op, const Value& left, const Value& right);
  Value in_list(const Value& element, const Value& whole);
  Value in_attributes(const Node& node);
  Value sum(Op op, const Value& left, const Value& right) const;
  Value search(Op op, const Value& text, const Value& piece);
  Value size(const Value& value);
  Value converted(Op op, const Value& value);
  Value in_network(const Node& node, const Value& address) const;

  Answer equal(const Value& left, const Value& right, std::size_t depth);
  Answer equal_lists(const Value& left, const Value& right, std::size_t depth);
  Answer equal_maps(const JsonValue& left, const JsonValue& right, std::size_t depth);
  static std::size_t size_of_list(const Value& list);
  Value element(const Value& list, std::size_t index);

  const Program& program_;
  const Facts& facts_;
  std::uint32_t steps_left_ = condition_steps_max;
};

}  // namespace agentauth::policy::internal
