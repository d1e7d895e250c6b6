#include "store/grants.h"

#include <algorithm>

#include "store/permissions.h"
#include "store/rows.h"

namespace agentauth {
namespace {

using Read = Grant (*)(const Row&);
Result<void> collect(Session& session, Sql sql, std::initializer_list<Param> params, Read read,
                     std::vector<Grant>& grants) {
  return session.query(sql, params, [&](const Row& row) -> Result<void> {
    grants.push_back(read(row));
    return {};
  });
}

// Of two tables' first `limit`, those that come first.
template <class Before>
void keep_first(std::vector<Grant>& grants, std::int64_t limit, Before before) {
  std::sort(grants.begin(), grants.end(), before);
  if (static_cast<std::int64_t>(grants.size()) > limit)
    grants.resize(static_cast<std::size_t>(limit));
}

}  // namespace

bool is_plain(const Grant& grant) { return !grant.any() && agent_of(grant.subject); }

Grant read_grant(const Row& row) {
  Grant grant;
  grant.id = row.id<GrantId>(0);
  grant.subject = row.text(1);
  grant.permission = row.text(2);
  if (!row.is_null(3)) grant.resource = std::string(row.text(3));
  // An effect this version does not know is none that allows.
  Effect effect = Effect::deny;
  parse(row.text(4), effect);
  grant.effect = effect;
  if (!row.is_null(5)) grant.when = std::string(row.text(5));
  grant.not_before = row.optional_time(6);
  grant.expires_at = row.optional_time(7);
  if (!row.is_null(8)) grant.max_uses = row.integer(8);
  grant.created_at = row.time(9);
  return grant;
}

Result<Grant> GrantRepository::insert(const GrantSubject& subject, const std::string& permission,
                                      const Terms& terms, std::optional<GrantId> id) {
  static constexpr Sql permission_sql =
      "INSERT INTO permissions (agent_id, permission) VALUES ($1, $2) "
      "RETURNING id, agent_id, permission, created_at";
  static constexpr Sql permission_with_id =
      "INSERT INTO permissions (agent_id, permission, id) VALUES ($1, $2, $3) "
      "RETURNING id, agent_id, permission, created_at";
  static constexpr Sql grant_sql =
      "INSERT INTO grants (subject, agent_id, role_id, permission, resource, effect, condition, "
      "not_before, expires_at, max_uses) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "RETURNING id, subject, permission, resource, effect, condition, not_before, expires_at, "
      "max_uses, created_at";
  static constexpr Sql grant_with_id =
      "INSERT INTO grants (subject, agent_id, role_id, permission, resource, effect, condition, "
      "not_before, expires_at, max_uses, id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
      "RETURNING id, subject, permission, resource, effect, condition, not_before, expires_at, "
      "max_uses, created_at";
  std::vector<Grant> made;
  if (subject.agent_id && !terms.any()) {
    TRY(id ? collect(session_, permission_with_id, {subject.agent_id, permission, *id},
                     read_permission, made)
           : collect(session_, permission_sql, {subject.agent_id, permission}, read_permission,
                     made));
  } else {
    const auto effect = to_string(terms.decides());
    TRY(id ? collect(session_, grant_with_id,
                     {subject.name, subject.agent_id, subject.role_id, permission, terms.resource,
                      effect, terms.when, terms.not_before, terms.expires_at, terms.max_uses, *id},
                     read_grant, made)
           : collect(session_, grant_sql,
                     {subject.name, subject.agent_id, subject.role_id, permission, terms.resource,
                      effect, terms.when, terms.not_before, terms.expires_at, terms.max_uses},
                     read_grant, made));
  }
  if (made.empty()) return failure(Errc::internal, "Internal error", "a grant was not inserted");
  return std::move(made.front());
}

Result<Grant> GrantRepository::find(GrantId id) {
  std::vector<Grant> found;
  TRY(collect(session_,
              "SELECT id, subject, permission, resource, effect, condition, not_before, "
              "expires_at, max_uses, created_at FROM grants WHERE id = $1",
              {id}, read_grant, found));
  if (found.empty())
    TRY(collect(session_,
                "SELECT id, agent_id, permission, created_at FROM permissions "
                "WHERE id = $1",
                {id}, read_permission, found));
  if (found.empty()) return failure(Errc::not_found, "No such grant");
  return std::move(found.front());
}

Result<void> GrantRepository::erase(GrantId id) {
  const auto erased = TRY(session_.execute("DELETE FROM grants WHERE id = $1", {id})) +
                      TRY(session_.execute("DELETE FROM permissions WHERE id = $1", {id}));
  if (erased == 0) return failure(Errc::not_found, "No such grant");
  return {};
}

Result<std::vector<Grant>> GrantRepository::list(const std::string& subject, const PageStart& after,
                                                 std::int64_t limit) {
  std::vector<Grant> grants;
  TRY(collect(session_,
              "SELECT id, subject, permission, resource, effect, condition, not_before, "
              "expires_at, max_uses, created_at FROM grants "
              "WHERE subject = $1 AND (created_at, id) > ($2, $3) "
              "ORDER BY created_at, id LIMIT $4",
              {subject, after.created_at, GrantId{after.id}, limit}, read_grant, grants));
  if (const auto agent = agent_of(subject)) {
    auto plain = TRY(PermissionRepository(session_).list(*agent, after, limit));
    std::move(plain.begin(), plain.end(), std::back_inserter(grants));
    keep_first(grants, limit, [](const Grant& a, const Grant& b) {
      return std::pair(a.created_at, a.id) < std::pair(b.created_at, b.id);
    });
  }
  return grants;
}

Result<std::vector<Grant>> GrantRepository::list_all(GrantId after, std::int64_t limit) {
  std::vector<Grant> grants;
  TRY(collect(session_,
              "SELECT id, subject, permission, resource, effect, condition, not_before, "
              "expires_at, max_uses, created_at FROM grants WHERE id > $1 ORDER BY id LIMIT $2",
              {after, limit}, read_grant, grants));
  TRY(collect(session_,
              "SELECT id, agent_id, permission, created_at FROM permissions WHERE id > $1 "
              "ORDER BY id LIMIT $2",
              {after, limit}, read_permission, grants));
  keep_first(grants, limit, [](const Grant& a, const Grant& b) { return a.id < b.id; });
  return grants;
}

// By an index: a subject may hold many of one permission on many resources.
Result<std::optional<Grant>> GrantRepository::find_same(const Grant& wanted) {
  std::vector<Grant> alike;
  if (is_plain(wanted)) {
    TRY(collect(session_,
                "SELECT id, agent_id, permission, created_at FROM permissions "
                "WHERE agent_id = $1 AND permission = $2",
                {*agent_of(wanted.subject), wanted.permission}, read_permission, alike));
  } else if (wanted.resource) {
    TRY(collect(session_,
                "SELECT id, subject, permission, resource, effect, condition, not_before, "
                "expires_at, max_uses, created_at FROM grants WHERE subject = $1 "
                "AND permission = $2 AND resource = $3",
                {wanted.subject, wanted.permission, *wanted.resource}, read_grant, alike));
  } else {
    TRY(collect(session_,
                "SELECT id, subject, permission, resource, effect, condition, not_before, "
                "expires_at, max_uses, created_at FROM grants WHERE subject = $1 "
                "AND permission = $2 AND resource IS NULL",
                {wanted.subject, wanted.permission}, read_grant, alike));
  }
  const auto same = std::find_if(alike.begin(), alike.end(), [&](const Grant& known) {
    return known.terms() == wanted.terms();
  });
  if (same == alike.end()) return std::nullopt;
  return std::move(*same);
}

Result<std::int64_t> GrantRepository::count_rules_of(const std::string& subject) {
  std::int64_t count = 0;
  TRY(session_.query("SELECT COUNT(*) FROM grants WHERE subject = $1", {subject},
                     [&](const Row& row) -> Result<void> {
                       count = row.integer(0);
                       return {};
                     }));
  return count;
}

Result<std::vector<Grant>> GrantRepository::find_all(const std::string& subject,
                                                     const std::string& permission) {
  std::vector<Grant> grants;
  TRY(collect(session_,
              "SELECT id, subject, permission, resource, effect, condition, not_before, "
              "expires_at, max_uses, created_at FROM grants WHERE subject = $1 "
              "AND permission = $2 ORDER BY created_at, id",
              {subject, permission}, read_grant, grants));
  if (const auto agent = agent_of(subject))
    TRY(collect(session_,
                "SELECT id, agent_id, permission, created_at FROM permissions "
                "WHERE agent_id = $1 AND permission = $2",
                {*agent, permission}, read_permission, grants));
  return grants;
}

Result<void> GrantRepository::each_rule(Visit visit) {
  return session_.query(
      "SELECT id, subject, permission, resource, effect, condition, not_before, expires_at, "
      "max_uses, created_at FROM grants ORDER BY subject, id",
      {}, [&](const Row& row) -> Result<void> {
        visit(read_grant(row));
        return {};
      });
}

Result<void> GrantRepository::each_rule_of(const std::string& subject, Visit visit) {
  return session_.query(
      "SELECT id, subject, permission, resource, effect, condition, not_before, expires_at, "
      "max_uses, created_at FROM grants WHERE subject = $1 ORDER BY id",
      {subject}, [&](const Row& row) -> Result<void> {
        visit(read_grant(row));
        return {};
      });
}

Result<void> GrantRepository::each_rule_of(std::span<const std::string> subjects, Visit visit) {
  using Find = RowsSql<
      "SELECT id, subject, permission, resource, effect, condition, not_before, "
      "expires_at, max_uses, created_at FROM grants WHERE subject IN (",
      1, ") ORDER BY id">;
  return query_rows<Find>(session_, subjects, append_one, [&](const Row& row) -> Result<void> {
    visit(read_grant(row));
    return {};
  });
}

Result<bool> GrantRepository::spend(GrantId id, const std::string& request_id, Timestamp now) {
  // The row of the use first: of two that come with one request id, one waits here for the other.
  const auto first = TRY(session_.execute(
      "INSERT INTO grant_uses (grant_id, request_id, used_at) SELECT id, $2, $3 FROM grants "
      "WHERE id = $1 AND used < max_uses ON CONFLICT (grant_id, request_id) DO NOTHING",
      {id, request_id, now}));
  if (first == 1) {
    const auto spent = TRY(session_.execute(
        "UPDATE grants SET used = used + 1 WHERE id = $1 AND used < max_uses", {id}));
    if (spent == 1) return true;
    TRY(session_.execute("DELETE FROM grant_uses WHERE grant_id = $1 AND request_id = $2",
                         {id, request_id}));
    return false;
  }
  bool used_before = false;
  TRY(session_.query("SELECT 1 FROM grant_uses WHERE grant_id = $1 AND request_id = $2",
                     {id, request_id}, [&](const Row&) -> Result<void> {
                       used_before = true;
                       return {};
                     }));
  return used_before;
}

Result<std::int64_t> GrantRepository::count_uses(GrantId id) {
  std::int64_t used = 0;
  TRY(session_.query("SELECT used FROM grants WHERE id = $1", {id},
                     [&](const Row& row) -> Result<void> {
                       used = row.integer(0);
                       return {};
                     }));
  return used;
}

Result<std::vector<GrantId>> GrantRepository::used_up_beside(GrantId id) {
  std::vector<GrantId> used_up;
  TRY(
      session_.query("SELECT others.id FROM grants AS one JOIN grants AS others "
                     "ON others.subject = one.subject AND others.permission = one.permission "
                     "WHERE one.id = $1 AND others.used >= others.max_uses",
                     {id}, [&](const Row& row) -> Result<void> {
                       used_up.push_back(row.id<GrantId>(0));
                       return {};
                     }));
  return used_up;
}

Result<bool> GrantRepository::has_ended(Timestamp before) {
  bool found = false;
  TRY(session_.query("SELECT 1 FROM grants WHERE expires_at < $1 LIMIT 1", {before},
                     [&](const Row&) -> Result<void> {
                       found = true;
                       return {};
                     }));
  return found;
}

Result<std::vector<Grant>> GrantRepository::sweep_ended(Timestamp before, std::int64_t limit) {
  std::vector<Grant> ended;
  TRY(collect(session_,
              "SELECT id, subject, permission, resource, effect, condition, not_before, "
              "expires_at, max_uses, created_at FROM grants WHERE expires_at < $1 "
              "ORDER BY expires_at LIMIT $2",
              {before, limit}, read_grant, ended));
  for (const Grant& grant : ended)
    TRY(session_.execute("DELETE FROM grants WHERE id = $1", {grant.id}));
  return ended;
}

Result<bool> GrantRepository::has_uses(Timestamp before) {
  bool found = false;
  TRY(session_.query("SELECT 1 FROM grant_uses WHERE used_at < $1 LIMIT 1", {before},
                     [&](const Row&) -> Result<void> {
                       found = true;
                       return {};
                     }));
  return found;
}

Result<std::int64_t> GrantRepository::sweep_uses(Timestamp before, std::int64_t limit) {
  return session_.execute(
      "DELETE FROM grant_uses WHERE (grant_id, request_id) IN "
      "(SELECT grant_id, request_id FROM grant_uses WHERE used_at < $1 LIMIT $2)",
      {before, limit});
}

}  // namespace agentauth
