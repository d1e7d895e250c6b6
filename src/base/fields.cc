#include "base/fields.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.h"

namespace agentauth::detail {
namespace {

// Characters, not bytes: continuation bytes do not count.
std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// Control characters beyond ASCII, in UTF-8: what ends a line, what turns the direction of what is
// printed behind it, and what is not seen at all.
constexpr std::array<std::string_view, 31> unicode_controls = {
    "\u2028", "\u2029", "\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2066",
    "\u2067", "\u2068", "\u2069", "\u200B", "\u200E", "\u200F", "\u061C", "\u00AD",
    "\u034F", "\u180E", "\u2060", "\u2061", "\u2062", "\u2063", "\u2064", "\u3164",
    "\u115F", "\u1160", "\uFFA0", "\uFEFF", "\uFFF9", "\uFFFA", "\uFFFB",
};
// Tags (U+E0000 to U+E007F), which are seen nowhere. Joiners (U+200C, U+200D) and the variation
// selectors stay: Persian, Indic scripts and emoji are written with them.
constexpr std::string_view unicode_tags = "\xF3\xA0\x80";
constexpr std::string_view more_unicode_tags = "\xF3\xA0\x81";

// A control character in a name is never meant well: it breaks logs, terminals and PostgreSQL, or
// makes one name look like another.
bool has_control_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (byte(i) < 0x20 || byte(i) == 0x7F) return true;
    // U+0080 to U+009F, among them one that begins a terminal's commands.
    if (byte(i) == 0xC2 && i + 1 < text.size() && byte(i + 1) < 0xA0) return true;
  }
  const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  return has(unicode_tags) || has(more_unicode_tags) ||
         std::any_of(unicode_controls.begin(), unicode_controls.end(), has);
}

std::string between(std::string_view what, std::int64_t min, std::int64_t max) {
  return "must be " + std::string(what) + " from " + std::to_string(min) + " to " +
         std::to_string(max);
}

// Collects what is wrong with each field, so that one answer names all of it.
class Decoder {
 public:
  // `prefix` is what names of fields begin with in an error: "limits[2]." inside a list.
  Decoder(std::span<const Field> fields, void* object, std::string prefix = "")
      : fields_(fields), object_(object), prefix_(std::move(prefix)), seen_(fields.size()) {}

  Result<void> read(const RequestInput& input) {
    for (const auto& pair : input.path) assign_text(Place::path, pair.name, pair.value);
    for (const auto& pair : input.query) {
      if (!is_described(Place::query, pair.name))
        return failure(Errc::malformed_request,
                       "Unknown query parameter: " + std::string(pair.name));
      if (assign_text(Place::query, pair.name, pair.value) == Seen::again)
        return failure(Errc::malformed_request,
                       "Repeated query parameter: " + std::string(pair.name));
    }
    if (!input.body.empty()) {
      if (auto done = read_body(input.body); !done) return done;
    }
    return finish();
  }

 private:
  enum class Seen { first, again };

  Result<void> read_body(std::string_view body) {
    const JsonValue document = TRY(parse_json(body));
    if (document.type != JsonValue::Type::object)
      return failure(Errc::malformed_request, "The body must be a JSON object");
    TRY(refuse_unknown(document));
    read_object(document);
    return {};
  }

  Result<void> refuse_unknown(const JsonValue& object) const {
    for (const JsonMember& member : object.members) {
      const std::size_t at = index(Place::body, member.name);
      if (at == fields_.size())
        return failure(Errc::malformed_request,
                       "Unknown field: " + prefix_ + std::string(member.name));
      if (fields_[at].kind != FieldKind::list) continue;
      for (std::size_t i = 0; i < member.value.items.size(); ++i)
        TRY(Decoder(fields_[at].element(), nullptr, element_prefix(fields_[at], i))
                .refuse_unknown(member.value.items[i]));
    }
    return {};
  }

