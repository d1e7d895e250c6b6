// What would be decided if grants and memberships were changed. Nothing is.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "authz/decision.h"
#include "authz/overlay.h"
#include "model/grant.h"

namespace agentauth {

struct SimulatedMember {
  std::string member;
  std::string of;
};

struct SimulatedChange {
  std::vector<Grant> added;    // without ids
  std::vector<Grant> removed;  // as they are stored
  std::vector<SimulatedMember> joined;
  std::vector<SimulatedMember> left;
};

// Lasts no longer than the view.
class Simulation {
 public:
  // Errors: invalid_argument, with its place, grants.add[0].subject, for what a real change would
  // be refused for: a subject, role, group or membership that is not there, a grant that has ended,
  // a membership that makes a cycle, or is one too many for its member or for who is below it.
  // Levels, and who is below, are looked at last: members.add[3] may be named for a cycle where
  // real changes, one after the other, fail at [0] already.
  static Result<Simulation> of(const Directory::View& view, const SimulatedChange& change,
                               Timestamp now);

  // The same question, and the same subject, as they would be.
  Question changed(Question question) const;
  Subject changed(Subject subject) const;

 private:
  // An agent with other plain permissions than it has.
  struct Agent {
    AgentRecord record;
    std::unique_ptr<const GrantSet> many;
  };

  Simulation(const Directory::View& view, Timestamp now) : view_(&view), now_(now) {}
  Result<SubjectPolicy::Source*> source_of(const std::string& subject);
  NameId name_of(const std::string& permission);
  Result<void> add(const Grant& grant);
  Result<void> remove(const Grant& grant);
  Result<void> join_all(std::span<const SimulatedMember> members);
  Result<bool> join(const SimulatedMember& member);
  Result<void> leave(const SimulatedMember& member);
  std::span<const MembershipRule> memberships_of(const std::string& principal) const;
  bool is_within(const std::string& principal, const std::string& other) const;
  void take_plain(AgentId id, const std::string& permission);

  const Directory::View* view_;
  Timestamp now_;
  std::map<std::string, SubjectPolicy::Source> sources_;
  std::map<AgentId, std::unique_ptr<Agent>> agents_;
  // What nobody was granted so far has no number yet, and gets none for a simulation.
  std::map<std::string, NameId, std::less<>> new_names_;
  PolicyOverlay overlay_;
};

}  // namespace agentauth
