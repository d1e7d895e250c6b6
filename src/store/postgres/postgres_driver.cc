#include "store/postgres/postgres_driver.h"

#include <libpq-fe.h>

#include <iterator>

#include "store/postgres/libpq_loader.h"
#include "store/postgres/postgres_error.h"
#include "store/postgres/postgres_session.h"
#include "store/postgres/postgres_watch.h"

namespace agentauth {
namespace {

constexpr ColumnTypes postgres_column_types{
    .uuid = "UUID",
    .new_uuid = "gen_random_uuid()",
    .timestamp = "TIMESTAMPTZ(3)",
    .now = "CURRENT_TIMESTAMP",
    .bytes = "BYTEA",
    .keyed_table = "",  // has no such thing
    .ascii = " COLLATE \"C\"",
    .generated = "STORED",
};

class PostgresDriver final : public Driver {
 public:
  explicit PostgresDriver(std::string url) : url_(std::move(url)) {}

  Result<std::unique_ptr<Session>> connect() override {
    auto session = std::make_unique<PostgresSession>(TRY(open_connection()), notifies_);
    TRY(session->prepare_connection());
    return session;
  }

  // Sessions announce from the first watch on. Before that, and in a process that only writes,
  // nobody has shown that this database has NOTIFY: what speaks PostgreSQL need not.
  Result<std::unique_ptr<Watch>> watch() override {
    auto watch = TRY(PostgresWatch::create(TRY(open_connection())));
    notifies_.store(true, std::memory_order_relaxed);
    return watch;
  }

  const ColumnTypes& column_types() const override { return postgres_column_types; }
  std::string_view name() const override { return "postgresql"; }

 private:
  Result<PostgresConnection> open_connection() const {
    // The URL stands between what it may change and what it may not.
    const char* const names[] = {"application_name",     "connect_timeout",
                                 "keepalives_idle",      "keepalives_interval",
                                 "keepalives_count",     "tcp_user_timeout",
                                 "target_session_attrs", "dbname",
                                 "client_encoding",      nullptr};
    // A standby would be believed while it lags behind, and could not be written to.
    const char* const values[] = {"agentauth", "5",          "10",         "5",    "3",
                                  "10000",     "read-write", url_.c_str(), "UTF8", nullptr};
    static_assert(std::size(names) == std::size(values));
    PostgresConnection connection(PQconnectdbParams(names, values, 1));
    if (!connection)
      return failure(Errc::unavailable, "The database is not available", "no memory");
    // Notices are for people at a prompt; ours would go to standard error, into the log.
    PQsetNoticeProcessor(
        connection.get(), [](void*, const char*) {}, nullptr);
    if (PQstatus(connection.get()) != CONNECTION_OK)
      return tl::unexpected(postgres_error("", PQerrorMessage(connection.get())));
    TRY(check_postgres_version(PQserverVersion(connection.get())));
    return connection;
  }

  std::string url_;
  std::atomic<bool> notifies_{false};
};

}  // namespace

Result<std::unique_ptr<Driver>> postgres_driver(std::string url) {
  TRY(load_libpq());
  char* words = nullptr;
  PQconninfoOption* const options = PQconninfoParse(url.c_str(), &words);
  if (options == nullptr) {
    // libpq quotes the URL in its words, and the URL may hold a password: they go nowhere.
    PQfreemem(words);
    return failure(Errc::invalid_argument, "The database URL cannot be read");
  }
  PQconninfoFree(options);
  return std::make_unique<PostgresDriver>(std::move(url));
}

}  // namespace agentauth
