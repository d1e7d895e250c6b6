#include "base/json.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "base/json_mistake.h"

namespace agentauth {
namespace {

bool has_member(const std::vector<JsonMember>& members, std::string_view name) {
  return std::any_of(members.begin(), members.end(),
                     [&](const JsonMember& member) { return member.name == name; });
}

// For people: bounded, and nothing that a terminal or a log would take for more than text.
std::string shown_name(std::string_view name) {
  static constexpr std::size_t shown_max = 64;
  std::string shown(name.substr(0, shown_max));
  for (char& c : shown)
    if (c < 0x20 || c > 0x7E || c == '"') c = '?';
  return shown + (name.size() > shown_max ? "..." : "");
}

// Of what simdjson has parsed. It bounds the depth, so this recursion is bounded too.
class Converter {
 public:
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
        return convert_items(simdjson::dom::array(element), value);
      case element_type::OBJECT:
        return convert_members(simdjson::dom::object(element), value);
    }
    return false;
  }

  // Of what could not be converted.
  Error error() const {
    std::string message = "The JSON holds " + what_;
    if (!place_.empty()) message += ", in " + place_;
    return {Errc::malformed_request, std::move(message)};
  }

 private:
  bool convert_items(simdjson::dom::array items, JsonValue& value) {
    value.type = JsonValue::Type::array;
    for (const auto item : items)
      if (!convert(item, value.items.emplace_back())) {
        lead_to('[' + std::to_string(value.items.size() - 1) + ']');
        return false;
      }
    return true;
  }
  bool convert_members(simdjson::dom::object members, JsonValue& value) {
    value.type = JsonValue::Type::object;
    for (const auto member : members) {
      if (has_member(value.members, member.key)) {
        what_ = "the member \"" + shown_name(member.key) + "\" twice";
        return false;
      }
      if (value.members.size() == json_members_max) {
        what_ = "more than " + std::to_string(json_members_max) + " members in one object";
        return false;
      }
      if (!convert(member.value, value.members.emplace_back(JsonMember{member.key, {}}).value)) {
        lead_to(shown_name(member.key));
        return false;
      }
    }
    return true;
  }
  // What is outermost comes last: roles[2].permissions[0]. Too far in, the outermost say enough.
  void lead_to(std::string step) {
    static constexpr std::size_t place_max = 200;
    if (!place_.empty() && place_[0] != '[') step += '.';
    place_.insert(0, step);
    if (place_.size() > place_max) place_.replace(place_max, std::string::npos, "...");
  }

  std::string what_;
  std::string place_;
};

Error refused(const std::optional<JsonMistake>& mistake, simdjson::error_code error) {
  const bool is_too_deep =
      (mistake && mistake->kind == JsonMistake::Kind::depth) || error == simdjson::DEPTH_ERROR;
  std::string message =
      is_too_deep ? "The JSON is nested too deeply" : "The body is not valid JSON";
  if (mistake) message += ": " + mistake->where;
  return {Errc::malformed_request, std::move(message), simdjson::error_message(error)};
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

// simdjson takes a whole number of more than 64 bits for no number; with an exponent it is one.
std::string with_exponents(std::string_view text, const std::vector<std::size_t>& ends) {
  std::string spelled;
  spelled.reserve(text.size() + 2 * ends.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    spelled.append(text.substr(begin, end - begin)).append("e0");
    begin = end;
  }
  return spelled.append(text.substr(begin));
}

// One parser a thread: it keeps its buffers, so a warm parse allocates nothing.
Result<simdjson::error_code> parse(std::string_view text, simdjson::dom::element& element) {
  thread_local simdjson::dom::parser parser;
  thread_local bool prepared = parser.allocate(4096, json_depth_max) == simdjson::SUCCESS;
  if (!prepared) return failure(Errc::internal, "Out of memory");
  // simdjson grows its buffers with its own default depth; ask for ours first.
  if (text.size() > parser.capacity() &&
      parser.allocate(text.size(), json_depth_max) != simdjson::SUCCESS)
    return failure(Errc::internal, "Out of memory");
  return parser.parse(text.data(), text.size(), true).get(element);
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const JsonMember& member : members)
    if (member.name == name) return &member.value;
  return nullptr;
}

Result<JsonValue> parse_json(std::string_view text) {
  // simdjson copies before it looks, and an empty view may hold no address to copy from.
  if (text.empty())
    return failure(Errc::malformed_request, "The body is not valid JSON: it is empty");
  simdjson::dom::element element;
  if (const auto error = TRY(parse(text, element))) {
    const SecondLook look = look_again_at_json(text, json_depth_max);
    if (look.long_integer_ends.empty() ||
        TRY(parse(with_exponents(text, look.long_integer_ends), element)))
      return tl::unexpected(refused(look.mistake, error));
  }
  JsonValue value;
  if (Converter converter; !converter.convert(element, value))
    return tl::unexpected(converter.error());
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
