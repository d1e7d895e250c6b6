// A type describes its fields once; reading JSON, writing JSON and the schema come from that.
//
//   struct RegisterAgent {
//     std::string agent_name;
//     static constexpr auto fields() {
//       return std::array{field<&RegisterAgent::agent_name>(
//           {.name = "agent_name", .max = 128, .example = "WeatherBot"})};
//     }
//   };
//   auto request = TRY(decode<RegisterAgent>(input));
//
// A member that is std::optional may be left out; every other one is required. What the
// description does not name is refused when it is sent (CONTRACT section 3).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "base/json_text.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace agentauth {

using Labels = std::map<std::string, std::string>;

// A JSON object of whatever members, as text.
struct JsonObject {
  std::string text = "{}";
  bool operator==(const JsonObject&) const = default;
};

// Where a request carries the field. Answers are always body. Headers are described here and read
// by their handler.
enum class Place : std::uint8_t { body, path, query, header };

enum class FieldKind : std::uint8_t {
  text,
  integer,
  boolean,
  timestamp,
  uuid,
  labels,
  texts,   // a list of text
  list,    // a list of objects
  object,  // a JSON object of whatever members; its bounds are bytes
};

// One input value, already of the field's kind.
struct FieldValue {
  std::string_view text = {};  // text; timestamp and uuid in their text form
  std::int64_t integer = 0;
  bool boolean = false;
  const Labels* labels = nullptr;
  std::vector<std::string>* texts = nullptr;
  const JsonValue* object = nullptr;
};

// What a field accepts, in words for people and bounds for the machine.
struct FieldRule {
  std::string_view name;
  std::int64_t min = 1;    // characters for text, value for integer, entries for the others
  std::int64_t max = 255;  // the same
  Place place = Place::body;
  bool (*valid)(std::string_view) = nullptr;  // for each text: what bounds cannot say
  std::string_view rule = {};                 // the sentence `valid` stands for
  bool stated = false;  // optional: must be sent all the same, if only as null
  bool opaque = false;  // text: any characters; bounds do not apply, so that no error describes it
  std::string_view example = {};
  std::string_view about = {};
};

struct Field {
  FieldRule rule;
  FieldKind kind;
  bool required;                                          // and never null
  bool (*assign)(void* object, const FieldValue& value);  // false: not such a value
  void (*write)(const void* object, JsonWriter& out);
  std::span<const Field> (*element)();  // for lists of objects: the fields of one element
  void* (*append)(void* object);        // and how to add an empty one
};

namespace detail {

template <class T>
struct Codec;

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <auto Member>
struct MemberOf;
template <class Object, class Type, Type Object::*Member>
struct MemberOf<Member> {
  using object = Object;
  using type = Type;
};

}  // namespace detail

// The described fields of T, in order.
template <class T>
std::span<const Field> fields_of() {
  static constexpr auto table = T::fields();
  return table;
}

template <class T>
void write_fields(const T& object, JsonWriter& out) {
  out.open();
  for (const Field& field : fields_of<T>()) {
    out.name(field.rule.name);
    field.write(&object, out);
  }
  out.close();
}

namespace detail {
template <auto Member, class Object>
constexpr auto append_of() -> void* (*)(void*) {
  using Coding = Codec<typename MemberOf<Member>::type>;
  if constexpr (Coding::kind == FieldKind::list) {
    return
        [](void* object) -> void* { return Coding::append(static_cast<Object*>(object)->*Member); };
  } else {
    return nullptr;
  }
}
}  // namespace detail

// `Object` is the type that is described: another one than the member's when it was inherited.
template <auto Member, class Object = typename detail::MemberOf<Member>::object>
constexpr Field field(FieldRule rule) {
  using Type = typename detail::MemberOf<Member>::type;
  using Coding = detail::Codec<Type>;
  return Field{
      .rule = rule,
      .kind = Coding::kind,
      .required = !detail::is_optional<Type>::value,
      .assign =
          [](void* object, const FieldValue& value) {
            return Coding::read(value, static_cast<Object*>(object)->*Member);
          },
      .write =
          [](const void* object, JsonWriter& out) {
            Coding::write(static_cast<const Object*>(object)->*Member, out);
          },
      .element = Coding::element,
      .append = detail::append_of<Member, Object>(),
  };
}

// The fields that a type inherits, and those it adds.
template <std::size_t Inherited, std::size_t Added>
constexpr auto joined(const std::array<Field, Inherited>& inherited,
                      const std::array<Field, Added>& added) {
  std::array<Field, Inherited + Added> all{};
  std::copy(inherited.begin(), inherited.end(), all.begin());
  std::copy(added.begin(), added.end(), all.begin() + Inherited);
  return all;
}

