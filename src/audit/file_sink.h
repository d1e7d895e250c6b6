// The trail in a file of its own, so that it can leave the machine: JSON Lines, only appended to,
// on the disk before it counts.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/lines.h"

namespace agentauth::audit {

// For one thread.
class FileSink {
 public:
  // Makes the file, mode 0600, or goes on behind what it holds. Half a line, which a crash left at
  // the end, is cut off by what is appended first: until then, whoever finds that the file is not
  // for this trail leaves it as it was. So is a file that holds anything else.
  // Errors: invalid_argument, in one line: cannot be opened, or holds something else.
  static Result<FileSink> open(const std::string& path);
  // The same for a file that is there, and writes nothing.
  static Result<FileSink> open_existing(const std::string& path);
  ~FileSink();
  FileSink(FileSink&& other) noexcept;
  FileSink& operator=(FileSink&& other) noexcept;

  // The last event that is in the file, or before its start; nothing when it is empty.
  const std::optional<AuditHead>& position() const { return position_; }

  // Begins an empty file. A chain that does not begin there with number 1 gets a signed start.
  Result<void> begin(const Checkpoint& start);
  // All of it is on the disk afterwards, or none. Errors: unavailable.
  Result<void> append(std::span<const AuditEvent> events);
  Result<void> append(const Checkpoint& checkpoint);
  const std::string& path() const { return path_; }
  // False when what is at the path now is another file: this one was moved away or removed.
  bool is_at_its_path() const;
  // Whether the file is what was left behind. One that somebody moved away is: what follows goes
  // into it until another is opened. Errors: unavailable when it was written or cut by another, or
  // removed; nothing is written to it then, either.
  Result<void> require_unchanged() const;

 private:
  FileSink(std::string path, int file) : path_(std::move(path)), file_(file) {}

  Result<void> find_position();
  // False when one of the last lines is not ours.
  bool find_position_in(std::string_view lines);
  Result<void> make_ready();
  Result<void> cut_half_line();
  Result<void> write_through(std::string_view text);

  std::string path_;
  int file_ = -1;
  std::optional<AuditHead> position_;
  off_t end_ = 0;              // of what was found or written
  bool begun_ = false;         // to write
  std::optional<off_t> half_;  // where a line begins that is not whole, and not cut off yet
};

}  // namespace agentauth::audit
