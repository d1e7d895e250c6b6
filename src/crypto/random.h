// Randomness is passed in, like time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace agentauth {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  template <std::size_t N>
  std::array<std::uint8_t, N> bytes() {
    std::array<std::uint8_t, N> out{};
    fill(out);
    return out;
  }
  // Uniform over the 62 characters: no modulo bias.
  std::string base62(std::size_t characters);
};

// The kernel's generator, by way of OpenSSL's. Aborts when there is no randomness: nothing safe
// could follow. Safe to use from any thread.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace agentauth
