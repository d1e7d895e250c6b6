#include "audit/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace agentauth::audit {
namespace {

// A line is a few hundred bytes.
constexpr std::size_t tail_bytes = 64 * 1024;

std::string last_error() { return std::strerror(errno); }  // NOLINT(concurrency-mt-unsafe)

Result<int> open_file(const std::string& path, int if_missing) {
  const int file =
      ::open(path.c_str(), O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | if_missing, 0600);
  // Whoever may write to its folder could else lead us to any file.
  if (file < 0 && errno == ELOOP)
    return failure(Errc::invalid_argument, "cannot open the audit file " + path +
                                               ": it is a symbolic link; name the file itself");
  if (file < 0)
    return failure(Errc::invalid_argument,
                   "cannot open the audit file " + path + ": " + last_error());
  return file;
}

}  // namespace

Result<FileSink> FileSink::open(const std::string& path) {
  FileSink sink(path, TRY(open_file(path, O_CREAT)));
  TRY(sink.find_position());
  return sink;
}

Result<FileSink> FileSink::open_existing(const std::string& path) {
  FileSink sink(path, TRY(open_file(path, 0)));
  TRY(sink.find_position());
  return sink;
}

FileSink::~FileSink() {
  if (file_ >= 0) ::close(file_);
}

FileSink::FileSink(FileSink&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      position_(std::move(other.position_)),
      end_(other.end_),
      begun_(other.begun_),
      half_(std::exchange(other.half_, std::nullopt)) {}

FileSink& FileSink::operator=(FileSink&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(position_, other.position_);
  std::swap(end_, other.end_);
  std::swap(begun_, other.begun_);
  std::swap(half_, other.half_);
  return *this;
}

Result<void> FileSink::find_position() {
  struct stat status {};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode))
    return failure(Errc::invalid_argument, "the audit file " + path_ + " is not a plain file");
  const auto size = static_cast<std::size_t>(status.st_size);
  std::string tail(std::min(size, tail_bytes), '\0');
  const auto from = static_cast<off_t>(size - tail.size());
  if (::pread(file_, tail.data(), tail.size(), from) != static_cast<ssize_t>(tail.size()))
    return failure(Errc::invalid_argument,
                   "cannot read the audit file " + path_ + ": " + last_error());
  const std::size_t whole = tail.find_last_of('\n') + 1;  // npos + 1 is 0
  const std::string_view half = std::string_view(tail).substr(whole);
  const auto before = std::exchange(position_, std::nullopt);
  const bool is_ours =
      begins_like_a_line(half) && find_position_in(std::string_view(tail).substr(0, whole));
  // A file that is longer than its tail has an event in it.
  if (!is_ours || (from > 0 && !position_)) {
    position_ = before;
    return failure(Errc::invalid_argument,
                   "the audit file " + path_ + " holds something else; name another");
  }
  end_ = status.st_size;
  half_.reset();
  if (!half.empty()) half_ = from + static_cast<off_t>(whole);
  return {};
}

// Until the first is written, what was found may be older than what is there: the process before
// this one has written its last.
Result<void> FileSink::make_ready() {
  struct stat status {};
  if (!begun_ && ::fstat(file_, &status) == 0 && status.st_size != end_) {
    TRY(find_position());
    return failure(Errc::unavailable, "The audit file was written by another process, too",
                   path_ + ": looked at again");
  }
  TRY(require_unchanged());
  return cut_half_line();
}

// Half a line counts for nothing: it was never on the disk as a whole.
Result<void> FileSink::cut_half_line() {
  if (!half_) return {};
  if (::ftruncate(file_, *half_) != 0)
    return failure(Errc::unavailable, "The audit file cannot be written",
                   path_ + ": " + last_error());
  end_ = *half_;
  half_.reset();
  return {};
}

bool FileSink::find_position_in(std::string_view lines) {
  while (!lines.empty()) {
    lines.remove_suffix(1);
    const std::size_t start = lines.find_last_of('\n') + 1;  // npos + 1 is 0
    const auto line = parse_line(lines.substr(start));
    if (!line) return false;
    if (const auto* event = std::get_if<AuditEvent>(&*line)) {
      position_ = AuditHead{event->sequence, event->hash};
      return true;
    }
    const Checkpoint& checkpoint = std::get<Checkpoint>(*line);
    if (checkpoint.purpose == Purpose::start) {
      position_ = AuditHead{checkpoint.sequence, checkpoint.hash};
      return true;
    }
    lines = lines.substr(0, start);
  }
  return true;
}

Result<void> FileSink::begin(const Checkpoint& start) {
  if (start.sequence > 0) TRY(append(start));
  position_ = AuditHead{start.sequence, start.hash};
  return {};
}

Result<void> FileSink::append(std::span<const AuditEvent> events) {
  if (events.empty()) return {};
  std::string text;
  for (const AuditEvent& event : events) append_line(event, text);
  TRY(write_through(text));
  position_ = AuditHead{events.back().sequence, events.back().hash};
  return {};
}

Result<void> FileSink::append(const Checkpoint& checkpoint) {
  std::string text;
  append_line(checkpoint, text);
  return write_through(text);
}

bool FileSink::is_at_its_path() const {
  struct stat own {};
  struct stat there {};
  return ::fstat(file_, &own) == 0 && ::stat(path_.c_str(), &there) == 0 &&
         own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

Result<void> FileSink::require_unchanged() const {
  const auto changed = [&](std::string_view what) {
    return failure(Errc::unavailable, "The audit file was changed by another program",
                   path_ + ": " + std::string(what) + "; nothing is written to it");
  };
  struct stat status {};
  if (::fstat(file_, &status) != 0) return changed(last_error());
  if (status.st_nlink == 0 && !is_at_its_path()) return changed("it was removed");
  if (!begun_) return {};
  if (status.st_size > end_) return changed("somebody wrote into it");
  if (status.st_size < end_) return changed("it was cut off");
  return {};
}

Result<void> FileSink::write_through(std::string_view text) {
  TRY(make_ready());
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (rest.empty() && ::fdatasync(file_) == 0) {
    end_ += static_cast<off_t>(text.size());
    begun_ = true;
    return {};
  }
  const std::string why = last_error();
  // What is half there would be taken for damage.
  if (::ftruncate(file_, end_) != 0) {
    half_ = end_;
    end_ += static_cast<off_t>(text.size() - rest.size());
  }
  return failure(Errc::unavailable, "The audit file cannot be written", path_ + ": " + why);
}

}  // namespace agentauth::audit
