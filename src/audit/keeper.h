// Looks after the trail in the background: signs checkpoints, indexes it by agent, copies it into
// the second sink, forgets what is older than it has to be kept.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "audit/checkpoint.h"
#include "audit/file_sink.h"
#include "base/log.h"
#include "base/rounds.h"
#include "store/database.h"

namespace agentauth::audit {

class Keeper {
 public:
  struct Options {
    std::int64_t events_between_checkpoints = 10'000;
    std::chrono::hours between_checkpoints{1};
    std::chrono::days retention{0};  // 0: everything is kept
    std::chrono::milliseconds interval{250};
  };
  Keeper(Database& database, const Signer& signer, const Clock& clock, Log& log,
         const Options& options);

  // Before start().
  void write_to(FileSink sink) { sink_ = std::move(sink); }
  void start() { rounds_.start(); }
  // Signs where the chain stands and writes what is left into the file.
  void stop() { rounds_.stop(); }
  // From any thread: from the next round on, the file that is at the path then.
  void reopen_file() { reopen_ = true; }

  // One round of all of it. REQUIRES: not started.
  using Last = Rounds::Last;
  Result<void> round(Last last = Last::no);

  // Of the chain, as this node saw it last; of the file, 0 when there is none.
  std::int64_t head() const { return head_; }
  std::int64_t in_file() const { return in_file_; }

 private:
  Result<void> sign_checkpoint(const AuditHead& head, Last last);
  Result<void> index(const AuditHead& head);
  Result<void> write_file();
  Result<void> reopen_if_asked();
  Result<void> reopen();
  Result<void> begin_file();
  Result<void> require_same_trail(const AuditHead& position);
  Result<void> write_checkpoint_to_file();
  template <class What>
  Result<void> append_to_file(const What& what);
  Result<void> prune();

  Database& database_;
  const Signer& signer_;
  const Clock& clock_;
  Log& log_;
  const Options options_;

  // Of the thread.
  std::optional<FileSink> sink_;
  std::optional<AuditHead> written_;  // into the file before it was moved away
  bool continues_ = false;            // the file is known to be of this trail
  std::int64_t checkpoint_in_file_ = 0;

  std::atomic<bool> reopen_{false};
  std::atomic<std::int64_t> head_{0};
  std::atomic<std::int64_t> in_file_{0};

  Rounds rounds_;  // ends before what it works on
};

}  // namespace agentauth::audit
