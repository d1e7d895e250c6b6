#include "authz/internal/closure.h"

namespace agentauth::internal {

Closure::Closure(const Directory::View& view, const Subject& subject, Timestamp now) {
  if (subject.actor) {
    begin(subject.actor->policy);
    begin(view.every_agents_policy());
  } else {
    begin(view.find_policy(subject.name));
  }
  for (std::size_t from = 0; from < size_; ++from) {
    for (const MembershipRule& membership : at(from).memberships()) {
      if (!membership.is_in_time(now)) continue;
      if (const SubjectPolicy* of = view.find_policy(membership)) add(of, from);
    }
  }
}

void Closure::begin(const SubjectPolicy* policy) {
  if (policy != nullptr) add(policy, size_);
}

void Closure::add(const SubjectPolicy* policy, std::size_t origin) {
  for (std::size_t i = 0; i < size_; ++i)
    if (places_[i].policy == policy) return;
  if (size_ == policies_max) {
    is_cut_off_ = true;
    return;
  }
  places_[size_++] = {policy, static_cast<std::uint16_t>(origin)};
}

}  // namespace agentauth::internal
