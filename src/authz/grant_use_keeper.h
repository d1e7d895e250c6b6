// Writes down in the background which grants were used.
#pragma once

#include "authz/grant_uses.h"
#include "base/rounds.h"
#include "store/database.h"

namespace agentauth {

class GrantUseKeeper {
 public:
  // All are the caller's and outlive this.
  GrantUseKeeper(Database& database, const Directory& directory, GrantUses& uses, Log& log);

  void start() { rounds_.start(); }
  // Writes the last uses.
  void stop() { rounds_.stop(); }

  // Errors: unavailable; what was not written is written by the next one. REQUIRES: not started.
  Result<void> round();

 private:
  Database& database_;
  const Directory& directory_;
  GrantUses& uses_;

  Rounds rounds_;  // ends before what it works on
};

}  // namespace agentauth
