// LISTEN on a connection of its own.
#pragma once

#include <memory>

#include "store/postgres/postgres_session.h"

namespace agentauth {

class PostgresWatch final : public Watch {
 public:
  // Errors: unavailable, also where the database knows no LISTEN.
  static Result<std::unique_ptr<Watch>> create(PostgresConnection connection);

  Result<std::optional<std::int64_t>> wait(std::chrono::milliseconds at_most) override;

 private:
  explicit PostgresWatch(PostgresConnection connection) : connection_(std::move(connection)) {}
  std::optional<std::int64_t> take_announced();

  PostgresConnection connection_;
};

}  // namespace agentauth
