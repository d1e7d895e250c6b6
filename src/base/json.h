// JSON in both directions: a strict reader and a writer that cannot produce broken text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace agentauth {

struct JsonMember;

// A parsed value. Texts are views into storage that lives until the next parse on this thread.
struct JsonValue {
  enum class Type : std::uint8_t { null, boolean, integer, real, text, array, object };

  Type type = Type::null;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;

  // The member of that name, or nullptr. Objects hold no name twice (the reader refuses them).
  const JsonValue* find(std::string_view name) const;
};

struct JsonMember {
  std::string_view name;
  JsonValue value;
};

// RFC 8259, UTF-8 only, at most `json_depth_max` levels, no repeated member names (RFC 7493 2.3),
// at most `json_members_max` in one object. Errors: malformed_request.
inline constexpr std::size_t json_depth_max = 24;
inline constexpr std::size_t json_members_max = 256;
Result<JsonValue> parse_json(std::string_view text);

// Appends JSON to a string. Commas and escapes are its business:
//   JsonWriter out(body); out.open(); out.member("id", id); out.close();
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void open() { punctuate(), out_ += '{', comma_ = false; }
  void close() { out_ += '}', comma_ = true; }
  void open_array() { punctuate(), out_ += '[', comma_ = false; }
  void close_array() { out_ += ']', comma_ = true; }

  void name(std::string_view name);
  void text(std::string_view value);
  void integer(std::int64_t value);
  void boolean(bool value) { punctuate(), out_ += value ? "true" : "false", comma_ = true; }
  void null() { punctuate(), out_ += "null", comma_ = true; }
  // Text that is JSON already.
  void raw(std::string_view json) { punctuate(), out_ += json, comma_ = true; }

  void member(std::string_view key, std::string_view value) { name(key), text(value); }
  void member(std::string_view key, const char* value) { name(key), text(value); }
  void member(std::string_view key, std::int64_t value) { name(key), integer(value); }
  void member_flag(std::string_view key, bool value) { name(key), boolean(value); }

 private:
  void punctuate() {
    if (comma_) out_ += ',';
  }

  std::string& out_;
  bool comma_ = false;
};

// Appends `value` with JSON's escapes and quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_text(std::string_view value, std::string& out);

}  // namespace agentauth
