// From text to tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace agentauth::policy::internal {

enum class TokenKind : std::uint8_t {
  end,
  name,
  integer,
  real,
  text,
  open_parenthesis,
  close_parenthesis,
  open_bracket,
  close_bracket,
  comma,
  dot,
  logical_not,
  logical_and,
  logical_or,
  plus,
  minus,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  equal,
  not_equal,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::uint16_t begin = 0;
  std::uint16_t end = 0;
  std::string_view value;  // of a text: without quotes and escapes
};

// "at character N: message" for the byte at `offset`.
tl::unexpected<Error> failure_at(std::string_view text, std::size_t offset,
                                 std::string_view message);
// A piece of the text in quotes, cut off when it is long.
std::string quoted(std::string_view piece);

// The last token is `end`. Texts are appended to `literals`, which has room for `text.size()`.
Result<std::vector<Token>> read_tokens(std::string_view text, std::string& literals);

}  // namespace agentauth::policy::internal
