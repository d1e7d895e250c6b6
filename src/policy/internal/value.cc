#include "policy/internal/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/encoding.h"
#include "base/json_text.h"
#include "policy/condition.h"

namespace agentauth::policy::internal {
namespace {

template <class T>
Order order(T left, T right) {
  if (left < right) return Order::less;
  if (left > right) return Order::greater;
  return left == right ? Order::equal : Order::unordered;
}

Order reversed(Order order) {
  if (order == Order::less) return Order::greater;
  if (order == Order::greater) return Order::less;
  return order;
}

Order compare(std::int64_t left, double right) {
  if (std::isnan(right)) return Order::unordered;
  // Two doubles that no int reaches, and every double between them has an int as its whole part.
  if (right >= 0x1p63) return Order::less;
  if (right < -0x1p63) return Order::greater;
  const double whole = std::trunc(right);
  const Order by_whole = order(left, static_cast<std::int64_t>(whole));
  return by_whole == Order::equal ? order(whole, right) : by_whole;
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// "ms" before "m", so that the longer one is found first.
constexpr Unit units[] = {
    {"ns", 1},         {"us", 1000},         {"\xC2\xB5s", 1000},   {"\xCE\xBCs", 1000},
    {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000},
};
constexpr std::int64_t nanoseconds_in_millisecond = 1'000'000;

// The digits at the front of `text`, taken off it; nothing when their value is beyond int64.
std::optional<std::int64_t> take_digits(std::string_view& text) {
  std::int64_t number = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (__builtin_mul_overflow(number, 10, &number) ||
        __builtin_add_overflow(number, text[0] - '0', &number))
      return std::nullopt;
    text.remove_prefix(1);
  }
  return number;
}

// A number and its unit, as nanoseconds; a fraction has to come out whole.
std::optional<std::int64_t> take_part(std::string_view& text) {
  const std::size_t before = text.size();
  const auto whole = take_digits(text);
  if (!whole) return std::nullopt;
  std::size_t digits = before - text.size();
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t length = std::min(text.find_first_not_of("0123456789"), text.size());
    fraction = text.substr(0, length);
    text.remove_prefix(length);
    digits += length;
  }
  if (digits == 0) return std::nullopt;
  const auto* unit = std::find_if(std::begin(units), std::end(units),
                                  [&](const Unit& each) { return text.starts_with(each.name); });
  if (unit == std::end(units)) return std::nullopt;
  text.remove_prefix(unit->name.size());

  std::int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(*whole, unit->nanoseconds, &nanoseconds)) return std::nullopt;
  std::int64_t place = unit->nanoseconds;
  for (const char digit : fraction) {
    if (digit != '0' && (place == 0 || place % 10 != 0)) return std::nullopt;
    place /= 10;
    if (__builtin_add_overflow(nanoseconds, place * (digit - '0'), &nanoseconds))
      return std::nullopt;
  }
  return nanoseconds;
}

std::string describe_duration(std::int64_t milliseconds) {
  // From the whole: a negative one may be the smallest there is.
  const std::int64_t seconds = milliseconds / 1000;
  const std::int64_t rest = std::abs(milliseconds % 1000);
  std::string out = milliseconds < 0 && seconds == 0 ? "-0" : std::to_string(seconds);
  if (rest != 0) out += '.' + std::to_string(1000 + rest).substr(1);
  return out + 's';
}

}  // namespace

Value Value::of(const JsonValue& json) {
  switch (json.type) {
    case JsonValue::Type::null:
      return {};
    case JsonValue::Type::boolean:
      return truth(json.boolean);
    case JsonValue::Type::integer:
      return of(Type::integer, json.integer);
    case JsonValue::Type::real:
      return of(json.real);
    case JsonValue::Type::text:
      return of(json.text);
    case JsonValue::Type::array:
    case JsonValue::Type::object: {
      Value value;
      value.type = json.type == JsonValue::Type::array ? Type::list : Type::map;
      value.json = &json;
      return value;
    }
  }
  return {};
}

Order compare_numbers(const Value& left, const Value& right) {
  if (left.type == Type::integer)
    return right.type == Type::integer ? order(left.integer, right.integer)
                                       : compare(left.integer, right.real);
  return right.type == Type::real ? order(left.real, right.real)
                                  : reversed(compare(right.integer, left.real));
}

std::int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

Value read_timestamp(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? Value::of(Type::timestamp, time->time_since_epoch().count())
              : Value::of(Fault::malformed);
}

Value read_duration(std::string_view text) {
  const Value malformed = Value::of(Fault::malformed);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Value::of(Type::duration, 0);
  if (text.empty()) return malformed;
  std::int64_t sum = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part || __builtin_add_overflow(sum, *part, &sum)) return malformed;
  }
  if (sum % nanoseconds_in_millisecond != 0) return malformed;
  const std::int64_t milliseconds = sum / nanoseconds_in_millisecond;
  return Value::of(Type::duration, is_negative ? -milliseconds : milliseconds);
}

bool is_representable(std::int64_t milliseconds) {
  using namespace std::chrono_literals;
  using std::chrono::January, std::chrono::sys_days;
  const Timestamp time{std::chrono::milliseconds{milliseconds}};
  return time >= sys_days{0y / January / 1} && time < sys_days{10'000y / January / 1};
}

std::string describe(const Value& value) {
  std::string out;
  switch (value.type) {
    case Type::null:
      return "null";
    case Type::boolean:
      return value.boolean ? "true" : "false";
    case Type::integer:
      return std::to_string(value.integer);
    case Type::real:
      append_real(value.real, out);
      return out;
    case Type::text:
      // Cut before it is escaped: what stands for a character is never cut in two.
      append_json_text(shorten(value.text, explained_characters_max), out);
      return out;
    case Type::list:
    case Type::map:
      if (value.type == Type::list && value.is_literal) return "a list";
      append_json(*value.json, out);
      return shorten(out, explained_characters_max);
    case Type::timestamp:
      return is_representable(value.integer)
                 ? format_rfc3339(Timestamp{std::chrono::milliseconds{value.integer}})
                 : "a time out of range";
    case Type::duration:
      return describe_duration(value.integer);
    case Type::dynamic:
    case Type::fault:
      break;
  }
  return "nothing";
}

std::string shorten(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  for (; end < text.size() && characters > 0; --characters)
    end += std::max<std::size_t>(utf8_length(text.substr(end)), 1);
  std::string out(text.substr(0, end));
  if (end < text.size()) out += "\xE2\x80\xA6";
  return out;
}

}  // namespace agentauth::policy::internal
