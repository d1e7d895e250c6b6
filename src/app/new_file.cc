#include "app/new_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace agentauth::app {
namespace {

tl::unexpected<Error> fail(const std::string& what, int error) {
  return failure(Errc::unavailable, what + ": " + std::generic_category().message(error));
}

std::filesystem::path folder_of(const std::filesystem::path& place) {
  return place.has_parent_path() ? place.parent_path() : std::filesystem::path(".");
}

// Its folder by its own name, so that none of it is a link when the file is opened by name.
Result<std::filesystem::path> resolved(const std::filesystem::path& place) {
  std::error_code error;
  const auto folder = std::filesystem::canonical(folder_of(place), error);
  if (error) return fail("cannot write beside " + place.string(), error.value());
  return folder / place.filename();
}

// What root restores, the server's own account has to be able to open.
void give_to_owner_of(const std::filesystem::path& folder, int descriptor) {
  struct stat found {};
  if (::geteuid() == 0 && ::stat(folder.c_str(), &found) == 0)
    static_cast<void>(::fchown(descriptor, found.st_uid, found.st_gid) == 0);
}

}  // namespace

Result<NewFile> NewFile::create(const std::filesystem::path& named) {
  const auto place = TRY(resolved(named));
  std::string path = place.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);  // mode 0600
  if (descriptor < 0) return fail("cannot write beside " + named.string(), errno);
  give_to_owner_of(folder_of(place), descriptor);
  return NewFile(std::move(path), place, descriptor);
}

NewFile::~NewFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      place_(std::move(other.place_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

Result<void> NewFile::require_own() const {
  struct stat own {};
  struct stat there {};
  if (::fstat(descriptor_, &own) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
      own.st_dev == there.st_dev && own.st_ino == there.st_ino)
    return {};
  return failure(Errc::conflict, "somebody put another file in the place of " + path_);
}

Result<void> NewFile::put_in_place(Existing existing) {
  if (::fsync(descriptor_) != 0) return fail("cannot sync " + path_, errno);
  TRY(require_own());
  const unsigned flags = existing == Existing::keep ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, place_.c_str(), flags) != 0) {
    if (errno == EEXIST) return failure(Errc::conflict, place_.string() + " is there already");
    return fail("cannot write " + place_.string(), errno);
  }
  path_.clear();
  return sync_folder(folder_of(place_));
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return fail("cannot sync " + folder.string(), error);
  return {};
}

}  // namespace agentauth::app
