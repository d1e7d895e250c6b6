// Whose grants count for a subject: its own, those of every agent, and those of the roles and
// groups it is a member of, theirs included.
#pragma once

#include <array>
#include <cstdint>

#include "authz/decision.h"

namespace agentauth::internal {

class Closure {
 public:
  static constexpr std::size_t policies_max = 256;

  // Of memberships that have not ended by `now`. Takes no memory.
  Closure(const Directory::View& view, const Subject& subject, Timestamp now,
          const PolicyOverlay* overlay = nullptr);

  // Whether there is more than is looked at.
  bool is_cut_off() const { return is_cut_off_; }
  std::size_t size() const { return size_; }
  const SubjectPolicy& at(std::size_t index) const { return *places_[index].policy; }
  // By which place it came in; its own for where it began.
  std::size_t origin(std::size_t index) const { return places_[index].origin; }

 private:
  struct Place {
    const SubjectPolicy* policy;
    std::uint16_t origin;
  };

  void begin(const SubjectPolicy* policy);
  void add(const SubjectPolicy* policy, std::size_t origin);

  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): the first size_ are set
  std::array<Place, policies_max> places_;
  std::size_t size_ = 0;
  bool is_cut_off_ = false;
};

}  // namespace agentauth::internal
