// The tables of roles, memberships, grants and entities, many rows with each statement: for who
// changes thousands of them while nobody else can write.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/role.h"
#include "store/entities.h"
#include "store/grants.h"
#include "store/session.h"

namespace agentauth {

class PolicyTables {
 public:
  explicit PolicyTables(Session& session) : session_(session) {}

  struct NewRole {
    std::string principal;
    std::string about;
  };
  // Those that are there are about that from now on.
  Result<void> put_roles(std::span<const NewRole> roles);
  // With their grants, their members, and their own memberships; returns how many there were.
  Result<std::int64_t> erase_roles(std::span<const std::string> principals);

  struct NewMember {
    std::string member;
    std::optional<AgentId> agent_id;  // when it is one
    RoleId role;
    std::optional<Timestamp> expires_at;
  };
  // Those that are there end then from now on. Errors: conflict when a role or an agent is gone.
  Result<void> put_members(std::span<const NewMember> members);
  // Returns how many there were, as the others below.
  Result<std::int64_t> erase_members(std::span<const MembershipId> ids);

  // Of these members, those of whose direct memberships more than so many last, or have ended.
  struct Many {
    std::string member;
    std::int64_t lasting = 0;
    std::int64_t ended = 0;
  };
  Result<std::vector<Many>> members_of_many(std::span<const std::string> members, Timestamp now,
                                            std::int64_t lasting_max, std::int64_t ended_max);
  // Those that are in more roles and groups than that, by however many steps that last.
  Result<std::vector<std::string>> members_far_above(std::span<const std::string> members,
                                                     Timestamp now, std::int64_t most);

  struct NewGrant {
    GrantSubject subject;
    const Grant* grant;  // outlives the call
  };
  // Errors: conflict when a subject is gone, or an agent holds one without terms already.
  Result<void> insert_grants(std::span<const NewGrant> grants);
  Result<std::int64_t> erase_grants(std::span<const GrantId> ids);

  Result<void> put_entities(std::span<const EntityRepository::State> entities);
  Result<std::int64_t> erase_entities(std::span<const EntityRepository::Name> names);

  // How many grants stand in the table of grants for each of these, and how many permissions.
  Result<void> count_rules_of(
      std::span<const std::string> subjects,
      FunctionRef<void(const std::string& subject, std::int64_t count)> visit);
  Result<void> count_permissions_of(std::span<const AgentId> agents,
                                    FunctionRef<void(AgentId agent, std::int64_t count)> visit);

  // Of those of these roles and groups that are there, in no order, what they are about.
  Result<void> each_about_of(
      std::span<const std::string> principals,
      FunctionRef<void(const std::string& principal, const std::string& about)> visit);
  // The grants of the same subject, permission and resource as any of these, each once, in no
  // order; by indexes, however many others are stored.
  Result<void> each_grant_alike(std::span<const Grant* const> wanted,
                                FunctionRef<void(const Grant&)> visit);
  // All grants to roles, or to groups, and all memberships in them; ends with the first error of
  // the visitor's.
  Result<void> each_grant_to(RoleKind kind, FunctionRef<Result<void>(const Grant&)> visit);
  Result<void> each_membership_in(RoleKind kind,
                                  FunctionRef<Result<void>(const Membership&)> visit);

 private:
  Session& session_;
};

}  // namespace agentauth
