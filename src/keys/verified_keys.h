// Which keys have passed bcrypt lately, so that a second login costs microseconds.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/time.h"
#include "crypto/hash.h"

namespace agentauth {

// Remembers that a key's text matched a row at a generation, never that its agent may log in:
// status, expiry and agent are read again on each use. Keyed by an HMAC under a secret of this
// process over the whole key and the verifier's settings, so that neither a memory dump nor a
// chosen key helps anybody. Fixed size; the oldest of a set gives way. Safe to use from any thread.
class VerifiedKeys {
 public:
  explicit VerifiedKeys(std::chrono::milliseconds lifetime);

  bool contains(const Sha256& name, std::uint32_t generation, Timestamp now) const;
  void remember(const Sha256& name, std::uint32_t generation, Timestamp now);

 private:
  static constexpr std::size_t sets = 16 * 1024;
  static constexpr std::size_t ways = 4;
  static constexpr std::size_t stripes = 64;

  struct Entry {
    Sha256 name;
    std::int64_t until_ms;
    std::uint32_t generation;
  };
  using Set = std::array<Entry, ways>;
  struct Freed {
    void operator()(Set* set) const;
  };

  std::size_t set_of(const Sha256& name) const;

  const std::chrono::milliseconds lifetime_;
  mutable std::array<std::mutex, stripes> locks_;
  // From calloc: pages that were never written take no memory.
  std::unique_ptr<Set[], Freed> sets_;
};

}  // namespace agentauth
