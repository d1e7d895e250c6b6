#include "app/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

namespace agentauth::app {
namespace {

// Between reading the file and removing it no other server may replace it. The folder is locked for
// that moment, not the file: the file is another one after each write.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder)
      : descriptor_(
            ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (held() && ::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) continue;
  }
  ~FolderLock() {
    if (held()) ::close(descriptor_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool held() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::string own_line() { return std::to_string(::getpid()) + '\n'; }

bool write_whole(const std::filesystem::path& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return written;
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line + '\n';
}

std::string program_of(const std::string& process) {
  return first_line("/proc/" + process + "/comm");
}

}  // namespace

std::optional<pid_t> find_running(const std::filesystem::path& path) {
  const std::string line = first_line(path);
  const pid_t process = std::atoi(line.c_str());
  // A number may have gone to another program since.
  if (process <= 0 || process == ::getpid() ||
      program_of(std::to_string(process)) != program_of("self"))
    return std::nullopt;
  return process;
}

Result<PidFile> PidFile::write(std::filesystem::path path) {
  const FolderLock lock(path.parent_path());
  const std::filesystem::path aside = path.string() + ".new";
  if (!lock.held() || !write_whole(aside, own_line()) ||
      ::rename(aside.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(aside.c_str());
    return failure(Errc::unavailable,
                   "cannot write " + path.string() + ": " + std::strerror(error));
  }
  return PidFile(std::move(path));
}

PidFile::PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PidFile::~PidFile() {
  if (path_.empty()) return;
  const FolderLock lock(path_.parent_path());
  if (lock.held() && first_line(path_) == own_line()) ::unlink(path_.c_str());
}

}  // namespace agentauth::app
