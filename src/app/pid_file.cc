#include "app/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace agentauth::app {
namespace {

tl::unexpected<Error> not_writable(const std::filesystem::path& path) {
  return failure(Errc::unavailable, "cannot write " + path.string() + ": " + std::strerror(errno));
}

tl::unexpected<Error> in_use(const std::filesystem::path& path, int descriptor) {
  std::array<char, 16> text{};
  std::string id;
  if (::pread(descriptor, text.data(), text.size() - 1, 0) > 0)
    id = std::string(text.data(), std::strspn(text.data(), "0123456789"));
  return failure(Errc::conflict, "a server" + (id.empty() ? "" : " (process " + id + ")") +
                                     " already runs on the data folder " +
                                     path.parent_path().string() +
                                     "; stop it, or choose another folder with --data-dir");
}

// Whether the name still leads to what was opened: its owner may have removed it in between.
bool is_at(const std::filesystem::path& path, int descriptor) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

Result<PidFile> PidFile::lock(std::filesystem::path path) {
  for (;;) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return not_writable(path);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      auto error = errno == EWOULDBLOCK ? in_use(path, descriptor) : not_writable(path);
      ::close(descriptor);
      return error;
    }
    if (!is_at(path, descriptor)) {
      ::close(descriptor);
      continue;
    }
    PidFile file(std::move(path), descriptor);
    if (::ftruncate(descriptor, 0) != 0) return not_writable(file.path_);
    return file;
  }
}

PidFile::PidFile(PidFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

PidFile::~PidFile() {
  if (descriptor_ < 0) return;
  // While it is locked: a name that leads elsewhere by now is another server's.
  if (is_at(path_, descriptor_)) ::unlink(path_.c_str());
  ::close(descriptor_);
}

Result<void> PidFile::write_own_id() const {
  const std::string text = std::to_string(::getpid()) + '\n';
  if (::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return not_writable(path_);
  return {};
}

}  // namespace agentauth::app