// What a request brought: path captures, query pairs (decoded) and the body's text.
struct RequestInput {
  struct Pair {
    std::string_view name;
    std::string_view value;
  };
  std::span<const Pair> path;
  std::span<const Pair> query;
  std::string_view body;
};

namespace detail {
Result<void> decode_fields(std::span<const Field> fields, void* object, const RequestInput& input);

template <>
struct Codec<std::string> {
  static constexpr FieldKind kind = FieldKind::text;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, std::string& out) {
    out = value.text;
    return true;
  }
  static void write(const std::string& value, JsonWriter& out) { out.text(value); }
};

template <>
struct Codec<std::int64_t> {
  static constexpr FieldKind kind = FieldKind::integer;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, std::int64_t& out) {
    out = value.integer;
    return true;
  }
  static void write(std::int64_t value, JsonWriter& out) { out.integer(value); }
};

template <>
struct Codec<bool> {
  static constexpr FieldKind kind = FieldKind::boolean;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, bool& out) {
    out = value.boolean;
    return true;
  }
  static void write(bool value, JsonWriter& out) { out.boolean(value); }
};

template <>
struct Codec<Timestamp> {
  static constexpr FieldKind kind = FieldKind::timestamp;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, Timestamp& out) {
    const auto parsed = parse_rfc3339(value.text);
    if (parsed) out = *parsed;
    return parsed.has_value();
  }
  static void write(Timestamp value, JsonWriter& out) { out.text(format_rfc3339(value)); }
};

template <class Tag>
struct Codec<Id<Tag>> {
  static constexpr FieldKind kind = FieldKind::uuid;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, Id<Tag>& out) {
    const auto parsed = Id<Tag>::parse(value.text);
    if (parsed) out = *parsed;
    return parsed.has_value();
  }
  static void write(const Id<Tag>& value, JsonWriter& out) { out.text(value.to_string()); }
};

template <>
struct Codec<Labels> {
  static constexpr FieldKind kind = FieldKind::labels;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, Labels& out) {
    out = *value.labels;
    return true;
  }
  static void write(const Labels& value, JsonWriter& out) {
    out.open();
    for (const auto& [name, text] : value) out.member(name, text);
    out.close();
  }
};

template <>
struct Codec<std::vector<std::string>> {
  static constexpr FieldKind kind = FieldKind::texts;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, std::vector<std::string>& out) {
    out = std::move(*value.texts);
    return true;
  }
  static void write(const std::vector<std::string>& value, JsonWriter& out) {
    out.open_array();
    for (const std::string& text : value) out.text(text);
    out.close_array();
  }
};

template <>
struct Codec<JsonObject> {
  static constexpr FieldKind kind = FieldKind::object;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, JsonObject& out) {
    out.text.clear();
    append_json(*value.object, out.text);
    return true;
  }
  static void write(const JsonObject& value, JsonWriter& out) { out.raw(value.text); }
};

// Enumerations offer to_string(E) and parse(std::string_view, E&) beside their definition.
template <class E>
requires std::is_enum_v<E>
struct Codec<E> {
  static constexpr FieldKind kind = FieldKind::text;
  static constexpr std::span<const Field> (*element)() = nullptr;
  static bool read(const FieldValue& value, E& out) { return parse(value.text, out); }
  static void write(E value, JsonWriter& out) { out.text(to_string(value)); }
};

template <class T>
struct Codec<std::optional<T>> {
  static constexpr FieldKind kind = Codec<T>::kind;
  static constexpr auto element = Codec<T>::element;
  static bool read(const FieldValue& value, std::optional<T>& out) {
    return Codec<T>::read(value, out.emplace());
  }
  static void write(const std::optional<T>& value, JsonWriter& out) {
    if (value) {
      Codec<T>::write(*value, out);
    } else {
      out.null();
    }
  }
  static void* append(std::optional<T>& out) { return Codec<T>::append(*out); }
};

template <class T>
struct Codec<std::vector<T>> {
  static constexpr FieldKind kind = FieldKind::list;
  static constexpr std::span<const Field> (*element)() = fields_of<T>;
  // Begins the list; its elements follow by append().
  static bool read(const FieldValue&, std::vector<T>& out) {
    out.clear();
    return true;
  }
  static void* append(std::vector<T>& out) { return &out.emplace_back(); }
  static void write(const std::vector<T>& value, JsonWriter& out) {
    out.open_array();
    for (const T& item : value) write_fields(item, out);
    out.close_array();
  }
};

}  // namespace detail

// Errors: malformed_request (not JSON, a name that is not described), invalid_argument with one
// FieldError for each field that is missing, of the wrong type or out of bounds.
template <class T>
Result<T> decode(const RequestInput& input) {
  T object{};
  if (auto done = detail::decode_fields(fields_of<T>(), &object, input); !done)
    return tl::unexpected(std::move(done).error());
  return object;
}

}  // namespace agentauth
