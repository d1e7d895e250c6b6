#include "store/postgres/postgres_watch.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "store/postgres/postgres_error.h"

namespace agentauth {

namespace {

constexpr std::chrono::seconds listen_patience{5};

tl::unexpected<Error> fail(pg_conn* connection) {
  return tl::unexpected(postgres_error("", PQerrorMessage(connection)));
}

bool is_readable_within(pg_conn* connection, std::chrono::milliseconds at_most) {
  pollfd socket{PQsocket(connection), POLLIN, 0};
  return ::poll(&socket, 1, static_cast<int>(at_most.count())) > 0;
}

// The outcome of the command that was sent: PGRES_FATAL_ERROR also when it does not come in time.
ExecStatusType outcome(pg_conn* connection) {
  ExecStatusType status = PGRES_FATAL_ERROR;
  for (;;) {
    while (PQisBusy(connection) != 0)
      if (!is_readable_within(connection, listen_patience) || PQconsumeInput(connection) == 0)
        return PGRES_FATAL_ERROR;
    pg_result* const result = PQgetResult(connection);
    if (result == nullptr) return status;
    status = PQresultStatus(result);
    PQclear(result);
  }
}

}  // namespace

Result<std::unique_ptr<Watch>> PostgresWatch::create(PostgresConnection connection) {
  const std::string listen = std::string("LISTEN ") + changes_channel;
  if (PQsendQuery(connection.get(), listen.c_str()) == 0 ||
      outcome(connection.get()) != PGRES_COMMAND_OK)
    return fail(connection.get());
  return std::unique_ptr<Watch>(new PostgresWatch(std::move(connection)));
}

Result<std::optional<std::int64_t>> PostgresWatch::wait(std::chrono::milliseconds at_most) {
  if (const auto announced = take_announced()) return announced;
  if (!is_readable_within(connection_.get(), at_most)) return std::nullopt;
  if (PQconsumeInput(connection_.get()) == 0) return fail(connection_.get());
  return take_announced();
}

std::optional<std::int64_t> PostgresWatch::take_announced() {
  std::optional<std::int64_t> latest;
  while (PGnotify* const notice = PQnotifies(connection_.get())) {
    std::int64_t revision = 0;
    std::from_chars(notice->extra, notice->extra + std::strlen(notice->extra), revision);
    latest = std::max(latest.value_or(0), revision);
    PQfreemem(notice);
  }
  return latest;
}

}  // namespace agentauth
