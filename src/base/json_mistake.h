// Where a text stops being JSON, for whoever has to mend it: a second look, at what was refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentauth {

struct JsonMistake {
  enum class Kind : std::uint8_t { syntax, depth };
  Kind kind = Kind::syntax;
  // "line 3, column 14: a value was expected"; both count from 1, columns in characters. Of depth:
  // where what is too deep begins. Says nothing of what is in the text.
  std::string where = {};
};

struct SecondLook {
  std::optional<JsonMistake> mistake;  // the first one
  // Of a text without one: where the whole numbers end that fit into no 64 bits. They are right:
  // their value is that of the nearest double.
  std::vector<std::size_t> long_integer_ends = {};
};

// What is nested deeper than `depth_max` arrays and objects is not looked at.
SecondLook look_again_at_json(std::string_view text, std::size_t depth_max);

}  // namespace agentauth
