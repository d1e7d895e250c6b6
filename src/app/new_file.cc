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

Result<void> sync(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return fail("cannot sync " + path.string(), error);
  return {};
}

// What root restores, the server's own account has to be able to open.
void give_to_owner_of(const std::filesystem::path& folder, int descriptor) {
  struct stat found {};
  if (::geteuid() == 0 && ::stat(folder.c_str(), &found) == 0)
    static_cast<void>(::fchown(descriptor, found.st_uid, found.st_gid) == 0);
}

}  // namespace

Result<NewFile> NewFile::create(const std::filesystem::path& place) {
  std::string path = place.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);  // mode 0600
  if (descriptor < 0) return fail("cannot write beside " + place.string(), errno);
  give_to_owner_of(folder_of(place), descriptor);
  ::close(descriptor);
  return NewFile(std::move(path), place);
}

NewFile::~NewFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), place_(std::move(other.place_)) {}

Result<void> NewFile::put_in_place(Existing existing) {
  TRY(sync(path_, O_RDWR));
  const unsigned flags = existing == Existing::keep ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, place_.c_str(), flags) != 0) {
    if (errno == EEXIST) return failure(Errc::conflict, place_.string() + " is there already");
    return fail("cannot write " + place_.string(), errno);
  }
  path_.clear();
  return sync_folder(folder_of(place_));
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  return sync(folder, O_RDONLY | O_DIRECTORY);
}

}  // namespace agentauth::app