  // REQUIRES: refuse_unknown has passed.
  void read_object(const JsonValue& object) {
    for (const JsonMember& member : object.members) {
      const std::size_t at = index(Place::body, member.name);
      seen_[at] = true;
      assign_json(fields_[at], member.value);
    }
  }

  std::string element_prefix(const Field& field, std::size_t i) const {
    return prefix_ + std::string(field.rule.name) + '[' + std::to_string(i) + "].";
  }

  void require_all() {
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if ((fields_[i].required || fields_[i].rule.stated) && !seen_[i])
        wrong(fields_[i], "is required");
  }

  Result<void> finish() {
    require_all();
    // What a path names and cannot exist does not exist.
    if (path_wrong_) return failure(Errc::not_found, "No such resource");
    if (errors_.empty()) return {};
    Error error{Errc::invalid_argument, "A field is missing or invalid"};
    error.fields = std::move(errors_);
    return tl::unexpected(std::move(error));
  }

  std::size_t index(Place place, std::string_view name) const {
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (fields_[i].rule.place == place && fields_[i].rule.name == name) return i;
    return fields_.size();
  }
  bool is_described(Place place, std::string_view name) const {
    return index(place, name) < fields_.size();
  }

  void wrong(const Field& field, std::string message) {
    if (field.rule.place == Place::path) path_wrong_ = true;
    errors_.push_back({prefix_ + std::string(field.rule.name), std::move(message)});
  }

