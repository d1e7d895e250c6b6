// Requests that may have a larger body than others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace agentauth::http {

// One kind of them; nobody has proved who calls when its body arrives.
struct LargeBodyRule {
  Method method;
  std::string_view path;
  std::size_t bytes_max;
};

// How many of them arrive at the same time, so that strangers who send them take little memory. Of
// one core, used by its thread alone; it outlives the places that it hands out.
class LargeBodies {
 public:
  static constexpr int places_max = 2;

  explicit LargeBodies(std::vector<LargeBodyRule> rules) : rules_(std::move(rules)) {}

  // How large the body of such a request may be.
  std::size_t bytes_max(Method method, std::string_view path) const {
    const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const LargeBodyRule& known) {
      return known.method == method && known.path == path;
    });
    return rule == rules_.end() ? body_bytes_max : rule->bytes_max;
  }
  bool take_place() {
    if (taken_ == places_max) return false;
    ++taken_;
    return true;
  }
  void give_back() { --taken_; }

 private:
  const std::vector<LargeBodyRule> rules_;
  int taken_ = 0;
};

}  // namespace agentauth::http
