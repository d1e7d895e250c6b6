// The JSON reader: what it accepts is JSON to another reader too, with the same values in it, and
// survives being written and read again.
#include <boost/json/src.hpp>
#include <charconv>
#include <set>
#include <string>

#include "base/json.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth {
namespace {

using Type = JsonValue::Type;

std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }
std::string_view view(boost::json::string_view text) { return {text.data(), text.size()}; }

// Numbers beyond int64 are reals to us; how exactly a real is read is each reader's own affair.
bool same(const JsonValue& ours, const boost::json::value& theirs) {
  switch (ours.type) {
    case Type::null:
      return theirs.is_null();
    case Type::boolean:
      return theirs.is_bool() && theirs.get_bool() == ours.boolean;
    case Type::integer:
      return theirs.is_int64() && theirs.get_int64() == ours.integer;
    case Type::real:
      return theirs.is_uint64() || theirs.is_double();
    case Type::text:
      return theirs.is_string() && view(theirs.get_string()) == ours.text;
    case Type::array: {
      if (!theirs.is_array() || theirs.get_array().size() != ours.items.size()) return false;
      auto item = theirs.get_array().begin();
      for (const JsonValue& mine : ours.items)
        if (!same(mine, *item++)) return false;
      return true;
    }
    case Type::object: {
      if (!theirs.is_object() || theirs.get_object().size() != ours.members.size()) return false;
      auto member = theirs.get_object().begin();
      for (const JsonMember& mine : ours.members) {
        if (view(member->key()) != mine.name || !same(mine.value, member->value())) return false;
        ++member;
      }
      return true;
    }
  }
  return false;
}

void write(const JsonValue& value, JsonWriter& out) {
  switch (value.type) {
    case Type::null:
      return out.null();
    case Type::boolean:
      return out.boolean(value.boolean);
    case Type::integer:
      return out.integer(value.integer);
    case Type::real: {
      char digits[64];
      const auto end = std::to_chars(digits, digits + sizeof digits, value.real).ptr;
      // "1" would be read as an integer.
      std::string text(digits, end);
      if (text.find_first_of(".e") == text.npos) text += ".0";
      return out.raw(text);
    }
    case Type::text:
      return out.text(value.text);
    case Type::array:
      out.open_array();
      for (const JsonValue& item : value.items) write(item, out);
      return out.close_array();
    case Type::object:
      out.open();
      for (const JsonMember& member : value.members) {
        out.name(member.name);
        write(member.value, out);
      }
      return out.close();
  }
}

// Levels of arrays and objects, checking on the way what is promised of them.
std::size_t depth(const JsonValue& value) {
  std::size_t deepest = 0;
  for (const JsonValue& item : value.items) deepest = std::max(deepest, depth(item));
  std::set<std::string_view> names;
  for (const JsonMember& member : value.members) {
    MUST(names.insert(member.name).second);
    MUST(value.find(member.name) == &member.value);
    deepest = std::max(deepest, depth(member.value));
  }
  MUST(value.members.size() <= json_members_max);
  return deepest + (value.type == Type::array || value.type == Type::object ? 1 : 0);
}

FUZZ(std::string_view input) {
  // Whatever the bytes are, as a text they can be written, and what was written can be read.
  std::string text;
  append_json_text(input, text);
  const auto written = parse_json(text);
  MUST(written && written->type == Type::text);

  const auto value = parse_json(input);
  if (!value) {
    MUST(value.error().code == Errc::malformed_request);
    return;
  }
  MUST(depth(*value) <= json_depth_max);

  boost::json::error_code ec;
  boost::json::parse_options options;
  options.max_depth = json_depth_max;
  const auto other =
      boost::json::parse(boost::json::string_view(input.data(), input.size()), ec, {}, options);
  // Which numbers are too small or too large for a double is left to the reader.
  if (ec == boost::json::error::exponent_overflow) return;
  MUST(!ec);
  MUST(same(*value, other));

  std::string once;
  JsonWriter first(once);
  write(*value, first);
  const auto again = parse_json(once);  // from here on the views of `value` are stale
  MUST(again);
  MUST(same(*again, other));
  std::string twice;
  JsonWriter second(twice);
  write(*again, second);
  MUST(once == twice);
}

}  // namespace
}  // namespace agentauth
