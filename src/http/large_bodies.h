// The one kind of request that may have a larger body than others.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/message.h"

namespace agentauth::http {

// Which that is; nobody has proved who calls when its body arrives.
struct LargeBodyRule {
  Method method = Method::other;  // other: there is none
  std::string_view path = {};
  std::size_t bytes_max = body_bytes_max;
};

// How many of them arrive at the same time, so that strangers who send them take little memory. Of
// one core, used by its thread alone; it outlives the places that it hands out.
class LargeBodies {
 public:
  static constexpr int places_max = 2;

  explicit LargeBodies(const LargeBodyRule& rule) : rule_(rule) {}

  const LargeBodyRule& rule() const { return rule_; }
  bool take_place() {
    if (taken_ == places_max) return false;
    ++taken_;
    return true;
  }
  void give_back() { --taken_; }

 private:
  const LargeBodyRule rule_;
  int taken_ = 0;
};

}  // namespace agentauth::http
