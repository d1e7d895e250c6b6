#include "store/session.h"

#include <type_traits>

namespace agentauth {

Param::Value Param::value() const {
  return std::visit(
      [](const auto& value) -> Value {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, Written>) {
          return std::string_view(value.text.data(), value.size);
        } else {
          return value;
        }
      },
      value_);
}

Timestamp Row::time(int column) const { return parse_rfc3339(text(column)).value_or(Timestamp{}); }

std::optional<Timestamp> Row::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

}  // namespace agentauth
