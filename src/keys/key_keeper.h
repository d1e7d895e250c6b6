// Looks after keys in the background: writes down when each was last used.
#pragma once

#include <chrono>

#include "base/rounds.h"
#include "keys/key_uses.h"
#include "store/database.h"

namespace agentauth {

class KeyKeeper {
 public:
  KeyKeeper(Database& database, KeyUses& uses, Log& log);

  void start() { rounds_.start(); }
  // Writes the last of it.
  void stop() { rounds_.stop(); }

  // Errors: unavailable; what was not written is written with the next one. REQUIRES: not started.
  Result<void> round();

 private:
  static constexpr std::chrono::seconds interval{2};

  Result<void> write_uses();

  Database& database_;
  KeyUses& uses_;

  Rounds rounds_;  // ends before what it works on
};

}  // namespace agentauth
