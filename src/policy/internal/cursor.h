// A place among the tokens of a condition: looking ahead, taking, and saying what is wrong there.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/condition.h"
#include "policy/internal/checker.h"
#include "policy/internal/lexer.h"

namespace agentauth::policy::internal {

class Cursor {
 public:
  Cursor(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[next_]; }
  const Token& ahead(std::size_t count) const {
    return tokens_[std::min(next_ + count, tokens_.size() - 1)];
  }
  std::string_view source(const Token& token) const {
    return text_.substr(token.begin, token.end - std::size_t{token.begin});
  }
  bool is_at(TokenKind kind) const { return current().kind == kind; }
  // The end stays where it is.
  const Token& advance() { return is_at(TokenKind::end) ? current() : tokens_[next_++]; }
  bool take(TokenKind kind) {
    const bool found = is_at(kind);
    if (found) advance();
    return found;
  }
  // From there to the token taken last.
  Span from(std::size_t begin) const {
    return {begin, next_ == 0 ? begin : tokens_[next_ - 1].end};
  }

  tl::unexpected<Error> fail(std::size_t offset, std::string_view message) const {
    return failure_at(text_, offset, message);
  }
  // What was expected, and what there is instead; a string's text is not repeated.
  tl::unexpected<Error> unexpected(std::string expected) const {
    if (is_at(TokenKind::text))
      expected += ", not a string";
    else if (!is_at(TokenKind::end))
      expected += ", not " + quoted(source(current()));
    return fail(current().begin, expected);
  }
  tl::unexpected<Error> no_value() const {
    const bool is_first = next_ == 0;
    return fail(current().begin,
                is_first ? "expected a value"
                         : "expected a value after " + quoted(source(tokens_[next_ - 1])));
  }
  Result<void> expect(TokenKind kind, std::string_view spelling) {
    if (take(kind)) return {};
    return unexpected("expected " + quoted(spelling));
  }

  // How deep in brackets and prefix operators.
  Result<void> enter() {
    if (depth_ == condition_depth_max)
      return fail(current().begin,
                  "nested more than " + std::to_string(condition_depth_max) + " levels deep");
    ++depth_;
    return {};
  }
  void leave() { --depth_; }

 private:
  std::string_view text_;
  const std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace agentauth::policy::internal
