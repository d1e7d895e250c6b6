#include "store/policy_tables.h"

#include "store/roles.h"
#include "store/rows.h"

namespace agentauth {
namespace {

using PutRoles = RowsSql<"INSERT INTO roles (principal, about) VALUES ", 2,
                         " ON CONFLICT (principal) DO UPDATE SET about = excluded.about">;
using EraseMembershipsOf = RowsSql<"DELETE FROM memberships WHERE member IN (", 1, ")">;
using EraseRoles = RowsSql<"DELETE FROM roles WHERE principal IN (", 1, ")">;

using PutMembers =
    RowsSql<"INSERT INTO memberships (member, agent_id, role_id, expires_at) VALUES ", 4,
            " ON CONFLICT (member, role_id) DO UPDATE SET expires_at = excluded.expires_at">;
using EraseMembers = RowsSql<"DELETE FROM memberships WHERE id IN (", 1, ")">;
using MembersOfMany = RowsSql<
    "SELECT member, SUM(CASE WHEN expires_at <= $1 THEN 0 ELSE 1 END), "
    "SUM(CASE WHEN expires_at <= $1 THEN 1 ELSE 0 END) FROM memberships WHERE member IN (",
    1,
    ") GROUP BY member HAVING SUM(CASE WHEN expires_at <= $1 THEN 0 ELSE 1 END) > $2 "
    "OR SUM(CASE WHEN expires_at <= $1 THEN 1 ELSE 0 END) > $3",
    3>;
using MembersFarAbove = RowsSql<
    "WITH RECURSIVE above (member, role_id) AS (SELECT member, role_id FROM memberships "
    "WHERE (expires_at IS NULL OR expires_at > $1) AND member IN (",
    1,
    ") UNION SELECT above.member, memberships.role_id FROM above "
    "JOIN roles ON roles.id = above.role_id "
    "JOIN memberships ON memberships.member = roles.principal "
    "AND (memberships.expires_at IS NULL OR memberships.expires_at > $1)) "
    "SELECT member FROM above GROUP BY member HAVING COUNT(*) > $2",
    2>;

using InsertPermissions = RowsSql<"INSERT INTO permissions (agent_id, permission) VALUES ", 2>;
using InsertGrants = RowsSql<
    "INSERT INTO grants (subject, agent_id, role_id, permission, resource, effect, "
    "condition, not_before, expires_at, max_uses) VALUES ",
    10>;
using EraseGrants = RowsSql<"DELETE FROM grants WHERE id IN (", 1, ")">;
using ErasePermissions = RowsSql<"DELETE FROM permissions WHERE id IN (", 1, ")">;

using PutEntities = RowsSql<"INSERT INTO entities (type, id, properties, updated_at) VALUES ", 4,
                            " ON CONFLICT (type, id) DO UPDATE SET "
                            "properties = excluded.properties, updated_at = excluded.updated_at">;
using EraseEntities = RowsSql<"DELETE FROM entities WHERE (type, id) IN (VALUES ", 2, ")">;

using CountRules =
    RowsSql<"SELECT subject, COUNT(*) FROM grants WHERE subject IN (", 1, ") GROUP BY subject">;
using CountPermissions = RowsSql<"SELECT agent_id, COUNT(*) FROM permissions WHERE agent_id IN (",
                                 1, ") GROUP BY agent_id">;

std::string pattern_of(RoleKind kind) { return std::string(to_string(kind)) + ":%"; }

}  // namespace

Result<void> PolicyTables::put_roles(std::span<const NewRole> roles) {
  TRY(execute_rows<PutRoles>(session_, roles, [](const NewRole& role, Params& out) {
    out.insert(out.end(), {role.principal, role.about});
  }));
  return {};
}

Result<std::int64_t> PolicyTables::erase_roles(std::span<const std::string> principals) {
  TRY(execute_rows<EraseMembershipsOf>(session_, principals, append_one));
  return execute_rows<EraseRoles>(session_, principals, append_one);
}

Result<void> PolicyTables::put_members(std::span<const NewMember> members) {
  TRY(execute_rows<PutMembers>(session_, members, [](const NewMember& member, Params& out) {
    out.insert(out.end(), {member.member, member.agent_id, member.role, member.expires_at});
  }));
  return {};
}

Result<std::int64_t> PolicyTables::erase_members(std::span<const MembershipId> ids) {
  return execute_rows<EraseMembers>(session_, ids, append_one);
}

Result<std::vector<PolicyTables::Many>> PolicyTables::members_of_many(
    std::span<const std::string> members, Timestamp now, std::int64_t lasting_max,
    std::int64_t ended_max) {
  std::vector<Many> found;
  TRY(query_rows<MembersOfMany>(
      session_, members, append_one,
      [&](const Row& row) -> Result<void> {
        found.push_back({std::string(row.text(0)), row.integer(1), row.integer(2)});
        return {};
      },
      {now, lasting_max, ended_max}));
  return found;
}

Result<std::vector<std::string>> PolicyTables::members_far_above(
    std::span<const std::string> members, Timestamp now, std::int64_t most) {
  std::vector<std::string> found;
  TRY(query_rows<MembersFarAbove>(session_, members, append_one,
                                  [&](const Row& row) -> Result<void> {
                                    found.emplace_back(row.text(0));
                                    return {};
                                  },
                                  {now, most}));
  return found;
}

Result<void> PolicyTables::insert_grants(std::span<const NewGrant> grants) {
  std::vector<const NewGrant*> plain;
  std::vector<const NewGrant*> rules;
  for (const NewGrant& grant : grants)
    (grant.subject.agent_id && !grant.grant->any() ? plain : rules).push_back(&grant);
  TRY(execute_rows<InsertPermissions>(session_, plain, [](const NewGrant* made, Params& out) {
    out.insert(out.end(), {made->subject.agent_id, made->grant->permission});
  }));
  TRY(execute_rows<InsertGrants>(session_, rules, [](const NewGrant* made, Params& out) {
    const Grant& grant = *made->grant;
    out.insert(out.end(), {made->subject.name, made->subject.agent_id, made->subject.role_id,
                           grant.permission, grant.resource, to_string(grant.decides()), grant.when,
                           grant.not_before, grant.expires_at, grant.max_uses});
  }));
  return {};
}

Result<std::int64_t> PolicyTables::erase_grants(std::span<const GrantId> ids) {
  return TRY(execute_rows<EraseGrants>(session_, ids, append_one)) +
         TRY(execute_rows<ErasePermissions>(session_, ids, append_one));
}

Result<void> PolicyTables::put_entities(std::span<const EntityRepository::State> entities) {
  TRY(execute_rows<PutEntities>(
      session_, entities, [](const EntityRepository::State& entity, Params& out) {
        out.insert(out.end(), {entity.type, entity.id, entity.properties, entity.updated_at});
      }));
  return {};
}

Result<std::int64_t> PolicyTables::erase_entities(std::span<const EntityRepository::Name> names) {
  return execute_rows<EraseEntities>(session_, names,
                                     [](const EntityRepository::Name& name, Params& out) {
                                       out.insert(out.end(), {name.type, name.id});
                                     });
}

Result<void> PolicyTables::count_rules_of(
    std::span<const std::string> subjects,
    FunctionRef<void(const std::string&, std::int64_t)> visit) {
  return query_rows<CountRules>(session_, subjects, append_one,
                                [&](const Row& row) -> Result<void> {
                                  visit(std::string(row.text(0)), row.integer(1));
                                  return {};
                                });
}

Result<void> PolicyTables::count_permissions_of(std::span<const AgentId> agents,
                                                FunctionRef<void(AgentId, std::int64_t)> visit) {
  return query_rows<CountPermissions>(session_, agents, append_one,
                                      [&](const Row& row) -> Result<void> {
                                        visit(row.id<AgentId>(0), row.integer(1));
                                        return {};
                                      });
}

Result<void> PolicyTables::each_grant_to(RoleKind kind,
                                         FunctionRef<Result<void>(const Grant&)> visit) {
  return session_.query(
      "SELECT grants.id, subject, permission, resource, effect, condition, not_before, expires_at, "
      "max_uses, grants.created_at FROM roles JOIN grants ON subject = principal "
      "WHERE principal LIKE $1",
      {pattern_of(kind)}, [&](const Row& row) { return visit(read_grant(row)); });
}

Result<void> PolicyTables::each_membership_in(RoleKind kind,
                                              FunctionRef<Result<void>(const Membership&)> visit) {
  return session_.query(
      "SELECT memberships.id, member, principal, expires_at, memberships.created_at "
      "FROM roles JOIN memberships ON roles.id = role_id WHERE principal LIKE $1",
      {pattern_of(kind)}, [&](const Row& row) { return visit(read_membership(row)); });
}

}  // namespace agentauth
