#include "store/postgres/postgres_driver.h"
#include "store/session.h"
#include "store/sqlite/sqlite_driver.h"

namespace agentauth {

Result<std::unique_ptr<Driver>> open_driver(const std::string& url) {
  static constexpr std::string_view sqlite = "sqlite:";
  if (url == "sqlite::memory:") return sqlite_memory_driver();
  if (url.starts_with(sqlite) && url.size() > sqlite.size())
    return sqlite_file_driver(url.substr(sqlite.size()));
  if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
    return postgres_driver(url);
  return failure(Errc::invalid_argument,
                 "The database must be sqlite:PATH or postgresql://USER@HOST:PORT/NAME");
}

}  // namespace agentauth
