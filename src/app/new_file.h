// A file that appears under its name when it is complete, and not before.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace agentauth::app {

// Made beside its place, for its owner only; when root makes it, for whom the folder belongs to.
// Gone with this unless it was put in place. Errors of all: unavailable, which name the file.
class NewFile {
 public:
  static Result<NewFile> create(const std::filesystem::path& place);
  ~NewFile();
  NewFile(NewFile&& other) noexcept;
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  NewFile& operator=(NewFile&&) = delete;

  // Where it is until then.
  const std::string& path() const { return path_; }

  // On the disk when it returns. Errors: also conflict, when something is there that may not be
  // replaced.
  enum class Existing : bool { keep, replace };
  Result<void> put_in_place(Existing existing);

 private:
  NewFile(std::string path, std::filesystem::path place)
      : path_(std::move(path)), place_(std::move(place)) {}

  std::string path_;  // empty: moved from, or in place
  std::filesystem::path place_;
};

// Makes names that were changed in a folder last. Errors: unavailable.
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace agentauth::app
