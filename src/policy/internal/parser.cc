#include "policy/internal/parser.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/condition.h"
#include "policy/internal/checker.h"
#include "policy/internal/cursor.h"
#include "policy/internal/path.h"

namespace agentauth::policy::internal {
namespace {

std::optional<Op> relation(const Token& token, std::string_view source) {
  switch (token.kind) {
    case TokenKind::equal:
      return Op::equal;
    case TokenKind::not_equal:
      return Op::not_equal;
    case TokenKind::less:
      return Op::less;
    case TokenKind::less_or_equal:
      return Op::less_or_equal;
    case TokenKind::greater:
      return Op::greater;
    case TokenKind::greater_or_equal:
      return Op::greater_or_equal;
    case TokenKind::name:
      return source == "in" ? std::optional(Op::in_list) : std::nullopt;
    default:
      return std::nullopt;
  }
}

// Recursive descent, one function a line of the grammar in docs/guide/conditions.md. What nests is
// counted, so the recursion is bounded.
class Parser {
 public:
  Parser(Program& program, std::vector<Token> tokens)
      : cursor_(program.text, std::move(tokens)), checker_(program) {}

  Result<void> parse() {
    const NodeIndex root = TRY(parse_or());
    if (current().kind != TokenKind::end)
      return cursor_.unexpected("expected an operator or the end");
    return checker_.finish(root);
  }

 private:
  using Nodes = std::vector<NodeIndex>;

  const Token& current() const { return cursor_.current(); }
  Span span_of(const Token& token) const { return {token.begin, token.end}; }

  Result<NodeIndex> parse_or() {
    const std::size_t begin = current().begin;
    Nodes terms{TRY(parse_and())};
    while (cursor_.take(TokenKind::logical_or)) terms.push_back(TRY(parse_and()));
    if (terms.size() == 1) return terms[0];
    return checker_.logical(Op::logical_or, terms, cursor_.from(begin));
  }

  Result<NodeIndex> parse_and() {
    const std::size_t begin = current().begin;
    Nodes terms{TRY(parse_relation())};
    while (cursor_.take(TokenKind::logical_and)) terms.push_back(TRY(parse_relation()));
    if (terms.size() == 1) return terms[0];
    return checker_.logical(Op::logical_and, terms, cursor_.from(begin));
  }

  Result<NodeIndex> parse_relation() {
    const std::size_t begin = current().begin;
    NodeIndex left = TRY(parse_sum());
    while (const auto op = relation(current(), cursor_.source(current()))) {
      const Span place = span_of(current());
      cursor_.advance();
      const NodeIndex right = TRY(parse_sum());
      left = TRY(checker_.binary(*op, {left, right}, cursor_.from(begin), place));
    }
    return left;
  }

  Result<NodeIndex> parse_sum() {
    const std::size_t begin = current().begin;
    NodeIndex left = TRY(parse_unary());
    while (cursor_.is_at(TokenKind::plus) || cursor_.is_at(TokenKind::minus)) {
      const Op op = cursor_.is_at(TokenKind::plus) ? Op::add : Op::subtract;
      const Span place = span_of(current());
      cursor_.advance();
      const NodeIndex right = TRY(parse_unary());
      left = TRY(checker_.binary(op, {left, right}, cursor_.from(begin), place));
    }
    return left;
  }

  Result<NodeIndex> parse_unary() {
    const std::size_t begin = current().begin;
    const bool is_minus = cursor_.is_at(TokenKind::minus);
    if (!is_minus && !cursor_.is_at(TokenKind::logical_not)) return parse_member();
    // The smallest int is a literal, and its negative is none.
    if (is_minus &&
        (cursor_.ahead(1).kind == TokenKind::integer || cursor_.ahead(1).kind == TokenKind::real))
      return parse_member();
    TRY(cursor_.enter());
    cursor_.advance();
    const NodeIndex operand = TRY(parse_unary());
    cursor_.leave();
    return is_minus ? checker_.negate(operand, cursor_.from(begin))
                    : checker_.logical(Op::logical_not, {operand}, cursor_.from(begin));
  }

  Result<NodeIndex> parse_member() {
    const std::size_t begin = current().begin;
    NodeIndex value = TRY(parse_primary());
    for (;;) {
      if (cursor_.is_at(TokenKind::open_bracket))
        return cursor_.fail(current().begin, "only attributes have elements");
      if (!cursor_.is_at(TokenKind::dot)) return value;
      if (cursor_.ahead(1).kind != TokenKind::name ||
          cursor_.ahead(2).kind != TokenKind::open_parenthesis)
        return cursor_.fail(current().begin, "only attributes have members");
      cursor_.advance();
      value = TRY(parse_call(begin, Nodes{value}));
    }
  }

  Result<NodeIndex> parse_primary() {
    const Token& token = current();
    switch (token.kind) {
      case TokenKind::minus:
      case TokenKind::integer:
      case TokenKind::real:
        return parse_number();
      case TokenKind::text:
        cursor_.advance();
        return checker_.constant(Value::of(token.value), span_of(token));
      case TokenKind::open_parenthesis: {
        TRY(cursor_.enter());
        cursor_.advance();
        const NodeIndex inside = TRY(parse_or());
        TRY(cursor_.expect(TokenKind::close_parenthesis, ")"));
        cursor_.leave();
        return inside;
      }
      case TokenKind::open_bracket:
        return parse_list();
      case TokenKind::name:
        return parse_name();
      default:
        return cursor_.no_value();
    }
  }

