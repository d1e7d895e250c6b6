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
  static Result<NewFile> create(const std::filesystem::path& named);
  ~NewFile();
  NewFile(NewFile&& other) noexcept;
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  NewFile& operator=(NewFile&&) = delete;

  // Where it is until then.
  const std::string& path() const { return path_; }

  // Whoever may write to the folder can put another file in its place. Errors: conflict.
  Result<void> require_own() const;

  // On the disk when it returns. Errors: also conflict, when something is there that may not be
  // replaced, or what is to be put there is not the file that was made.
  enum class Existing : bool { keep, replace };
  Result<void> put_in_place(Existing existing);

 private:
  NewFile(std::string path, std::filesystem::path place, int descriptor)
      : path_(std::move(path)), place_(std::move(place)), descriptor_(descriptor) {}

  std::string path_;  // empty: moved from, or in place
  std::filesystem::path place_;
  int descriptor_;  // -1: moved from
};

// Makes names that were changed in a folder last. Errors: unavailable.
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace agentauth::app
