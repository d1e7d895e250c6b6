#include "base/json_text.h"

#include <charconv>

namespace agentauth {
namespace {

void write(const JsonValue& value, JsonWriter& out) {
  switch (value.type) {
    case JsonValue::Type::null:
      return out.null();
    case JsonValue::Type::boolean:
      return out.boolean(value.boolean);
    case JsonValue::Type::integer:
      return out.integer(value.integer);
    case JsonValue::Type::real: {
      std::string real;
      append_real(value.real, real);
      return out.raw(real);
    }
    case JsonValue::Type::text:
      return out.text(value.text);
    case JsonValue::Type::array:
      out.open_array();
      for (const JsonValue& item : value.items) write(item, out);
      return out.close_array();
    case JsonValue::Type::object:
      out.open();
      for (const JsonMember& member : value.members) {
        out.name(member.name);
        write(member.value, out);
      }
      return out.close();
  }
}

}  // namespace

void append_real(double real, std::string& out) {
  char digits[32];
  const char* end = std::to_chars(digits, digits + sizeof digits, real).ptr;
  const std::string_view text(digits, static_cast<std::size_t>(end - digits));
  out += text;
  if (text.find_first_of(".en") == text.npos) out += ".0";  // n: nan, inf
}

void append_json(const JsonValue& value, std::string& out) {
  JsonWriter writer(out);
  write(value, writer);
}

}  // namespace agentauth
