// Looks after keys in the background: writes down when each was last used, and puts on record, some
// time before, that one is about to end.
#pragma once

#include <atomic>
#include <chrono>

#include "audit/recorder.h"
#include "base/rounds.h"
#include "keys/key_uses.h"
#include "store/database.h"

namespace agentauth {

class KeyKeeper {
 public:
  struct Work {
    Database& database;
    KeyUses& uses;
    audit::Recorder& recorder;
    const Clock& clock;
    Log& log;
  };
  struct Options {
    Seconds expiry_notice{0};  // 0: none is given
    AuditText node;
  };
  KeyKeeper(const Work& work, const Options& options);

  void start() { rounds_.start(); }
  // Writes the last uses.
  void stop() { rounds_.stop(); }

  // Errors: unavailable; what was not done is done by the next one. REQUIRES: not started.
  using Last = Rounds::Last;
  Result<void> round(Last last = Last::no);

  // Keys, on all nodes, that end within the time of the notice; as of the last look.
  std::int64_t expiring() const { return expiring_; }

 private:
  Result<void> write_uses();
  Result<void> look_for_ends();
  Result<bool> give_notice(Timestamp now);
  AuditEvent notice_of(const ApiKey& key, Timestamp now) const;

  const Work work_;
  const Options options_;
  int rounds_to_look_ = 0;  // of the thread
  std::atomic<std::int64_t> expiring_{0};

  Rounds rounds_;  // ends before what it works on
};

}  // namespace agentauth
