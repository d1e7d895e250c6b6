// A database that several nodes share: each opens it for itself.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "directory/testing/replica.h"

namespace agentauth::testing {

// With all tables, in a folder that is gone with the object.
class DatabaseFile {
 public:
  DatabaseFile() {
    std::string name = (std::filesystem::temp_directory_path() / "agentauth-nodes-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    value_of(apply_migrations(*open()));
  }
  ~DatabaseFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  std::string url() const { return "sqlite:" + (folder_ / "agentauth.db").string(); }
  std::unique_ptr<Database> open() const { return value_of(Database::open(url())); }

 private:
  std::filesystem::path folder_;
};

}  // namespace agentauth::testing
