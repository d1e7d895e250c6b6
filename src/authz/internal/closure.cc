#include "authz/internal/closure.h"

#include "authz/overlay.h"
#include "model/grant.h"

namespace agentauth::internal {

Closure::Closure(const Directory::View& view, const Subject& subject, Timestamp now,
                 const PolicyOverlay* overlay) {
  const auto instead = [&](std::string_view name, const SubjectPolicy* known) {
    return overlay == nullptr ? known : overlay->find(name, known);
  };
  if (!subject.actor) {
    begin(instead(subject.name, view.find_policy(subject.name)));
  } else {
    const SubjectPolicy* own = subject.actor->policy;
    begin(overlay == nullptr ? own : overlay->find(subject_of(subject.actor->agent->id), own));
    begin(instead(policy::every_agent, view.every_agents_policy()));
  }
  for (std::size_t from = 0; from < size_; ++from) {
    for (const MembershipRule& membership : at(from).memberships()) {
      if (!membership.is_in_time(now)) continue;
      const SubjectPolicy* of = instead(membership.of, view.find_policy(membership));
      if (of != nullptr && of->role_id() == membership.role_id) add(of, from);
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
  policy->prefetch();
}

}  // namespace agentauth::internal
