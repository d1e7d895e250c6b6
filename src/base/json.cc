#include "base/json.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "base/encoding.h"

namespace agentauth {
namespace {

bool has_member(const std::vector<JsonMember>& members, std::string_view name) {
  return std::any_of(members.begin(), members.end(),
                     [&](const JsonMember& member) { return member.name == name; });
}

// simdjson bounds the depth while it parses, so this recursion is bounded too.
bool convert(simdjson::dom::element element, JsonValue& value) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::NULL_VALUE:
      value.type = JsonValue::Type::null;
      return true;
    case element_type::BOOL:
      value.type = JsonValue::Type::boolean;
      value.boolean = bool(element);
      return true;
    case element_type::INT64:
      value.type = JsonValue::Type::integer;
      value.integer = int64_t(element);
      return true;
    case element_type::UINT64:
    case element_type::DOUBLE:
      value.type = JsonValue::Type::real;
      value.real = double(element);
      return true;
    case element_type::STRING:
      value.type = JsonValue::Type::text;
      value.text = std::string_view(element);
      return true;
    case element_type::ARRAY:
      value.type = JsonValue::Type::array;
      for (const auto item : simdjson::dom::array(element))
        if (!convert(item, value.items.emplace_back())) return false;
      return true;
    case element_type::OBJECT:
      value.type = JsonValue::Type::object;
      for (const auto member : simdjson::dom::object(element)) {
        if (value.members.size() == json_members_max || has_member(value.members, member.key))
          return false;
        if (!convert(member.value, value.members.emplace_back(JsonMember{member.key, {}}).value))
          return false;
      }
      return true;
  }
  return false;
}

bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F &&
         c != '"' && c != '\\';
}

// The same of eight at once: a byte that is not plain sets its highest bit in one of the terms.
bool is_all_plain(const char* eight) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t word;
  std::memcpy(&word, eight, sizeof word);
  const std::uint64_t marks = word | (word + ones) | (word - 0x20 * ones) |
                              ((word ^ '"' * ones) - ones) | ((word ^ '\\' * ones) - ones);
  return (marks & 0x80 * ones) == 0;
}

void append_escaped(char c, std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const JsonMember& member : members)
    if (member.name == name) return &member.value;
  return nullptr;
}

Result<JsonValue> parse_json(std::string_view text) {
  // simdjson copies before it looks, and an empty view may hold no address to copy from.
  if (text.empty()) return failure(Errc::malformed_request, "The body is not valid JSON", "empty");
  // One parser a thread: it keeps its buffers, so a warm parse allocates nothing.
  thread_local simdjson::dom::parser parser;
  thread_local bool prepared = parser.allocate(4096, json_depth_max) == simdjson::SUCCESS;
  if (!prepared) return failure(Errc::internal, "Out of memory");
  simdjson::dom::element element;
  // simdjson grows its buffers with its own default depth; ask for ours first.
  if (text.size() > parser.capacity() &&
      parser.allocate(text.size(), json_depth_max) != simdjson::SUCCESS)
    return failure(Errc::internal, "Out of memory");
  if (const auto error = parser.parse(text.data(), text.size(), true).get(element))
    return failure(Errc::malformed_request, "The body is not valid JSON",
                   simdjson::error_message(error));
  JsonValue value;
  if (!convert(element, value))
    return failure(Errc::malformed_request,
                   "The JSON holds a member name twice, or too many members");
  return value;
}

void append_json_text(std::string_view value, std::string& out) {
  out += '"';
  while (!value.empty()) {
    std::size_t plain = 0;
    while (plain + 8 <= value.size() && is_all_plain(value.data() + plain)) plain += 8;
    while (plain < value.size() && is_plain(value[plain])) ++plain;
    out.append(value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) break;
    const std::size_t length = utf8_length(value);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length == 1) {
      append_escaped(value[0], out);
    } else {
      out.append(value.substr(0, length));
    }
    value.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

void JsonWriter::name(std::string_view name) {
  punctuate();
  append_json_text(name, out_);
  out_ += ':';
  comma_ = false;
}

void JsonWriter::text(std::string_view value) {
  punctuate();
  append_json_text(value, out_);
  comma_ = true;
}

void JsonWriter::integer(std::int64_t value) {
  punctuate();
  decimal_append(value, out_);
  comma_ = true;
}

}  // namespace agentauth
