// What was decided on the way to one answer, to be counted when that is given: on any thread while
// it is decided, and then on the core that answers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "authz/decision.h"

namespace agentauth::api {

// Which way a question came in: of AuthZEN, of a gateway, or as a call to a route of our own.
enum class DecisionEntry : std::uint8_t { evaluation, gateway, route };
inline constexpr std::size_t decision_entry_count = 3;
constexpr std::string_view to_string(DecisionEntry entry) {
  constexpr std::array<std::string_view, decision_entry_count> names = {"evaluation", "gateway",
                                                                        "route"};
  return names[static_cast<std::size_t>(entry)];
}

// Why it is what it is: the decision's own reasons, and those of what was not decided at all.
enum class DecisionKind : std::uint8_t {};
inline constexpr DecisionKind decided_by(Reason reason) {
  return DecisionKind{static_cast<std::uint8_t>(reason)};
}
inline constexpr DecisionKind agent_ambiguous_kind{reason_count};
inline constexpr DecisionKind malformed_kind{reason_count + 1};
inline constexpr std::size_t decision_kind_count = reason_count + 2;
inline std::string_view to_string(DecisionKind kind) {
  if (kind == agent_ambiguous_kind) return "agent_ambiguous";
  if (kind == malformed_kind) return "malformed";
  return to_string(static_cast<Reason>(kind));
}

// Of each kind so many; one request decides 1,000 at most.
class DecisionCounts {
 public:
  void note(DecisionKind kind) {
    ++of_[static_cast<std::size_t>(kind)];
    any_ = true;
  }
  void clear() {
    if (any_) *this = {};
  }
  bool any() const { return any_; }
  std::uint16_t of(std::size_t kind) const { return of_[kind]; }

 private:
  std::array<std::uint16_t, decision_kind_count> of_{};
  bool any_ = false;
};

}  // namespace agentauth::api
