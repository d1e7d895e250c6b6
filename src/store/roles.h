// The tables of roles and groups, and of who is a member of them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/agent.h"
#include "model/role.h"
#include "store/agents.h"
#include "store/session.h"

namespace agentauth {

// Of a row that begins with the columns id, member, principal, expires_at, created_at.
Membership read_membership(const Row& row);

class RoleRepository {
 public:
  explicit RoleRepository(Session& session) : session_(session) {}

  // Nothing when there is one of that principal already.
  Result<std::optional<Role>> insert(const std::string& principal, const std::string& about);
  // Errors: not_found, as for the others below.
  Result<Role> find(const std::string& principal);
  Result<Role> describe(const std::string& principal, const std::string& about);
  // Those of a kind, oldest first.
  Result<std::vector<Role>> list(RoleKind kind, const PageStart& after, std::int64_t limit);
  // With its grants, its members, and its own memberships.
  Result<void> erase(const std::string& principal);

  // Returns whether it is new; otherwise it ends then from now on.
  Result<bool> put_member(const std::string& member, std::optional<AgentId> agent, RoleId role,
                          std::optional<Timestamp> expires_at);
  Result<Membership> find_member(const std::string& member, RoleId role);
  // False when it was none.
  Result<bool> erase_member(const std::string& member, RoleId role);
  // Who is a member, oldest membership first.
  Result<std::vector<Membership>> list_members(RoleId role, const PageStart& after,
                                               std::int64_t limit);
  // What it is a member of, oldest first.
  Result<std::vector<Membership>> list_of_member(const std::string& member, const PageStart& after,
                                                 std::int64_t limit);
  // What follows counts memberships that have not ended by `now`.
  Result<std::int64_t> count_of_member(const std::string& member, Timestamp now);

  // Whether the one is the other or, by however many steps, a member of it, ended or not: one that
  // ended may be made to last again.
  Result<bool> is_within(const std::string& principal, const std::string& other);
  // How many levels of roles and groups one is a member of, or has as members; at most `most`.
  Result<std::int64_t> levels_above(const std::string& principal, std::int64_t most, Timestamp now);
  Result<std::int64_t> levels_below(const std::string& principal, std::int64_t most, Timestamp now);
  // How many roles and groups one is in, by however many steps.
  Result<std::int64_t> count_above(const std::string& member, Timestamp now);
  // At most `limit` of those within a role or group that may be in more than `most`: nobody else
  // is.
  Result<std::vector<std::string>> maybe_above(const std::string& principal, std::int64_t most,
                                               std::int64_t limit, Timestamp now);

  // Whether there are memberships that ended before that.
  Result<bool> has_ended(Timestamp before);
  // Erases at most `limit` of those; returns them. REQUIRES: the changes are locked.
  Result<std::vector<Membership>> sweep_ended(Timestamp before, std::int64_t limit);
  // The same of one member's, but for the `kept` that ended last.
  Result<std::vector<Membership>> sweep_ended_of(const std::string& member, Timestamp now,
                                                 std::int64_t kept, std::int64_t limit);

  // What the directory keeps of each.
  struct State {
    RoleId id;
    std::string principal;
  };
  Result<void> each_state(FunctionRef<void(const State&)> visit);
  Result<std::optional<State>> find_state(const std::string& principal);
  // Of those of them that are there, in no order.
  Result<void> each_state_of(std::span<const std::string> principals,
                             FunctionRef<void(const State&)> visit);
  struct MembershipState {
    std::string member;
    State of;
    std::optional<Timestamp> expires_at;
  };
  // The memberships of one member come together.
  Result<void> each_membership(FunctionRef<void(const MembershipState&)> visit);
  Result<void> each_membership_of(const std::string& member,
                                  FunctionRef<void(const MembershipState&)> visit);
  // In no order.
  Result<void> each_membership_of(std::span<const std::string> members,
                                  FunctionRef<void(const MembershipState&)> visit);

 private:
  Result<std::vector<Membership>> erase_those(Sql select, std::initializer_list<Param> params);

  Session& session_;
};

}  // namespace agentauth
