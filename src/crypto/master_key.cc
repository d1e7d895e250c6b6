#include "crypto/master_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace agentauth {
namespace {

// Closes a descriptor when its scope ends.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  int number_;
};

tl::unexpected<Error> file_failure(const std::string& path, std::string_view what) {
  return failure(Errc::invalid_argument, "master key " + path + ": " + std::string(what));
}

// The name, too, must survive a loss of power: a database whose master key is gone is worth
// nothing. EINVAL: a file system that does not do this, and has no need to.
bool sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const Descriptor opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() && (::fsync(opened.number()) == 0 || errno == EINVAL);
}

// Written aside and linked into place, so that nobody ever reads half a key and of two servers
// starting at once exactly one makes the file. EEXIST is the other one's success.
Result<void> create_file(const std::string& path, Random& random) {
  const std::string aside = path + "." + random.base62(8) + ".new";
  {
    const Descriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.valid()) return file_failure(path, std::strerror(errno));
    const Secret secret = random_secret(random, master_key_bytes);
    const std::string_view key = secret.reveal();
    const bool written =
        ::write(file.number(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
        ::fsync(file.number()) == 0;
    if (!written) {
      ::unlink(aside.c_str());
      return file_failure(path, "cannot be written");
    }
  }
  const bool linked = ::link(aside.c_str(), path.c_str()) == 0 || errno == EEXIST;
  const int error = errno;
  ::unlink(aside.c_str());
  if (!linked) return file_failure(path, std::strerror(error));
  if (!sync_folder_of(path)) return file_failure(path, std::strerror(errno));
  return {};
}

}  // namespace

bool is_private_file(mode_t mode, uid_t owner, uid_t reader) {
  const bool is_lent = owner == 0 && reader != 0;
  const mode_t open_to_others = (S_IRWXG | S_IRWXO) & ~(is_lent ? S_IRGRP : mode_t{0});
  return (mode & open_to_others) == 0;
}

Result<MasterKey> MasterKey::load(const std::string& path, IfMissing if_missing, Random& random) {
  if (if_missing == IfMissing::create && ::access(path.c_str(), F_OK) != 0)
    TRY(create_file(path, random));
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return file_failure(path, std::strerror(errno));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return file_failure(path, std::strerror(errno));
  if (!is_private_file(status.st_mode, status.st_uid, ::geteuid()))
    return file_failure(path, "others may read it; run chmod 600 on it");
  std::array<std::uint8_t, master_key_bytes + 1> key{};
  const ssize_t size = ::read(file.number(), key.data(), key.size());
  if (size != static_cast<ssize_t>(master_key_bytes))
    return file_failure(path, "must hold exactly 32 random bytes");
  MasterKey loaded(ByteView(key).first(master_key_bytes));
  explicit_bzero(key.data(), key.size());
  return loaded;
}

std::string MasterKey::fingerprint() const {
  const Sha256 digest = derive("agentauth fingerprint");
  return hex_encode(ByteView(digest).first(16));
}

}  // namespace agentauth
