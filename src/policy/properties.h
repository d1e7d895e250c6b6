// Properties of whatever has some: a JSON object that owns its texts.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace agentauth::policy {

inline constexpr std::size_t properties_bytes_max = 8 * 1024;

// Immutable; copies share one object, so value() and what is in it stays where it is for as long as
// there is a copy, however copies are moved about.
class Properties {
 public:
  // The empty object.
  Properties();

  Properties(const Properties&) = default;
  Properties& operator=(const Properties&) = default;
  // Nothing is taken from what is moved: there is always an object.
  Properties(Properties&& other) noexcept { *this = other; }
  Properties& operator=(Properties&& other) noexcept {
    *this = other;
    return *this;
  }
  ~Properties() = default;

  // An object of at most properties_bytes_max, as it comes and in its canonical text.
  // Errors: invalid_argument.
  static Result<Properties> parse(std::string_view json);
  // The same of what is parsed already, copied out of the reader's storage.
  static Result<Properties> copy(const JsonValue& object);

  // For Attributes.
  const JsonValue& value() const;
  // Canonical: members in the order of their names' bytes, no blanks, numbers at their shortest.
  // The same object, the same text; parsed again it is the same.
  const std::string& text() const;

  bool operator==(const Properties& other) const { return text() == other.text(); }

 private:
  struct Storage;
  explicit Properties(std::shared_ptr<const Storage> storage);

  // Never null.
  std::shared_ptr<const Storage> storage_;
};

}  // namespace agentauth::policy
