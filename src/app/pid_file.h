// DATA_DIR/agentauth.pid: the process id of the server of a data folder that became ready last.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/result.h"

namespace agentauth::app {

// The process that the file names, if it lives and runs the program that this one runs.
std::optional<pid_t> find_running(const std::filesystem::path& path);

// Holds nobody up: two servers may share a database, and what a killed one left behind is
// overwritten. A server that ends removes the file only while its own id is in it.
class PidFile {
 public:
  // Replaces the file as a whole, so that nobody reads half an id.
  // Errors: unavailable when it cannot be written.
  static Result<PidFile> write(std::filesystem::path path);
  ~PidFile();
  PidFile(PidFile&& other) noexcept;
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  PidFile& operator=(PidFile&&) = delete;

 private:
  explicit PidFile(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // empty: moved from
};

}  // namespace agentauth::app
