// A row as PostgreSQL sends it in its text form.
#pragma once

#include <vector>

#include "store/session.h"

struct pg_result;

namespace agentauth {

class PostgresRow final : public Row {
 public:
  // The row reads from `result`, which the caller keeps until the next one.
  void show(const pg_result* result) { result_ = result; }

  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  ByteView bytes(int column) const override;

 private:
  const pg_result* result_ = nullptr;
  mutable std::vector<Bytes> decoded_;  // by column
};

}  // namespace agentauth
