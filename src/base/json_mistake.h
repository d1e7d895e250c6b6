// Where a text stops being JSON, for whoever has to mend it: a second look, at what was refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace agentauth {

struct JsonMistake {
  enum class Kind : std::uint8_t { none, syntax, depth };
  Kind kind = Kind::none;
  // "line 3, column 14: a value was expected"; both count from 1, columns in characters. Of depth:
  // where what is too deep begins. Says nothing of what is in the text.
  std::string where = {};
  // Where the whole numbers end that fit into no 64 bits. They are no mistake: their value is that
  // of the nearest double.
  std::vector<std::size_t> long_integer_ends = {};
};

// The first one. What is nested deeper than `depth_max` arrays and objects is not looked at.
JsonMistake find_json_mistake(std::string_view text, std::size_t depth_max);

}  // namespace agentauth
