#include "store/testing/test_database.h"

#include <cstdlib>
#include <stdexcept>

#include "store/migrations.h"
#include "store/testing/postgres_fixture.h"

namespace agentauth::testing {

std::string_view to_string(Backend backend) {
  switch (backend) {
    case Backend::sqlite_memory:
      return "SqliteInMemory";
    case Backend::sqlite_disk:
      return "SqliteOnDisk";
    case Backend::postgresql:
      return "PostgreSql";
  }
  return "";
}

void throw_error(const Error& error) {
  throw std::runtime_error(error.message + " (" + error.detail + ")");
}

TemporaryDirectory::TemporaryDirectory() {
  std::string path = (std::filesystem::temp_directory_path() / "agentauth-test-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr)
    throw std::runtime_error("cannot make a temporary directory");
  path_ = path;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

TestDatabase::TestDatabase(Backend backend, Begins begins) {
  switch (backend) {
    case Backend::sqlite_memory:
      url_ = "sqlite::memory:";
      break;
    case Backend::sqlite_disk:
      directory_ = std::make_unique<TemporaryDirectory>();
      path_ = directory_->path() / "agentauth.db";
      url_ = "sqlite:" + path_.string();
      break;
    case Backend::postgresql:
      name_ = begins == Begins::migrated ? PostgresServer::server().create_migrated_database()
                                         : PostgresServer::server().create_database();
      url_ = PostgresServer::server().url(name_);
      break;
  }
}

TestDatabase::~TestDatabase() {
  if (name_.empty()) return;
  try {
    PostgresServer::server().drop_database(name_);
  } catch (const std::exception&) {
    // A private cluster goes with the program anyway.
  }
}

std::unique_ptr<Database> TestDatabase::open_migrated() const {
  auto database = open();
  must(apply_migrations(*database));
  return database;
}

}  // namespace agentauth::testing
