// Looks at rules one by one, as decide() does, and says of each what became of it.
#pragma once

#include <string>
#include <vector>

#include "authz/explanation.h"
#include "authz/internal/closure.h"
#include "authz/internal/lazy_facts.h"

namespace agentauth::internal {

class Explainer {
 public:
  // All are the caller's and outlive this.
  Explainer(const Directory::View& view, const Subject& subject, std::string_view name,
            const Question& question, policy::Values values);

  // The first of them, in the order that Explanation tells; what decided is among them.
  std::vector<ConsideredRule> considered(const Decision& decision);
  std::vector<LivingMembership> memberships() const;
  // The first by its name of the roles and groups that the subject is no member of and never was.
  std::optional<ConsideredRule> role_that_would_allow();

 private:
  struct Place {
    const SubjectPolicy* policy = nullptr;
    std::size_t origin = 0;                 // its own for where it began
    const MembershipRule* ended = nullptr;  // by which it would belong to the subject
  };

  // A rule of a place, or without one a plain permission of the agent.
  struct Candidate {
    std::size_t nearness = 0;  // of its path
    std::size_t place = 0;
    const GrantRule* rule = nullptr;
    NameId action = 0;
    bool decides = false;
    bool is_about_resource = true;
  };

  void add_ended(std::size_t from);
  bool is_known(const SubjectPolicy* policy) const;
  Path path_to(std::size_t place) const;
  bool is_about_action(const GrantRule& rule) const;
  Grant shown(const SubjectPolicy& policy, const GrantRule& rule) const;
  ConsideredRule consider(const SubjectPolicy& policy, const GrantRule& rule);
  void consider_condition(const GrantRule& rule, ConsideredRule& considered);
  ConsideredRule consider_at(std::size_t place, const GrantRule& rule);
  std::vector<std::size_t> nearness_of_places() const;
  void add_plain(const Decision& decision, std::vector<Candidate>& all) const;
  void add_rules(const Decision& decision, std::vector<Candidate>& all) const;
  bool comes_before(const Candidate& a, const Candidate& b) const;
  bool comes_before(const GrantRule& a, const GrantRule& b) const;
  ConsideredRule shown_plain(NameId held) const;

  const Directory::View& view_;
  const Subject& subject_;
  const std::string name_;
  const Question& question_;
  const policy::Values values_;
  LazyFacts facts_;
  std::vector<Place> places_;
  std::size_t living_ = 0;  // the first so many are by memberships that have not ended
};

}  // namespace agentauth::internal
