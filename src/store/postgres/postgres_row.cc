#include "store/postgres/postgres_row.h"

#include <libpq-fe.h>

#include <charconv>

namespace agentauth {

bool PostgresRow::is_null(int column) const { return PQgetisnull(result_, 0, column) != 0; }

std::int64_t PostgresRow::integer(int column) const {
  const std::string_view digits = text(column);
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string_view PostgresRow::text(int column) const {
  const char* const data = PQgetvalue(result_, 0, column);
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(PQgetlength(result_, 0, column))};
}

ByteView PostgresRow::bytes(int column) const {
  std::string_view digits = text(column);
  if (!digits.starts_with("\\x")) return {};
  digits.remove_prefix(2);
  const auto at = static_cast<std::size_t>(column);
  if (decoded_.size() <= at) decoded_.resize(at + 1);
  decoded_[at] = hex_decode(digits).value_or(Bytes{});
  return decoded_[at];
}

}  // namespace agentauth
