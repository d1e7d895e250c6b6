#include "store/key_uses.h"

namespace agentauth {
namespace {

// Columns of fixed width: kid, milliseconds, address.
constexpr std::size_t time_width = 15;
constexpr std::size_t address_width = 39;
static_assert(key_kid_length == 12, "the statement below counts characters");

void append_padded(std::string& out, std::string_view text, std::size_t width) {
  out += text;
  out.append(width - text.size(), ' ');
}

}  // namespace

Result<void> KeyUseRepository::keep(std::span<const KeyUse> uses) {
  // One text for all rows, because the number of a statement's parameters is fixed.
  std::string rows;
  for (const KeyUse& use : uses) {
    rows += text_of(use.kid);
    append_padded(rows, std::to_string(use.at.time_since_epoch().count()), time_width);
    append_padded(rows, format_ip_address(use.address), address_width);
  }
  // In the order of the kids, so that nodes that write the same rows do not wait in a circle.
  TRY(session_.execute(
      "WITH RECURSIVE place (start) AS "
      "(SELECT 1 UNION ALL SELECT start + 66 FROM place WHERE start + 66 < $2), "
      "use (kid, ms, address) AS (SELECT SUBSTR(CAST($1 AS TEXT), start, 12), "
      "CAST(TRIM(SUBSTR($1, start + 12, 15)) AS BIGINT), "
      "TRIM(SUBSTR($1, start + 27, 39)) FROM place) "
      "INSERT INTO key_uses (key_id, used_ms, address) "
      "SELECT api_keys.id, use.ms, use.address "
      "FROM use JOIN api_keys ON api_keys.kid = use.kid WHERE TRUE ORDER BY use.kid "
      "ON CONFLICT (key_id) DO UPDATE SET used_ms = excluded.used_ms, address = excluded.address "
      "WHERE excluded.used_ms > key_uses.used_ms",
      {rows, static_cast<std::int64_t>(rows.size())}));
  return {};
}

}  // namespace agentauth
