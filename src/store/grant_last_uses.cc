#include "store/grant_last_uses.h"

#include <algorithm>

#include "store/grants.h"
#include "store/permissions.h"

namespace agentauth {
namespace {

UnusedGrant unused(Grant grant, const Row& row, int used_column) {
  UnusedGrant shown;
  static_cast<Grant&>(shown) = std::move(grant);
  if (!row.is_null(used_column))
    shown.last_used_at = Timestamp{std::chrono::milliseconds{row.integer(used_column)}};
  return shown;
}

std::int64_t milliseconds(Timestamp time) { return time.time_since_epoch().count(); }

// Later than any grant was made.
constexpr Timestamp always{std::chrono::milliseconds{253'402'300'799'999}};  // the year 9999

}  // namespace

Result<void> GrantLastUseRepository::keep(std::span<const GrantUse> uses) {
  for (const GrantUse& use : uses) {
    const auto hour = std::chrono::floor<std::chrono::hours>(use.at);
    const std::int64_t used = milliseconds(hour);
    if (use.permission.empty()) {
      TRY(session_.execute(
          "INSERT INTO grant_last_uses (grant_id, used_ms) SELECT id, $2 FROM grants WHERE id = $1 "
          "ON CONFLICT (grant_id) DO UPDATE SET used_ms = excluded.used_ms "
          "WHERE excluded.used_ms > grant_last_uses.used_ms",
          {GrantId{use.id}, used}));
    } else {
      TRY(
          session_.execute("INSERT INTO permission_last_uses (permission_id, used_ms) "
                           "SELECT id, $3 FROM permissions WHERE agent_id = $1 AND permission = $2 "
                           "ON CONFLICT (permission_id) DO UPDATE SET used_ms = excluded.used_ms "
                           "WHERE excluded.used_ms > permission_last_uses.used_ms",
                           {AgentId{use.id}, use.permission, used}));
    }
  }
  return {};
}

Result<Timestamp> GrantLastUseRepository::counted_since() {
  Timestamp since{};
  TRY(session_.query("SELECT applied_at FROM schema_migrations WHERE version = 15", {},
                     [&](const Row& row) -> Result<void> {
                       since = row.time(0);
                       return {};
                     }));
  return since;
}

// In the order of ids, which have an index: a page costs no more because there are many.
Result<std::vector<UnusedGrant>> GrantLastUseRepository::list_unused(const Unused& which,
                                                                     GrantId after,
                                                                     std::int64_t limit) {
  std::vector<UnusedGrant> found;
  const auto with_terms = [&](const Row& row) -> Result<void> {
    found.push_back(unused(read_grant(row), row, 10));
    return {};
  };
  const auto plain = [&](const Row& row) -> Result<void> {
    found.push_back(unused(read_permission(row), row, 4));
    return {};
  };
  // An hour that `since` is in may have had a use after it.
  const std::int64_t used_until = which.since ? milliseconds(*which.since - grant_use_unit) : -1;
  const Timestamp made_until = which.since.value_or(always);
  if (!which.subject) {
    TRY(session_.query(
        "SELECT id, subject, permission, resource, effect, condition, not_before, expires_at, "
        "max_uses, created_at, used_ms FROM grants LEFT JOIN grant_last_uses ON grant_id = id "
        "WHERE id > $1 AND effect = 'allow' AND created_at <= $2 "
        "AND (used_ms IS NULL OR used_ms <= $3) ORDER BY id LIMIT $4",
        {after, made_until, used_until, limit}, with_terms));
    TRY(
        session_.query("SELECT id, agent_id, permission, created_at, used_ms "
                       "FROM permissions LEFT JOIN permission_last_uses ON permission_id = id "
                       "WHERE id > $1 AND created_at <= $2 AND (used_ms IS NULL OR used_ms <= $3) "
                       "ORDER BY id LIMIT $4",
                       {after, made_until, used_until, limit}, plain));
  } else {
    TRY(session_.query(
        "SELECT id, subject, permission, resource, effect, condition, not_before, expires_at, "
        "max_uses, created_at, used_ms FROM grants LEFT JOIN grant_last_uses ON grant_id = id "
        "WHERE subject = $5 AND id > $1 AND effect = 'allow' AND created_at <= $2 "
        "AND (used_ms IS NULL OR used_ms <= $3) ORDER BY id LIMIT $4",
        {after, made_until, used_until, limit, *which.subject}, with_terms));
    if (const auto agent = agent_of(*which.subject))
      TRY(
          session_.query("SELECT id, agent_id, permission, created_at, used_ms "
                         "FROM permissions LEFT JOIN permission_last_uses ON permission_id = id "
                         "WHERE agent_id = $5 AND id > $1 AND created_at <= $2 "
                         "AND (used_ms IS NULL OR used_ms <= $3) ORDER BY id LIMIT $4",
                         {after, made_until, used_until, limit, *agent}, plain));
  }
  // Of two tables' first ones, those that come first.
  std::sort(found.begin(), found.end(),
            [](const UnusedGrant& a, const UnusedGrant& b) { return a.id < b.id; });
  if (static_cast<std::int64_t>(found.size()) > limit)
    found.resize(static_cast<std::size_t>(limit));
  const Timestamp counted = TRY(counted_since());
  for (UnusedGrant& grant : found) grant.counted_since = std::max(counted, grant.created_at);
  return found;
}

}  // namespace agentauth
