#include "store/api_keys.h"

#include <algorithm>

#include "store/rows.h"

namespace agentauth {
namespace {

// Neither a range nor a permission has a blank in it.
std::optional<std::string> joined(const std::optional<std::vector<std::string>>& texts) {
  if (!texts) return std::nullopt;
  std::string all;
  for (const std::string& text : *texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

std::vector<std::string> parted(std::string_view all) {
  std::vector<std::string> texts;
  while (!all.empty()) {
    const std::size_t end = std::min(all.find(' '), all.size());
    texts.emplace_back(all.substr(0, end));
    all.remove_prefix(std::min(end + 1, all.size()));
  }
  return texts;
}

// From the column `first` on.
KeyConstraints read_constraints(const Row& row, int first) {
  KeyConstraints constraints;
  constraints.not_before = row.optional_time(first);
  if (!row.is_null(first + 1)) constraints.allowed_cidrs = parted(row.text(first + 1));
  if (!row.is_null(first + 2)) constraints.permissions = parted(row.text(first + 2));
  return constraints;
}

ApiKey read_key(const Row& row) {
  ApiKey key;
  key.key_id = row.id<KeyId>(0);
  key.agent_id = row.id<AgentId>(1);
  key.kid = row.text(2);
  key.name = row.text(3);
  key.created_at = row.time(4);
  key.expires_at = row.optional_time(5);
  key.revoked_at = row.optional_time(6);
  key.constraints = read_constraints(row, 7);
  return key;
}

// From the column `first` on.
std::optional<KeyUse> read_last_use(const Row& row, int first) {
  if (row.is_null(first)) return std::nullopt;
  return KeyUse{parse_kid(row.text(2)).value_or(Kid{}),
                Timestamp{std::chrono::milliseconds{row.integer(first)}},
                parse_ip_address(row.text(first + 1)).value_or(IpAddress{})};
}

KeyState read_state(const Row& row) {
  KeyState state;
  state.kid = row.text(0);
  state.agent_id = row.id<AgentId>(1);
  const ByteView tag = row.bytes(2);
  // A tag of another length matches nothing: the key is of no use rather than of free use.
  state.revoked = !row.is_null(5) || tag.size() != state.tag.size();
  if (tag.size() == state.tag.size()) std::copy(tag.begin(), tag.end(), state.tag.begin());
  state.generation = row.integer(3);
  state.expires_at = row.optional_time(4);
  state.constraints = read_constraints(row, 6);
  return state;
}

Result<ApiKey> one_key(Session& session, Sql sql, std::initializer_list<Param> params) {
  std::optional<ApiKey> found;
  TRY(session.query(sql, params, [&](const Row& row) -> Result<void> {
    found = read_key(row);
    return {};
  }));
  if (!found) return failure(Errc::not_found, "No such key");
  return *std::move(found);
}

}  // namespace

Result<ApiKey> ApiKeyRepository::insert(const NewKey& key) {
  std::optional<std::string> notice;
  if (key.notice == ExpiryNotice::none) notice = "none";
  return one_key(session_,
                 "INSERT INTO api_keys (agent_id, kid, hash, tag, name, expires_at, "
                 "not_before, allowed_cidrs, permissions, expiry_notice, renewable_until) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
                 "RETURNING id, agent_id, kid, name, created_at, expires_at, revoked_at, "
                 "not_before, allowed_cidrs, permissions",
                 {key.agent_id, key.kid, key.hash, ByteView(key.tag), key.name, key.expires_at,
                  key.constraints.not_before, joined(key.constraints.allowed_cidrs),
                  joined(key.constraints.permissions), notice, key.renewable_until});
}

Result<ApiKey> ApiKeyRepository::find(AgentId agent, KeyId key) {
  return one_key(session_,
                 "SELECT id, agent_id, kid, name, created_at, expires_at, revoked_at, "
                 "not_before, allowed_cidrs, permissions "
                 "FROM api_keys WHERE id = $2 AND agent_id = $1",
                 {agent, key});
}

Result<std::vector<ApiKey>> ApiKeyRepository::list(AgentId agent, const PageStart& after,
                                                   std::int64_t limit) {
  std::vector<ApiKey> keys;
  TRY(session_.query(
      "SELECT id, agent_id, kid, name, created_at, expires_at, revoked_at, "
      "not_before, allowed_cidrs, permissions, used_ms, address "
      "FROM api_keys LEFT JOIN key_uses ON key_uses.key_id = api_keys.id "
      "WHERE agent_id = $1 AND (created_at, id) > ($2, $3) "
      "ORDER BY created_at, id LIMIT $4",
      {agent, after.created_at, KeyId{after.id}, limit}, [&](const Row& row) -> Result<void> {
        keys.push_back(read_key(row));
        keys.back().last_use = read_last_use(row, 10);
        return {};
      }));
  return keys;
}

Result<std::int64_t> ApiKeyRepository::count_usable(AgentId agent, Timestamp now) {
  std::int64_t count = 0;
  TRY(
      session_.query("SELECT COUNT(*) FROM api_keys WHERE agent_id = $1 AND revoked_at IS NULL "
                     "AND (expires_at IS NULL OR expires_at > $2)",
                     {agent, now}, [&](const Row& row) -> Result<void> {
                       count = row.integer(0);
                       return {};
                     }));
  return count;
}

Result<ApiKey> ApiKeyRepository::revoke(AgentId agent, KeyId key, Timestamp now) {
  return one_key(session_,
                 "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $3), "
                 "generation = generation + 1 WHERE id = $2 AND agent_id = $1 "
                 "RETURNING id, agent_id, kid, name, created_at, expires_at, revoked_at, "
                 "not_before, allowed_cidrs, permissions",
                 {agent, key, now});
}

Result<ApiKey> ApiKeyRepository::end_at(AgentId agent, KeyId key, Timestamp at, Timestamp now) {
  // The condition is read again under the row's lock: of two rotations at once that end the key at
  // once, the second finds it ended.
  return one_key(session_,
                 "UPDATE api_keys SET generation = generation + 1, expiry_notice = 'none', "
                 "expires_at = CASE WHEN expires_at < $3 THEN expires_at ELSE $3 END "
                 "WHERE id = $2 AND agent_id = $1 AND revoked_at IS NULL "
                 "AND (expires_at IS NULL OR expires_at > $4) "
                 "RETURNING id, agent_id, kid, name, created_at, expires_at, revoked_at, "
                 "not_before, allowed_cidrs, permissions",
                 {agent, key, at, now});
}

Result<bool> ApiKeyRepository::mark_rotated(AgentId agent, KeyId key, Timestamp now) {
  return TRY(session_.execute("UPDATE api_keys SET rotated_at = $3 "
                              "WHERE id = $2 AND agent_id = $1 AND rotated_at IS NULL",
                              {agent, key, now})) == 1;
}

Result<bool> ApiKeyRepository::was_rotated(AgentId agent, KeyId key) {
  bool rotated = false;
  TRY(session_.query(
      "SELECT 1 FROM api_keys WHERE id = $2 AND agent_id = $1 AND rotated_at IS NOT NULL",
      {agent, key}, [&](const Row&) -> Result<void> {
        rotated = true;
        return {};
      }));
  return rotated;
}

Result<std::optional<Timestamp>> ApiKeyRepository::find_renewable_until(AgentId agent, KeyId key) {
  std::optional<std::optional<Timestamp>> found;
  TRY(session_.query("SELECT renewable_until FROM api_keys WHERE id = $2 AND agent_id = $1",
                     {agent, key}, [&](const Row& row) -> Result<void> {
                       found = row.optional_time(0);
                       return {};
                     }));
  if (!found) return failure(Errc::not_found, "No such key");
  return *found;
}

Result<void> ApiKeyRepository::limit_renewal(AgentId agent, KeyId key, Timestamp until) {
  const auto changed =
      TRY(session_.execute("UPDATE api_keys SET renewable_until = "
                           "CASE WHEN renewable_until < $3 THEN renewable_until ELSE $3 END "
                           "WHERE id = $2 AND agent_id = $1",
                           {agent, key, until}));
  if (changed == 0) return failure(Errc::not_found, "No such key");
  return {};
}

Result<ApiKey> ApiKeyRepository::find_by_kid(AgentId agent, std::string_view kid) {
  return one_key(session_,
                 "SELECT id, agent_id, kid, name, created_at, expires_at, revoked_at, "
                 "not_before, allowed_cidrs, permissions "
                 "FROM api_keys WHERE kid = $2 AND agent_id = $1",
                 {agent, kid});
}

Result<bool> ApiKeyRepository::is_notice_due(Timestamp now, Timestamp until) {
  bool due = false;
  TRY(
      session_.query("SELECT 1 FROM api_keys WHERE expiry_notice IS NULL AND revoked_at IS NULL "
                     "AND expires_at > $1 AND expires_at <= $2 LIMIT 1",
                     {now, until}, [&](const Row&) -> Result<void> {
                       due = true;
                       return {};
                     }));
  return due;
}

Result<std::vector<ApiKey>> ApiKeyRepository::give_notice(Timestamp now, Timestamp until,
                                                          std::int64_t limit) {
  std::vector<ApiKey> keys;
  // The first condition is read again under the row's lock: whoever comes second finds it given.
  TRY(session_.query(
      "UPDATE api_keys SET expiry_notice = 'given' WHERE expiry_notice IS NULL AND id IN "
      "(SELECT id FROM api_keys WHERE expiry_notice IS NULL AND revoked_at IS NULL "
      "AND expires_at > $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3) "
      "RETURNING id, agent_id, kid, name, created_at, expires_at, revoked_at, "
      "not_before, allowed_cidrs, permissions",
      {now, until, limit}, [&](const Row& row) -> Result<void> {
        keys.push_back(read_key(row));
        return {};
      }));
  return keys;
}

Result<std::int64_t> ApiKeyRepository::count_ending(Timestamp now, Timestamp until,
                                                    std::int64_t most) {
  std::int64_t count = 0;
  TRY(
      session_.query("SELECT COUNT(*) FROM (SELECT 1 FROM api_keys "
                     "WHERE expiry_notice = 'given' AND revoked_at IS NULL "
                     "AND expires_at > $1 AND expires_at <= $2 LIMIT $3) AS ending",
                     {now, until, most}, [&](const Row& row) -> Result<void> {
                       count = row.integer(0);
                       return {};
                     }));
  return count;
}

Result<std::string> ApiKeyRepository::find_hash(const std::string& kid) {
  std::optional<std::string> hash;
  TRY(session_.query("SELECT hash FROM api_keys WHERE kid = $1", {kid},
                     [&](const Row& row) -> Result<void> {
                       hash = row.text(0);
                       return {};
                     }));
  if (!hash) return failure(Errc::not_found, "No such key");
  return *std::move(hash);
}

Result<std::optional<KeyState>> ApiKeyRepository::find_state(std::string_view kid) {
  std::optional<KeyState> state;
  TRY(
      session_.query("SELECT kid, agent_id, tag, generation, expires_at, revoked_at, "
                     "not_before, allowed_cidrs, permissions FROM api_keys WHERE kid = $1",
                     {kid}, [&](const Row& row) -> Result<void> {
                       state = read_state(row);
                       return {};
                     }));
  return state;
}

Result<void> ApiKeyRepository::each_state(FunctionRef<void(const KeyState&)> visit) {
  return session_.query(
      "SELECT kid, agent_id, tag, generation, expires_at, revoked_at, "
      "not_before, allowed_cidrs, permissions FROM api_keys",
      {}, [&](const Row& row) -> Result<void> {
        visit(read_state(row));
        return {};
      });
}

Result<void> ApiKeyRepository::each_state_of(AgentId agent,
                                             FunctionRef<void(const KeyState&)> visit) {
  return session_.query(
      "SELECT kid, agent_id, tag, generation, expires_at, revoked_at, "
      "not_before, allowed_cidrs, permissions FROM api_keys "
      "WHERE agent_id = $1",
      {agent}, [&](const Row& row) -> Result<void> {
        visit(read_state(row));
        return {};
      });
}

Result<void> ApiKeyRepository::each_state_of(std::span<const AgentId> agents,
                                             FunctionRef<void(const KeyState&)> visit) {
  using Find = RowsSql<
      "SELECT kid, agent_id, tag, generation, expires_at, revoked_at, not_before, "
      "allowed_cidrs, permissions FROM api_keys WHERE agent_id IN (",
      1, ")">;
  return query_rows<Find>(session_, agents, append_one, [&](const Row& row) -> Result<void> {
    visit(read_state(row));
    return {};
  });
}

}  // namespace agentauth
