// What expressions evaluate to: views into the facts and into the program.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace agentauth::policy::internal {

enum class Type : std::uint8_t {
  dynamic,  // of attributes, before they are looked at; no value has it
  null,
  boolean,
  integer,
  real,
  text,
  list,
  map,
  timestamp,
  duration,
  fault,  // there is no value; no expression is of this type
};

enum class Fault : std::uint8_t {
  absent,      // no such attribute
  mismatch,    // a value of a type the operator does not take
  malformed,   // a text that is no time, duration or address
  overflow,    // outside what the type can hold
  too_costly,  // condition_steps_max
};

struct Node;

// 24 bytes, copied freely.
struct Value {
  Type type = Type::null;
  Fault fault = Fault::absent;  // of Type::fault
  bool is_literal = false;      // of Type::list: `list` counts, not `json`
  union {
    bool boolean;
    std::int64_t integer;  // of timestamps and durations: milliseconds
    double real;
    std::string_view text;
    const JsonValue* json;
    const Node* list;
  };

  Value() : integer(0) {}

  static Value of(Fault fault) {
    Value value;
    value.type = Type::fault;
    value.fault = fault;
    return value;
  }
  static Value truth(bool boolean) {
    Value value;
    value.type = Type::boolean;
    value.boolean = boolean;
    return value;
  }
  static Value of(double real) {
    Value value;
    value.type = Type::real;
    value.real = real;
    return value;
  }
  static Value of(std::string_view text) {
    Value value;
    value.type = Type::text;
    value.text = text;
    return value;
  }
  static Value of(Type type, std::int64_t integer) {
    Value value;
    value.type = type;
    value.integer = integer;
    return value;
  }
  static Value of(const JsonValue& json);
  static Value of(const Node& list) {
    Value value;
    value.type = Type::list;
    value.is_literal = true;
    value.list = &list;
    return value;
  }

  bool is_fault() const { return type == Type::fault; }
  bool is_number() const { return type == Type::integer || type == Type::real; }
  bool is(bool expected) const { return type == Type::boolean && boolean == expected; }
};

// Less than, equal to or greater than zero, by the numbers themselves: no int is rounded to a
// double first. `unordered` with a NaN.
enum class Order : std::uint8_t { less, equal, greater, unordered };
Order compare_numbers(const Value& left, const Value& right);

// Of code points, in UTF-8.
std::int64_t count_characters(std::string_view text);

// RFC 3339; a malformed fault otherwise.
Value read_timestamp(std::string_view text);
// As CEL and Go write them: "1h30m", "-1.5s", "250ms". Fractions of milliseconds are refused as
// malformed: no time here is that fine.
Value read_duration(std::string_view text);

// Whether a timestamp of so many milliseconds is in the years 0000 to 9999.
bool is_representable(std::int64_t milliseconds);

// As JSON or, of times, as people write them; at most explained_characters_max characters.
std::string describe(const Value& value);
// The beginning of `text` with … for what was cut off.
std::string shorten(std::string_view text, std::size_t characters);

}  // namespace agentauth::policy::internal
