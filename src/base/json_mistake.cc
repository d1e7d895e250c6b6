#include "base/json_mistake.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/encoding.h"

namespace agentauth {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// By the grammar of RFC 8259. A method that returns false has set `what` and stands where it is.
class Look {
 public:
  Look(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

  // Whether all of it is one value.
  bool look() {
    if (!value()) return false;
    blanks();
    return at_ == text_.size() || wrong("nothing more was expected");
  }
  std::vector<std::size_t> take_long_integer_ends() { return std::move(long_integer_ends_); }
  JsonMistake mistake() const {
    if (is_too_deep_) return {JsonMistake::Kind::depth, place()};
    return {JsonMistake::Kind::syntax, place() + ": " + std::string(what_)};
  }

 private:
  std::string place() const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::string_view last = before.substr(before.rfind('\n') + 1);
    const auto column =
        std::count_if(last.begin(), last.end(),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }) +
        1;
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
  }
  bool wrong(std::string_view what) {
    what_ = what;
    return false;
  }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void blanks() {
    while (next() == ' ' || next() == '\t' || next() == '\n' || next() == '\r') ++at_;
  }

  bool value() {
    blanks();
    switch (next()) {
      case '{':
        return nested('}', [&] { return member(); });
      case '[':
        return nested(']', [&] { return value(); });
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }
  template <class Entry>
  bool nested(char end, Entry entry) {
    if (depth_ == depth_max_) return is_too_deep_ = true, false;
    ++depth_;
    ++at_;
    blanks();
    if (!take(end)) {
      do {
        if (!entry()) return false;
        blanks();
      } while (take(','));
      if (!take(end))
        return wrong(end == '}' ? "a comma or } was expected" : "a comma or ] was expected");
    }
    --depth_;
    return true;
  }
  bool member() {
    blanks();
    if (next() != '"') return wrong("a name in double quotes was expected");
    if (!string()) return false;
    blanks();
    return take(':') ? value() : wrong("a colon was expected");
  }
  bool word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return wrong("a value was expected");
    at_ += word.size();
    return true;
  }

  bool string() {
    ++at_;
    while (!take('"')) {
      if (at_ == text_.size()) return wrong("the text ends within a string");
      if (static_cast<unsigned char>(next()) < 0x20)
        return wrong("a string holds a control character, which must be escaped");
      if (next() == '\\') {
        if (!escape()) return false;
        continue;
      }
      const std::size_t length = utf8_length(text_.substr(at_));
      if (length == 0) return wrong("this is not UTF-8");
      at_ += length;
    }
    return true;
  }
  bool escape() {
    static constexpr std::string_view known = "\"\\/bfnrt";
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == 'u') return escaped_unit();
    if (c == '\0' || known.find(c) == known.npos) return wrong("there is no such escape");
    at_ += 2;
    return true;
  }
  // A pair of them when it is the first half of one (RFC 8259 section 7).
  bool escaped_unit() {
    const unsigned first = unit_at(at_);
    if (first > 0xFFFF || (first >= 0xDC00 && first <= 0xDFFF))
      return wrong("there is no such escape");
    const bool is_half = first >= 0xD800 && first <= 0xDBFF;
    if (is_half) {
      const unsigned second = unit_at(at_ + 6);
      if (second < 0xDC00 || second > 0xDFFF) return wrong("there is no such escape");
    }
    at_ += is_half ? 12 : 6;
    return true;
  }
  // Of the \uXXXX there; more than any when there is none.
  unsigned unit_at(std::size_t at) const {
    const std::string_view escaped = text_.substr(std::min(at, text_.size()), 6);
    unsigned unit = 0x10000;
    if (escaped.size() < 6 || !escaped.starts_with("\\u") ||
        !std::all_of(escaped.begin() + 2, escaped.end(), is_hex))
      return unit;
    std::from_chars(escaped.data() + 2, escaped.data() + 6, unit, 16);
    return unit;
  }

  bool number() {
    const std::size_t begin = at_;
    take('-');
    if (!is_digit(next())) return at_ = begin, wrong("a value was expected");
    if (!take('0')) digits();
    if (take('.') && !digits()) return wrong("a digit was expected");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return wrong("a digit was expected");
    }
    const std::string_view all = text_.substr(begin, at_ - begin);
    if (!looks_large(all)) return true;
    if (is_long_integer(all)) long_integer_ends_.push_back(at_);
    return fits(all) || (at_ = begin, wrong("the number is too large"));
  }
  bool digits() {
    const std::size_t begin = at_;
    while (is_digit(next())) ++at_;
    return at_ > begin;
  }
  // Only what looks large is asked about: a text may hold many numbers.
  static bool looks_large(std::string_view number) {
    static constexpr std::size_t short_max = 15;
    return number.size() > short_max || number.find_first_of("eE") != number.npos;
  }
  template <class T>
  static bool reads_as(std::string_view number) {
    T value{};
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    return read.ec == std::errc();
  }
  static bool is_long_integer(std::string_view number) {
    return number.find_first_of(".eE") == number.npos && !reads_as<std::int64_t>(number) &&
           !reads_as<std::uint64_t>(number);
  }
  // Too small is zero; whether it is that or too large, the sign of its exponent says.
  static bool fits(std::string_view number) {
    return reads_as<double>(number) || number.find("e-") != number.npos ||
           number.find("E-") != number.npos;
  }

  const std::string_view text_;
  const std::size_t depth_max_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string_view what_;
  std::vector<std::size_t> long_integer_ends_;
  bool is_too_deep_ = false;
};

}  // namespace

SecondLook look_again_at_json(std::string_view text, std::size_t depth_max) {
  Look look(text, depth_max);
  if (!look.look()) return {look.mistake()};
  return {std::nullopt, look.take_long_integer_ends()};
}

}  // namespace agentauth
