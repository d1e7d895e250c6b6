#include "store/roles.h"

#include "store/rows.h"

namespace agentauth {
namespace {

// Columns: id, principal, about, created_at.
Role read_role(const Row& row) {
  Role role;
  role.id = row.id<RoleId>(0);
  role.principal = row.text(1);
  role.name = role.principal.substr(role.principal.find(':') + 1);
  role.about = row.text(2);
  role.created_at = row.time(3);
  return role;
}

// Columns: member, role_id, principal, expires_at.
RoleRepository::MembershipState read_state(const Row& row) {
  return {std::string(row.text(0)),
          {row.id<RoleId>(1), std::string(row.text(2))},
          row.optional_time(3)};
}

Result<std::optional<Role>> find_role(Session& session, Sql sql,
                                      std::initializer_list<Param> params) {
  std::optional<Role> role;
  TRY(session.query(sql, params, [&](const Row& row) -> Result<void> {
    role = read_role(row);
    return {};
  }));
  return role;
}

Result<std::int64_t> count(Session& session, Sql sql, std::initializer_list<Param> params) {
  std::int64_t number = 0;
  TRY(session.query(sql, params, [&](const Row& row) -> Result<void> {
    number = row.integer(0);
    return {};
  }));
  return number;
}

Result<Role> one_role(Result<std::optional<Role>> found) {
  const auto role = TRY(std::move(found));
  if (!role) return failure(Errc::not_found, "No such role or group");
  return *role;
}

using FindStates = RowsSql<"SELECT id, principal FROM roles WHERE principal IN (", 1, ")">;
using FindMemberships = RowsSql<
    "SELECT member, role_id, principal, expires_at FROM memberships "
    "JOIN roles ON roles.id = role_id WHERE member IN (",
    1, ")">;

}  // namespace

Membership read_membership(const Row& row) {
  return {row.id<MembershipId>(0), std::string(row.text(1)), std::string(row.text(2)),
          row.optional_time(3), row.time(4)};
}

Result<std::optional<Role>> RoleRepository::insert(const std::string& principal,
                                                   const std::string& about) {
  return find_role(session_,
                   "INSERT INTO roles (principal, about) VALUES ($1, $2) "
                   "ON CONFLICT (principal) DO NOTHING RETURNING id, principal, about, created_at",
                   {principal, about});
}

Result<Role> RoleRepository::find(const std::string& principal) {
  return one_role(
      find_role(session_, "SELECT id, principal, about, created_at FROM roles WHERE principal = $1",
                {principal}));
}

Result<Role> RoleRepository::describe(const std::string& principal, const std::string& about) {
  return one_role(find_role(session_,
                            "UPDATE roles SET about = $2 WHERE principal = $1 "
                            "RETURNING id, principal, about, created_at",
                            {principal, about}));
}

Result<std::vector<Role>> RoleRepository::list(RoleKind kind, const PageStart& after,
                                               std::int64_t limit) {
  std::vector<Role> roles;
  TRY(session_.query(
      "SELECT id, principal, about, created_at FROM roles "
      "WHERE principal LIKE $1 AND (created_at, id) > ($2, $3) "
      "ORDER BY created_at, id LIMIT $4",
      {std::string(to_string(kind)) + ":%", after.created_at, RoleId{after.id}, limit},
      [&](const Row& row) -> Result<void> {
        roles.push_back(read_role(row));
        return {};
      }));
  return roles;
}

Result<void> RoleRepository::erase(const std::string& principal) {
  TRY(session_.execute("DELETE FROM memberships WHERE member = $1", {principal}));
  if (TRY(session_.execute("DELETE FROM roles WHERE principal = $1", {principal})) == 0)
    return failure(Errc::not_found, "No such role or group");
  return {};
}

Result<bool> RoleRepository::put_member(const std::string& member, std::optional<AgentId> agent,
                                        RoleId role, std::optional<Timestamp> expires_at) {
  if (TRY(session_.execute("UPDATE memberships SET expires_at = $3 "
                           "WHERE member = $1 AND role_id = $2",
                           {member, role, expires_at})) == 1)
    return false;
  TRY(
      session_.execute("INSERT INTO memberships (member, agent_id, role_id, expires_at) "
                       "VALUES ($1, $2, $3, $4)",
                       {member, agent, role, expires_at}));
  return true;
}

Result<Membership> RoleRepository::find_member(const std::string& member, RoleId role) {
  std::optional<Membership> found;
  TRY(
      session_.query("SELECT memberships.id, member, principal, expires_at, memberships.created_at "
                     "FROM memberships JOIN roles ON roles.id = role_id "
                     "WHERE member = $1 AND role_id = $2",
                     {member, role}, [&](const Row& row) -> Result<void> {
                       found = read_membership(row);
                       return {};
                     }));
  if (!found) return failure(Errc::not_found, "No such member");
  return *std::move(found);
}

Result<bool> RoleRepository::erase_member(const std::string& member, RoleId role) {
  return TRY(session_.execute("DELETE FROM memberships WHERE member = $1 AND role_id = $2",
                              {member, role})) == 1;
}

Result<std::vector<Membership>> RoleRepository::list_members(RoleId role, const PageStart& after,
                                                             std::int64_t limit) {
  std::vector<Membership> members;
  TRY(session_.query(
      "SELECT memberships.id, member, principal, expires_at, memberships.created_at "
      "FROM memberships JOIN roles ON roles.id = role_id WHERE role_id = $1 "
      "AND (memberships.created_at, memberships.id) > ($2, $3) "
      "ORDER BY memberships.created_at, memberships.id LIMIT $4",
      {role, after.created_at, MembershipId{after.id}, limit}, [&](const Row& row) -> Result<void> {
        members.push_back(read_membership(row));
        return {};
      }));
  return members;
}

Result<std::vector<Membership>> RoleRepository::list_of_member(const std::string& member,
                                                               const PageStart& after,
                                                               std::int64_t limit) {
  std::vector<Membership> memberships;
  TRY(
      session_.query("SELECT memberships.id, member, principal, expires_at, memberships.created_at "
                     "FROM memberships JOIN roles ON roles.id = role_id WHERE member = $1 "
                     "AND (memberships.created_at, memberships.id) > ($2, $3) "
                     "ORDER BY memberships.created_at, memberships.id LIMIT $4",
                     {member, after.created_at, MembershipId{after.id}, limit},
                     [&](const Row& row) -> Result<void> {
                       memberships.push_back(read_membership(row));
                       return {};
                     }));
  return memberships;
}

Result<std::int64_t> RoleRepository::count_of_member(const std::string& member, Timestamp now) {
  return count(session_,
               "SELECT COUNT(*) FROM memberships WHERE member = $1 "
               "AND (expires_at IS NULL OR expires_at > $2)",
               {member, now});
}

Result<bool> RoleRepository::is_within(const std::string& principal, const std::string& other) {
  return TRY(count(session_,
                   "WITH RECURSIVE above (principal) AS ("
                   "SELECT CAST($1 AS TEXT) UNION SELECT roles.principal FROM above "
                   "JOIN memberships ON memberships.member = above.principal "
                   "JOIN roles ON roles.id = memberships.role_id) "
                   "SELECT COUNT(*) FROM above WHERE principal = $2",
                   {principal, other})) > 0;
}

Result<std::int64_t> RoleRepository::levels_above(const std::string& principal, std::int64_t most,
                                                  Timestamp now) {
  return count(session_,
               "WITH RECURSIVE above (principal, level) AS ("
               "SELECT CAST($1 AS TEXT), 0 UNION SELECT roles.principal, level + 1 FROM above "
               "JOIN memberships ON memberships.member = above.principal "
               "AND (memberships.expires_at IS NULL OR memberships.expires_at > $3) "
               "JOIN roles ON roles.id = memberships.role_id WHERE level < $2) "
               "SELECT MAX(level) FROM above",
               {principal, most, now});
}

Result<std::int64_t> RoleRepository::levels_below(const std::string& principal, std::int64_t most,
                                                  Timestamp now) {
  return count(session_,
               "WITH RECURSIVE below (principal, level) AS ("
               "SELECT CAST($1 AS TEXT), 0 UNION SELECT members.principal, level + 1 FROM below "
               "JOIN roles ON roles.principal = below.principal "
               "JOIN memberships ON memberships.role_id = roles.id "
               "AND (memberships.expires_at IS NULL OR memberships.expires_at > $3) "
               "JOIN roles AS members ON members.principal = memberships.member "
               "WHERE level < $2) "
               "SELECT MAX(level) FROM below",
               {principal, most, now});
}

Result<std::int64_t> RoleRepository::count_above(const std::string& member, Timestamp now) {
  return count(session_,
               "WITH RECURSIVE above (principal) AS ("
               "SELECT roles.principal FROM memberships "
               "JOIN roles ON roles.id = memberships.role_id WHERE memberships.member = $1 "
               "AND (memberships.expires_at IS NULL OR memberships.expires_at > $2) "
               "UNION SELECT roles.principal FROM above "
               "JOIN memberships ON memberships.member = above.principal "
               "AND (memberships.expires_at IS NULL OR memberships.expires_at > $2) "
               "JOIN roles ON roles.id = memberships.role_id) "
               "SELECT COUNT(*) FROM above",
               {member, now});
}

// Of each that is affected, the sum of what its direct memberships lead to: what two lead to counts
// twice. Each role is followed once, however many members it has.
Result<std::vector<std::string>> RoleRepository::maybe_above(const std::string& principal,
                                                             std::int64_t most, std::int64_t limit,
                                                             Timestamp now) {
  std::vector<std::string> members;
  TRY(session_.query(
      "WITH RECURSIVE below (role_id) AS ("
      "SELECT id FROM roles WHERE principal = $1 "
      "UNION SELECT members.id FROM below "
      "JOIN memberships ON memberships.role_id = below.role_id "
      "AND (memberships.expires_at IS NULL OR memberships.expires_at > $4) "
      "JOIN roles AS members ON members.principal = memberships.member), "
      "affected (member) AS ("
      "SELECT DISTINCT memberships.member FROM below "
      "JOIN memberships ON memberships.role_id = below.role_id "
      "AND (memberships.expires_at IS NULL OR memberships.expires_at > $4)), "
      "direct (role_id) AS ("
      "SELECT DISTINCT memberships.role_id FROM affected "
      "JOIN memberships ON memberships.member = affected.member "
      "AND (memberships.expires_at IS NULL OR memberships.expires_at > $4)), "
      "above (origin, role_id) AS ("
      "SELECT role_id, role_id FROM direct UNION SELECT above.origin, memberships.role_id "
      "FROM above JOIN roles ON roles.id = above.role_id "
      "JOIN memberships ON memberships.member = roles.principal "
      "AND (memberships.expires_at IS NULL OR memberships.expires_at > $4)), "
      "sizes (origin, size) AS (SELECT origin, COUNT(*) FROM above GROUP BY origin) "
      "SELECT memberships.member FROM affected "
      "JOIN memberships ON memberships.member = affected.member "
      "AND (memberships.expires_at IS NULL OR memberships.expires_at > $4) "
      "JOIN sizes ON sizes.origin = memberships.role_id "
      "GROUP BY memberships.member HAVING SUM(size) > $2 LIMIT $3",
      {principal, most, limit, now}, [&](const Row& row) -> Result<void> {
        members.emplace_back(row.text(0));
        return {};
      }));
  return members;
}

Result<bool> RoleRepository::has_ended(Timestamp before) {
  return TRY(count(session_,
                   "SELECT COUNT(*) FROM (SELECT 1 FROM memberships WHERE expires_at < $1 LIMIT 1) "
                   "AS ended",
                   {before})) > 0;
}

Result<std::vector<Membership>> RoleRepository::sweep_ended(Timestamp before, std::int64_t limit) {
  return erase_those(
      "SELECT memberships.id, member, principal, expires_at, memberships.created_at "
      "FROM memberships JOIN roles ON roles.id = role_id "
      "WHERE expires_at < $1 ORDER BY expires_at LIMIT $2",
      {before, limit});
}

Result<std::vector<Membership>> RoleRepository::sweep_ended_of(const std::string& member,
                                                               Timestamp now, std::int64_t kept,
                                                               std::int64_t limit) {
  return erase_those(
      "SELECT memberships.id, member, principal, expires_at, memberships.created_at "
      "FROM memberships JOIN roles ON roles.id = role_id "
      "WHERE member = $1 AND expires_at <= $2 ORDER BY expires_at DESC LIMIT $4 OFFSET $3",
      {member, now, kept, limit});
}

Result<std::vector<Membership>> RoleRepository::erase_those(Sql select,
                                                            std::initializer_list<Param> params) {
  std::vector<Membership> found;
  TRY(session_.query(select, params, [&](const Row& row) -> Result<void> {
    found.push_back(read_membership(row));
    return {};
  }));
  for (const Membership& membership : found)
    TRY(session_.execute("DELETE FROM memberships WHERE id = $1", {membership.id}));
  return found;
}

Result<void> RoleRepository::each_state(FunctionRef<void(const State&)> visit) {
  return session_.query("SELECT id, principal FROM roles", {}, [&](const Row& row) -> Result<void> {
    visit({row.id<RoleId>(0), std::string(row.text(1))});
    return {};
  });
}

Result<std::optional<RoleRepository::State>> RoleRepository::find_state(
    const std::string& principal) {
  std::optional<State> state;
  TRY(session_.query("SELECT id, principal FROM roles WHERE principal = $1", {principal},
                     [&](const Row& row) -> Result<void> {
                       state = State{row.id<RoleId>(0), std::string(row.text(1))};
                       return {};
                     }));
  return state;
}

Result<void> RoleRepository::each_state_of(std::span<const std::string> principals,
                                           FunctionRef<void(const State&)> visit) {
  return query_rows<FindStates>(session_, principals, append_one,
                                [&](const Row& row) -> Result<void> {
                                  visit({row.id<RoleId>(0), std::string(row.text(1))});
                                  return {};
                                });
}

Result<void> RoleRepository::each_membership(FunctionRef<void(const MembershipState&)> visit) {
  return session_.query(
      "SELECT member, role_id, principal, expires_at "
      "FROM memberships JOIN roles ON roles.id = role_id ORDER BY member",
      {}, [&](const Row& row) -> Result<void> {
        visit(read_state(row));
        return {};
      });
}

Result<void> RoleRepository::each_membership_of(const std::string& member,
                                                FunctionRef<void(const MembershipState&)> visit) {
  return session_.query(
      "SELECT member, role_id, principal, expires_at "
      "FROM memberships JOIN roles ON roles.id = role_id WHERE member = $1",
      {member}, [&](const Row& row) -> Result<void> {
        visit(read_state(row));
        return {};
      });
}

Result<void> RoleRepository::each_membership_of(std::span<const std::string> members,
                                                FunctionRef<void(const MembershipState&)> visit) {
  return query_rows<FindMemberships>(session_, members, append_one,
                                     [&](const Row& row) -> Result<void> {
                                       visit(read_state(row));
                                       return {};
                                     });
}

}  // namespace agentauth
