#include "tokens/signing_key_ring.h"

#include <memory>

namespace agentauth {

SigningKeyRing::SigningKeyRing(SigningKeys keys) : version_(new Version{std::move(keys), 1}) {}

SigningKeyRing::~SigningKeyRing() { delete version_.load(); }

void SigningKeyRing::replace(SigningKeys keys) {
  const std::lock_guard lock(replacing_);
  const std::uint64_t generation = generation_.load(std::memory_order_relaxed) + 1;
  auto next = std::make_unique<const Version>(Version{std::move(keys), generation});
  std::unique_ptr<const Version> old(version_.exchange(next.release(), std::memory_order_seq_cst));
  generation_.store(generation, std::memory_order_release);
  epochs_.retire(std::move(old));
}

}  // namespace agentauth