  // With the minus before it.
  Result<NodeIndex> parse_number() {
    const std::size_t begin = current().begin;
    const bool is_negative = cursor_.take(TokenKind::minus);
    const Token& token = cursor_.advance();
    std::string_view digits = cursor_.source(token);
    if (token.kind == TokenKind::real) {
      double real = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), real);
      if (error != std::errc{})
        return cursor_.fail(begin, "this number is beyond what a double holds");
      return checker_.constant(Value::of(is_negative ? -real : real), cursor_.from(begin));
    }
    const bool is_hexadecimal = digits.starts_with("0x");
    if (is_hexadecimal) digits.remove_prefix(2);
    std::uint64_t magnitude = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(),
                                              magnitude, is_hexadecimal ? 16 : 10);
    const std::uint64_t most = (std::uint64_t{1} << 63) - (is_negative ? 0 : 1);
    if (error != std::errc{} || magnitude > most)
      return cursor_.fail(begin, "this number is beyond what an int holds");
    const std::uint64_t bits = is_negative ? ~magnitude + 1 : magnitude;
    return checker_.constant(Value::of(Type::integer, static_cast<std::int64_t>(bits)),
                             cursor_.from(begin));
  }

  Result<NodeIndex> parse_list() {
    const std::size_t begin = current().begin;
    TRY(cursor_.enter());
    cursor_.advance();
    const Nodes elements = TRY(parse_values(TokenKind::close_bracket, "]"));
    cursor_.leave();
    if (elements.size() > condition_list_max)
      return cursor_.fail(begin,
                          "a list has at most " + std::to_string(condition_list_max) + " elements");
    return checker_.list(elements, cursor_.from(begin));
  }

  // Behind the opening bracket, up to the closing one.
  Result<Nodes> parse_values(TokenKind close, std::string_view spelling) {
    Nodes values;
    if (cursor_.take(close)) return values;
    do values.push_back(TRY(parse_or()));
    while (cursor_.take(TokenKind::comma));
    TRY(cursor_.expect(close, spelling));
    return values;
  }

  Result<NodeIndex> parse_name() {
    const Token& token = current();
    const std::string_view name = cursor_.source(token);
    if (cursor_.ahead(1).kind == TokenKind::open_parenthesis) return parse_call(token.begin, {});
    if (name == "true" || name == "false" || name == "null") {
      cursor_.advance();
      return checker_.constant(name == "null" ? Value() : Value::truth(name == "true"),
                               span_of(token));
    }
    if (name == "now") {
      cursor_.advance();
      return checker_.leaf(Op::now, Type::timestamp, span_of(token));
    }
    if (is_root(name)) return parse_path(cursor_, checker_);
    return cursor_.fail(
        token.begin,
        quoted(name) + " is unknown: there are subject, action, resource, context, now");
  }

  // At the function's name; `arguments` holds the value that a method is called on.
  Result<NodeIndex> parse_call(std::size_t begin, Nodes arguments) {
    const Token& token = current();
    const std::string_view name = cursor_.source(token);
    const Function* function = find_function(name);
    if (function == nullptr) {
      const std::string_view why = missing_function(name);
      return cursor_.fail(token.begin,
                          why.empty() ? "there is no function " + quoted(name) : std::string(why));
    }
    const bool is_method = !arguments.empty();
    if (function->style == (is_method ? Function::Style::function : Function::Style::method))
      return cursor_.fail(token.begin, quoted(name) + " is written " +
                                           (is_method ? "f(x), not x.f()" : "x.f(y), not f(x, y)"));
    TRY(cursor_.enter());
    cursor_.advance();
    cursor_.advance();
    if (function->op == Op::has) return parse_has(begin);
    const Nodes values = TRY(parse_values(TokenKind::close_parenthesis, ")"));
    cursor_.leave();
    arguments.insert(arguments.end(), values.begin(), values.end());
    if (arguments.size() != function->arguments)
      return cursor_.fail(token.begin,
                          quoted(name) + " takes " +
                              std::to_string(function->arguments - (is_method ? 1 : 0)) +
                              " argument(s)");
    return checker_.call(*function, arguments, cursor_.from(begin));
  }

  Result<NodeIndex> parse_has(std::size_t begin) {
    if (!cursor_.is_at(TokenKind::name) || !is_root(cursor_.source(current())))
      return cursor_.fail(current().begin, "has() takes an attribute, as in has(context.name)");
    const NodeIndex attribute = TRY(parse_path(cursor_, checker_));
    TRY(cursor_.expect(TokenKind::close_parenthesis, ")"));
    cursor_.leave();
    return checker_.has(attribute, cursor_.from(begin));
  }

  Cursor cursor_;
  Checker checker_;
};

}  // namespace

Result<std::shared_ptr<const Program>> compile_program(std::string_view text) {
  if (text.size() > condition_bytes_max)
    return failure(Errc::invalid_argument,
                   "a condition has at most " + std::to_string(condition_bytes_max) + " bytes");
  auto program = std::make_shared<Program>(text);
  auto tokens = TRY(read_tokens(program->text, program->literals));
  TRY(Parser(*program, std::move(tokens)).parse());
  return std::shared_ptr<const Program>(std::move(program));
}

}  // namespace agentauth::policy::internal
