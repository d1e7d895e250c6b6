#include "policy/internal/lexer.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "policy/internal/value.h"

namespace agentauth::policy::internal {
namespace {

constexpr std::size_t quoted_characters_max = 24;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::uint32_t point, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      put(0xE0 | (point >> 12));
    } else {
      put(0xF0 | (point >> 18));
      put(0x80 | ((point >> 12) & 0x3F));
    }
    put(0x80 | ((point >> 6) & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

struct Spelling {
  std::string_view text;
  TokenKind kind;
};
// Longer ones before their beginnings.
constexpr Spelling spellings[] = {
    {"&&", TokenKind::logical_and},
    {"||", TokenKind::logical_or},
    {"==", TokenKind::equal},
    {"!=", TokenKind::not_equal},
    {"<=", TokenKind::less_or_equal},
    {">=", TokenKind::greater_or_equal},
    {"<", TokenKind::less},
    {">", TokenKind::greater},
    {"!", TokenKind::logical_not},
    {"(", TokenKind::open_parenthesis},
    {")", TokenKind::close_parenthesis},
    {"[", TokenKind::open_bracket},
    {"]", TokenKind::close_bracket},
    {",", TokenKind::comma},
    {".", TokenKind::dot},
    {"+", TokenKind::plus},
    {"-", TokenKind::minus},
};

constexpr std::string_view no_arithmetic =
    "there is no arithmetic but '+' and '-' of timestamps and durations";

// What CEL has, or people try, and we do not.
std::string_view refusal(char c) {
  switch (c) {
    case '=':
      return "'=' is no operator: '==' compares";
    case '&':
      return "'&' is no operator: '&&' is";
    case '|':
      return "'|' is no operator: '||' is";
    case '*':
    case '/':
    case '%':
      return no_arithmetic;
    case '?':
    case ':':
      return "there is no '?:'";
    case '{':
    case '}':
      return "there are no literals of maps";
    default:
      return "a character that means nothing here";
  }
}

class Lexer {
 public:
  Lexer(std::string_view text, std::string& literals) : text_(text), literals_(literals) {}

  Result<std::vector<Token>> read() {
    for (skip_blanks(); position_ < text_.size(); skip_blanks()) TRY(read_token());
    add(TokenKind::end, position_);
    return std::move(tokens_);
  }

 private:
  char at(std::size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }
  tl::unexpected<Error> fail(std::size_t offset, std::string_view message) const {
    return failure_at(text_, offset, message);
  }
  void skip_blanks() {
    while (position_ < text_.size() && is_blank(text_[position_])) ++position_;
  }
  void add(TokenKind kind, std::size_t end, std::string_view value = {}) {
    tokens_.push_back(
        {kind, static_cast<std::uint16_t>(position_), static_cast<std::uint16_t>(end), value});
    position_ = end;
  }

  Result<void> read_token() {
    const char c = text_[position_];
    if (is_letter(c)) return read_name();
    if (is_digit(c) || (c == '.' && is_digit(at(position_ + 1)) && !follows_a_value()))
      return read_number();
    if (c == '"' || c == '\'') return read_text();
    const std::string_view rest = text_.substr(position_);
    for (const Spelling& spelling : spellings)
      if (rest.starts_with(spelling.text)) {
        add(spelling.kind, position_ + spelling.text.size());
        return {};
      }
    return fail(position_, refusal(c));
  }

  // `context.5` is a slip, not `context` and a number.
  bool follows_a_value() const {
    return !tokens_.empty() && tokens_.back().end == position_ &&
           (tokens_.back().kind == TokenKind::name ||
            tokens_.back().kind == TokenKind::close_bracket);
  }

  Result<void> read_name() {
    std::size_t end = position_;
    while (is_letter(at(end)) || is_digit(at(end))) ++end;
    // r"…" and b"…" of CEL.
    const std::string_view name = text_.substr(position_, end - position_);
    if ((at(end) == '"' || at(end) == '\'') && name.find_first_not_of("rRbB") == name.npos)
      return fail(position_, "there are no raw texts and no bytes");
    add(TokenKind::name, end);
    return {};
  }

  Result<void> read_number() {
    std::size_t end = position_;
    TokenKind kind = TokenKind::integer;
    if (text_[end] == '0' && at(end + 1) == 'x') {
      end += 2;
      while (hex_digit(at(end)) >= 0) ++end;
      if (end == position_ + 2) return fail(position_, "a number needs digits behind 0x");
    } else {
      const auto digits = [&] {
        const std::size_t begin = end;
        while (is_digit(at(end))) ++end;
        return end > begin;
      };
      digits();
      if (at(end) == '.' && is_digit(at(end + 1))) {
        kind = TokenKind::real;
        ++end;
        digits();
      }
      if (at(end) == 'e' || at(end) == 'E') {
        kind = TokenKind::real;
        ++end;
        if (at(end) == '+' || at(end) == '-') ++end;
        if (!digits()) return fail(position_, "an exponent needs digits");
      }
    }
    if (is_letter(at(end)) || is_digit(at(end)))
      return fail(position_, "a number ends in digits, without a suffix");
    add(kind, end);
    return {};
  }

  Result<void> read_text() {
    const char quote = text_[position_];
    const std::size_t begin = literals_.size();
    std::size_t next = position_ + 1;
    while (at(next) != quote) {
      if (next >= text_.size() || text_[next] == '\n' || text_[next] == '\r')
        return fail(position_, "the text has no end");
      if (text_[next] == '\\') {
        next = TRY(read_escape(next));
      } else {
        literals_ += text_[next++];
      }
    }
    add(TokenKind::text, next + 1, std::string_view(literals_).substr(begin));
    return {};
  }

  // Of the `count` digits behind `offset`; nothing when there are fewer.
  std::optional<std::uint32_t> digits(std::size_t offset, std::size_t count, int base) const {
    std::uint32_t number = 0;
    for (std::size_t i = offset; i < offset + count; ++i) {
      const int digit = hex_digit(at(i));
      if (digit < 0 || digit >= base) return std::nullopt;
      number = number * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
    }
    return number;
  }

  // Appends what the escape at `offset` stands for; where it ends.
  Result<std::size_t> read_escape(std::size_t offset) {
    static constexpr std::string_view from = "abfnrtv\\?\"'`";
    static constexpr std::string_view to = "\a\b\f\n\r\t\v\\?\"'`";
    const char letter = at(offset + 1);
    if (const auto plain = from.find(letter); plain != std::string_view::npos) {
      literals_ += to[plain];
      return offset + 2;
    }
    std::size_t begin = offset + 2;
    std::size_t count = 0;
    int base = 16;
    if (letter == 'x' || letter == 'X') count = 2;
    if (letter == 'u') count = 4;
    if (letter == 'U') count = 8;
    if (letter >= '0' && letter <= '3') begin = offset + 1, count = 3, base = 8;
    const auto point = count == 0 ? std::nullopt : digits(begin, count, base);
    if (!point || *point > 0x10FFFF || (*point >= 0xD800 && *point <= 0xDFFF))
      return fail(offset, "an escape that does not stand for a character");
    append_utf8(*point, literals_);
    return begin + count;
  }

  std::string_view text_;
  std::string& literals_;
  std::size_t position_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

tl::unexpected<Error> failure_at(std::string_view text, std::size_t offset,
                                 std::string_view message) {
  const auto character = count_characters(text.substr(0, std::min(offset, text.size()))) + 1;
  return failure(Errc::invalid_argument,
                 "at character " + std::to_string(character) + ": " + std::string(message));
}

std::string quoted(std::string_view piece) {
  std::string out = "'";
  // Names and operators; texts have no business in a message.
  for (const char c : shorten(piece, quoted_characters_max))
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out += '\'';
}

Result<std::vector<Token>> read_tokens(std::string_view text, std::string& literals) {
  std::size_t valid = 0;
  while (valid < text.size()) {
    const std::size_t length = utf8_length(text.substr(valid));
    if (length == 0) return failure_at(text, valid, "this is not UTF-8");
    valid += length;
  }
  return Lexer(text, literals).read();
}

}  // namespace agentauth::policy::internal
