#include "policy/properties.h"

#include <algorithm>
#include <utility>

#include "base/json_text.h"

namespace agentauth::policy {
namespace {

std::size_t bytes_of_texts(const JsonValue& value) {
  std::size_t bytes = value.text.size();
  for (const JsonValue& item : value.items) bytes += bytes_of_texts(item);
  for (const JsonMember& member : value.members)
    bytes += member.name.size() + bytes_of_texts(member.value);
  return bytes;
}

// Copies a value, with its texts at the end of a storage that has room for them.
class Copier {
 public:
  explicit Copier(std::string& texts) : texts_(texts) {}

  JsonValue value(const JsonValue& from) {
    JsonValue to;
    to.type = from.type;
    to.boolean = from.boolean;
    to.integer = from.integer;
    to.real = from.real;
    to.text = text(from.text);
    to.items.reserve(from.items.size());
    for (const JsonValue& item : from.items) to.items.push_back(value(item));
    to.members.reserve(from.members.size());
    for (const JsonMember& member : from.members)
      to.members.push_back({text(member.name), value(member.value)});
    std::sort(to.members.begin(), to.members.end(),
              [](const JsonMember& a, const JsonMember& b) { return a.name < b.name; });
    return to;
  }

 private:
  std::string_view text(std::string_view from) {
    const std::size_t begin = texts_.size();
    texts_ += from;
    return std::string_view(texts_).substr(begin);
  }

  std::string& texts_;
};

tl::unexpected<Error> too_long() {
  return failure(Errc::invalid_argument,
                 "Properties have at most " + std::to_string(properties_bytes_max) + " bytes");
}

}  // namespace

struct Properties::Storage {
  std::string texts;  // reserved once and never grown: `value` has views into it
  JsonValue value;
  std::string text;
};

Properties::Properties() {
  static const auto empty = [] {
    auto storage = std::make_shared<Storage>();
    storage->value.type = JsonValue::Type::object;
    storage->text = "{}";
    return storage;
  }();
  storage_ = empty;
}

Properties::Properties(std::shared_ptr<const Storage> storage) : storage_(std::move(storage)) {}

Result<Properties> Properties::parse(std::string_view json) {
  if (json.size() > properties_bytes_max) return too_long();
  const auto parsed = parse_json(json);
  if (!parsed)
    return failure(Errc::invalid_argument, "Properties are not valid JSON", parsed.error().detail);
  return copy(*parsed);
}

Result<Properties> Properties::copy(const JsonValue& object) {
  if (object.type != JsonValue::Type::object)
    return failure(Errc::invalid_argument, "Properties are a JSON object");
  const std::size_t bytes = bytes_of_texts(object);
  if (bytes > properties_bytes_max) return too_long();
  auto storage = std::make_shared<Storage>();
  storage->texts.reserve(bytes);
  storage->value = Copier(storage->texts).value(object);
  append_json(storage->value, storage->text);
  if (storage->text.size() > properties_bytes_max) return too_long();
  return Properties(std::move(storage));
}

const JsonValue& Properties::value() const { return storage_->value; }

const std::string& Properties::text() const { return storage_->text; }

}  // namespace agentauth::policy
