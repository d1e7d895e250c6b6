// A text that must not be seen: API keys, passwords, signing secrets.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/random.h"

namespace agentauth {

// Converts to nothing, prints as nothing and is wiped when it dies, so that it cannot slip into a
// log, an error or a JSON answer. `reveal()` is the one door, easy to grep for.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret& other) = default;
  Secret& operator=(const Secret& other) = default;
  ~Secret() { wipe(); }

  std::string_view reveal() const { return text_; }
  // To be filled in place.
  std::span<std::uint8_t> bytes() {
    return {reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()};
  }
  bool empty() const { return text_.empty(); }

 private:
  void wipe();

  std::string text_;
};

Secret random_secret(Random& random, std::size_t bytes);

}  // namespace agentauth
