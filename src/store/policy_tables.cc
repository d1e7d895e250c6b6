#include "store/policy_tables.h"

#include <algorithm>
#include <tuple>

#include "store/permissions.h"
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
// SQLite uses an index for an IN of rows that are selected, and none for one of values.
using EraseEntities =
    RowsSql<"DELETE FROM entities WHERE (type, id) IN (SELECT column1, column2 FROM (VALUES ", 2,
            ") AS gone)">;

using CountRules =
    RowsSql<"SELECT subject, COUNT(*) FROM grants WHERE subject IN (", 1, ") GROUP BY subject">;
using CountPermissions = RowsSql<"SELECT agent_id, COUNT(*) FROM permissions WHERE agent_id IN (",
                                 1, ") GROUP BY agent_id">;

using FindAbouts = RowsSql<"SELECT principal, about FROM roles WHERE principal IN (", 1, ")">;

// As joins: SQLite looks at all there is for each IN of rows. The first row of permissions says
// what the parameters of the others are, which PostgreSQL takes for texts; SQLite must not think
// that it says more than that, or it uses no index, hence COALESCE.
using PermissionsAlike = RowsSql<
    "SELECT id, agent_id, permission, created_at "
    "FROM (VALUES (CAST(NULL AS UUID), CAST(NULL AS TEXT)), ",
    2,
    ") AS wanted CROSS JOIN permissions "
    "WHERE agent_id = COALESCE(column1, NULL) AND permission = column2">;
using GrantsAlike = RowsSql<
    "SELECT id, subject, permission, resource, effect, condition, not_before, expires_at, "
    "max_uses, created_at FROM (VALUES ",
    3,
    ") AS wanted CROSS JOIN grants "
    "WHERE subject = column1 AND permission = column2 AND resource = column3">;
using GrantsAlikeOfAnything = RowsSql<
    "SELECT id, subject, permission, resource, effect, condition, not_before, expires_at, "
    "max_uses, created_at FROM (VALUES ",
    2,
    ") AS wanted CROSS JOIN grants "
    "WHERE subject = column1 AND permission = column2 AND resource IS NULL">;

// Of those that differ in nothing that is compared, one.
std::vector<const Grant*> one_of_each(std::vector<const Grant*> grants) {
  const auto compared = [](const Grant* grant) {
    return std::tie(grant->subject, grant->permission, grant->resource);
  };
  std::sort(grants.begin(), grants.end(),
            [&](const Grant* a, const Grant* b) { return compared(a) < compared(b); });
  const auto last = std::unique(grants.begin(), grants.end(), [&](const Grant* a, const Grant* b) {
    return compared(a) == compared(b);
  });
  grants.erase(last, grants.end());
  return grants;
}

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

Result<void> PolicyTables::each_about_of(
    std::span<const std::string> principals,
    FunctionRef<void(const std::string&, const std::string&)> visit) {
  return query_rows<FindAbouts>(session_, principals, append_one,
                                [&](const Row& row) -> Result<void> {
                                  visit(std::string(row.text(0)), std::string(row.text(1)));
                                  return {};
                                });
}

Result<void> PolicyTables::each_grant_alike(std::span<const Grant* const> wanted,
                                            FunctionRef<void(const Grant&)> visit) {
  std::vector<const Grant*> plain;
  std::vector<const Grant*> on_some;
  std::vector<const Grant*> on_any;
  for (const Grant* grant : wanted)
    (is_plain(*grant) ? plain : grant->resource ? on_some : on_any).push_back(grant);
  TRY(query_rows<PermissionsAlike>(
      session_, one_of_each(std::move(plain)),
      [](const Grant* grant, Params& out) {
        out.insert(out.end(), {*agent_of(grant->subject), grant->permission});
      },
      [&](const Row& row) -> Result<void> {
        visit(read_permission(row));
        return {};
      }));
  const auto visit_rule = [&](const Row& row) -> Result<void> {
    visit(read_grant(row));
    return {};
  };
  TRY(query_rows<GrantsAlike>(
      session_, one_of_each(std::move(on_some)),
      [](const Grant* grant, Params& out) {
        out.insert(out.end(), {grant->subject, grant->permission, *grant->resource});
      },
      visit_rule));
  return query_rows<GrantsAlikeOfAnything>(
      session_, one_of_each(std::move(on_any)),
      [](const Grant* grant, Params& out) {
        out.insert(out.end(), {grant->subject, grant->permission});
      },
      visit_rule);
}

// SQLite takes the tables of a CROSS JOIN in this order, and each role's rows by an index; it would
// go through all there are otherwise.
Result<void> PolicyTables::each_grant_to(RoleKind kind,
                                         FunctionRef<Result<void>(const Grant&)> visit) {
  return session_.query(
      "SELECT grants.id, subject, permission, resource, effect, condition, not_before, expires_at, "
      "max_uses, grants.created_at FROM roles CROSS JOIN grants "
      "WHERE principal LIKE $1 AND subject = principal",
      {pattern_of(kind)}, [&](const Row& row) { return visit(read_grant(row)); });
}

Result<void> PolicyTables::each_membership_in(RoleKind kind,
                                              FunctionRef<Result<void>(const Membership&)> visit) {
  return session_.query(
      "SELECT memberships.id, member, principal, expires_at, memberships.created_at "
      "FROM roles CROSS JOIN memberships WHERE principal LIKE $1 AND role_id = roles.id",
      {pattern_of(kind)}, [&](const Row& row) { return visit(read_membership(row)); });
}

}  // namespace agentauth
