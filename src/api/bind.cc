#include "api/bind.h"

namespace agentauth::api::detail {

std::string page_query(const ApiExchange& exchange, const RequestInput& input) {
  std::string query(exchange.operation->name);
  const auto append = [&](std::string_view part) {
    // Lengths keep "a" + "bc" and "ab" + "c" apart.
    query += '\n' + std::to_string(part.size()) + ':';
    query += part;
  };
  for (const auto& pair : input.path) append(pair.value);
  for (const auto& pair : input.query) {
    if (pair.name == "cursor" || pair.name == "limit") continue;
    append(pair.name);
    append(pair.value);
  }
  return query;
}

void write_next_cursor(JsonWriter& out, const std::string& cursor) {
  out.name("next_cursor");
  if (cursor.empty()) {
    out.null();
  } else {
    out.text(cursor);
  }
}

}  // namespace agentauth::api::detail
