// The signing keys in use, replaced as a whole while other threads read them.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "base/epoch.h"
#include "tokens/signing_key.h"

namespace agentauth {

// Readers take no lock and share no counter. Safe to use from any thread.
class SigningKeyRing {
 private:
  struct Version {
    SigningKeys keys;
    std::uint64_t generation;
  };

 public:
  explicit SigningKeyRing(SigningKeys keys);
  ~SigningKeyRing();
  SigningKeyRing(const SigningKeyRing&) = delete;
  SigningKeyRing& operator=(const SigningKeyRing&) = delete;

  // What one thread looks at. Short-lived; stays on its thread.
  class View {
   public:
    explicit View(const SigningKeyRing& ring)
        : pin_(ring.epochs_), version_(*ring.version_.load(std::memory_order_seq_cst)) {}

    const SigningKeys& keys() const { return version_.keys; }
    std::uint64_t generation() const { return version_.generation; }

   private:
    EpochDomain::Pin pin_;
    const Version& version_;
  };

  void replace(SigningKeys keys);
  // Another number after each replace(): what was found with keys of another one is found anew.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  EpochDomain epochs_;
  std::mutex replacing_;
  std::atomic<const Version*> version_;
  std::atomic<std::uint64_t> generation_{1};
};

}  // namespace agentauth
