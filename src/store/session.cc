#include "store/session.h"

namespace agentauth {

Timestamp Row::time(int column) const { return parse_rfc3339(text(column)).value_or(Timestamp{}); }

std::optional<Timestamp> Row::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

}  // namespace agentauth
