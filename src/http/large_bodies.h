// Requests that may have a larger body than others.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace agentauth::http {

// One kind of them.
struct LargeBodyRule {
  Method method;
  std::string_view path;
  std::size_t bytes_max;
};

// Who sends one, as the application names its callers.
using LargeBodySender = std::array<std::uint8_t, 16>;

// How many of them arrive at the same time, so that they take little memory, and of whom: each
// sender has one place, so that nobody takes all. Of one core, used by its thread alone; it
// outlives the places that it hands out.
class LargeBodies {
 public:
  static constexpr std::size_t places_max = 2;

  explicit LargeBodies(std::vector<LargeBodyRule> rules) : rules_(std::move(rules)) {}

  // How large the body of such a request may be.
  std::size_t bytes_max(Method method, std::string_view path) const {
    const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const LargeBodyRule& known) {
      return known.method == method && known.path == path;
    });
    return rule == rules_.end() ? body_bytes_max : rule->bytes_max;
  }
  // Errors: unavailable, when there is none left, or none for this sender.
  Result<void> take_place(const LargeBodySender& sender) {
    if (std::find(senders_.begin(), senders_.end(), sender) != senders_.end())
      return failure(Errc::unavailable,
                     "This caller sends another large body already; try again shortly");
    if (senders_.size() == places_max)
      return failure(Errc::unavailable, "Too many large bodies arrive at once; try again shortly");
    senders_.push_back(sender);
    return {};
  }
  void give_back(const LargeBodySender& sender) { std::erase(senders_, sender); }

 private:
  const std::vector<LargeBodyRule> rules_;
  std::vector<LargeBodySender> senders_;
};

// What stands before the places: `admit` says who sends the request that is being read, whose head
// is complete, and that they may. It is asked once for each large body, before a place is taken and
// before more of it is read than others may send. Errors: what the request is refused with.
struct LargeBodyDoor {
  LargeBodies& places;
  std::function<Result<LargeBodySender>()> admit;
};

}  // namespace agentauth::http