  Seen assign_text(Place place, std::string_view name, std::string_view text) {
    const std::size_t at = index(place, name);
    if (at == fields_.size()) return Seen::first;
    if (seen_[at]) return Seen::again;
    seen_[at] = true;
    const Field& field = fields_[at];
    FieldValue value{.text = text};
    if (field.kind == FieldKind::integer) {
      const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), value.integer);
      if (error != std::errc{} || end != text.data() + text.size()) {
        wrong(field, "must be a whole number");
        return Seen::first;
      }
    } else if (field.kind == FieldKind::boolean) {
      if (text != "true" && text != "false") {
        wrong(field, "must be true or false");
        return Seen::first;
      }
      value.boolean = text == "true";
    }
    check_and_assign(field, value);
    return Seen::first;
  }

  void assign_json(const Field& field, const JsonValue& json) {
    using Type = JsonValue::Type;
    if (json.type == Type::null && !field.required) return;
    switch (field.kind) {
      case FieldKind::text:
      case FieldKind::timestamp:
      case FieldKind::uuid:
        if (json.type != Type::text) return wrong(field, "must be a string");
        return check_and_assign(field, {.text = json.text});
      case FieldKind::integer:
        if (json.type != Type::integer) return wrong(field, "must be a whole number");
        return check_and_assign(field, {.integer = json.integer});
      case FieldKind::boolean:
        if (json.type != Type::boolean) return wrong(field, "must be true or false");
        return check_and_assign(field, {.boolean = json.boolean});
      case FieldKind::labels:
        return assign_labels(field, json);
      case FieldKind::texts:
        return assign_texts(field, json);
      case FieldKind::list:
        return assign_list(field, json);
      case FieldKind::object:
        return assign_object(field, json);
    }
  }

  bool is_list_in_bounds(const Field& field, const JsonValue& json) {
    const FieldRule& rule = field.rule;
    if (json.type != JsonValue::Type::array) {
      wrong(field, "must be a list");
      return false;
    }
    const auto entries = static_cast<std::int64_t>(json.items.size());
    if (entries >= rule.min && entries <= rule.max) return true;
    wrong(field, "must hold from " + std::to_string(rule.min) + " to " + std::to_string(rule.max) +
                     " entries");
    return false;
  }

  void assign_texts(const Field& field, const JsonValue& json) {
    static constexpr std::int64_t characters_max = 255;
    if (!is_list_in_bounds(field, json)) return;
    std::vector<std::string> texts;
    for (const JsonValue& item : json.items) {
      if (item.type != JsonValue::Type::text || item.text.empty() ||
          characters(item.text) > characters_max || has_control_character(item.text))
        return wrong(field, "must be a list of strings of 1 to 255 characters");
      if (field.rule.valid != nullptr && !field.rule.valid(item.text))
        return wrong(field, std::string(field.rule.rule));
      if (std::find(texts.begin(), texts.end(), item.text) != texts.end())
        return wrong(field, "names one twice");
      texts.emplace_back(item.text);
    }
    check_and_assign(field, {.texts = &texts});
  }

  void assign_list(const Field& field, const JsonValue& json) {
    if (!is_list_in_bounds(field, json)) return;
    check_and_assign(field, {});
    for (std::size_t i = 0; i < json.items.size(); ++i) {
      const JsonValue& item = json.items[i];
      if (item.type != JsonValue::Type::object) return wrong(field, "must be a list of objects");
      Decoder element(field.element(), field.append(object_), element_prefix(field, i));
      element.read_object(item);
      element.require_all();
      std::move(element.errors_.begin(), element.errors_.end(), std::back_inserter(errors_));
    }
  }

  void assign_object(const Field& field, const JsonValue& json) {
    if (json.type != JsonValue::Type::object) return wrong(field, "must be an object");
    std::string text;
    append_json(json, text);
    if (static_cast<std::int64_t>(text.size()) > field.rule.max)
      return wrong(field, "is longer than " + std::to_string(field.rule.max) + " bytes");
    check_and_assign(field, {.object = &json});
  }

  void assign_labels(const Field& field, const JsonValue& json) {
    if (json.type != JsonValue::Type::object) return wrong(field, "must be an object of strings");
    if (static_cast<std::int64_t>(json.members.size()) > field.rule.max)
      return wrong(field, "holds more than " + std::to_string(field.rule.max) + " entries");
    Labels labels;
    for (const JsonMember& member : json.members) {
      const bool fits = member.value.type == JsonValue::Type::text && !member.name.empty() &&
                        member.name.size() <= 64 && member.value.text.size() <= 256 &&
                        !has_control_character(member.name) &&
                        !has_control_character(member.value.text);
      if (!fits)
        return wrong(field,
                     "names have 1 to 64 bytes, values are strings of at most 256 bytes, without "
                     "control characters");
      labels.emplace(member.name, member.value.text);
    }
    check_and_assign(field, {.labels = &labels});
  }

  static std::string rule_of(const Field& field) {
    if (!field.rule.rule.empty()) return std::string(field.rule.rule);
    if (field.kind == FieldKind::timestamp)
      return "must be a time as in RFC 3339, 2027-01-31T12:00:00Z";
    return "has no such value";
  }

  void check_and_assign(const Field& field, const FieldValue& value) {
    const FieldRule& rule = field.rule;
    if (field.kind == FieldKind::text && !rule.opaque) {
      // A body is UTF-8 already; what a target's %XX stand for need not be.
      if (!is_utf8(value.text)) return wrong(field, "must be UTF-8");
      const std::int64_t length = characters(value.text);
      if (length < rule.min || length > rule.max)
        return wrong(field, between("a string of length", rule.min, rule.max));
      if (has_control_character(value.text))
        return wrong(field, "must not contain control characters");
      if (rule.valid != nullptr && !rule.valid(value.text))
        return wrong(field, std::string(rule.rule));
    } else if (field.kind == FieldKind::integer &&
               (value.integer < rule.min || value.integer > rule.max)) {
      return wrong(field, between("a whole number", rule.min, rule.max));
    }
    if (!field.assign(object_, value)) wrong(field, rule_of(field));
  }

  std::span<const Field> fields_;
  void* object_;
  std::string prefix_;
  std::vector<bool> seen_;
  std::vector<FieldError> errors_;
  bool path_wrong_ = false;
};

}  // namespace

Result<void> decode_fields(std::span<const Field> fields, void* object, const RequestInput& input) {
  return Decoder(fields, object).read(input);
}

}  // namespace agentauth::detail
