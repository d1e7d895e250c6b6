// DATA_DIR/agentauth.pid: the process id of the one server of a data folder.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace agentauth::app {

// Locked from lock() to the end of the process, however that comes, so that what a killed server
// left behind holds nobody up. Other commands on the same database take no such lock.
class PidFile {
 public:
  // Errors: conflict when another server has it, in a sentence that names that one's process;
  // unavailable when it cannot be written.
  static Result<PidFile> lock(std::filesystem::path path);
  // Removes the file.
  ~PidFile();
  PidFile(PidFile&& other) noexcept;
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  PidFile& operator=(PidFile&&) = delete;

  // The file is empty before.
  Result<void> write_own_id() const;

 private:
  PidFile(std::filesystem::path path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  int descriptor_;  // -1: moved from
};

}  // namespace agentauth::app
