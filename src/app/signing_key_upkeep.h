// Keeps the schedule of signing keys while a server runs.
#pragma once

#include <chrono>

#include "base/log.h"
#include "tokens/signing_key_service.h"

namespace agentauth::app {

// For one thread.
class SigningKeyUpkeep {
 public:
  // Without keys there is nothing to do.
  SigningKeyUpkeep(SigningKeyService* keys, Log& log) : keys_(keys), log_(log) {}

  // Call it often. What fails is logged, and tried again a while later.
  void run();

 private:
  SigningKeyService* const keys_;
  Log& log_;
  std::chrono::steady_clock::time_point again_at_{};
};

}  // namespace agentauth::app
