#include "store/agents.h"

#include "base/json.h"
#include "store/rows.h"

namespace agentauth {
namespace {

std::string to_json(const Labels& labels) {
  std::string text;
  JsonWriter out(text);
  out.open();
  for (const auto& [name, value] : labels) out.member(name, value);
  out.close();
  return text;
}

Labels labels_from_json(std::string_view text) {
  Labels labels;
  const auto parsed = parse_json(text);
  if (!parsed) return labels;
  for (const JsonMember& member : parsed->members) labels.emplace(member.name, member.value.text);
  return labels;
}

Agent read_agent(const Row& row) {
  Agent agent;
  agent.agent_id = row.id<AgentId>(0);
  agent.agent_name = row.text(1);
  agent.owner_email = row.text(2);
  // A status this version does not know is not "active".
  if (!parse(row.text(3), agent.status)) agent.status = AgentStatus::suspended;
  agent.labels = labels_from_json(row.text(4));
  agent.created_at = row.time(5);
  agent.updated_at = row.time(6);
  return agent;
}

AgentRepository::State read_state(const Row& row) {
  AgentRepository::State state{row.id<AgentId>(0),       AgentStatus::suspended,
                               row.integer(2),           std::string(row.text(3)),
                               std::string(row.text(4)), std::string(row.text(5))};
  if (!parse(row.text(1), state.status)) state.status = AgentStatus::suspended;
  return state;
}

Result<Agent> one_agent(Session& session, Sql sql, std::initializer_list<Param> params) {
  std::optional<Agent> found;
  TRY(session.query(sql, params, [&](const Row& row) -> Result<void> {
    found = read_agent(row);
    return {};
  }));
  if (!found) return failure(Errc::not_found, "No such agent");
  return *std::move(found);
}

Result<std::vector<AgentId>> find_ids(Session& session, Sql sql,
                                      std::initializer_list<Param> params) {
  std::vector<AgentId> ids;
  TRY(session.query(sql, params, [&](const Row& row) -> Result<void> {
    ids.push_back(row.id<AgentId>(0));
    return {};
  }));
  return ids;
}

}  // namespace

Result<Agent> AgentRepository::insert(const std::string& name, const std::string& owner) {
  return one_agent(session_,
                   "INSERT INTO agents (agent_name, owner_email) VALUES ($1, $2) "
                   "RETURNING id, agent_name, owner_email, status, labels, created_at, updated_at",
                   {name, owner});
}

Result<Agent> AgentRepository::find(AgentId id) {
  return one_agent(session_,
                   "SELECT id, agent_name, owner_email, status, labels, created_at, updated_at "
                   "FROM agents WHERE id = $1",
                   {id});
}

Result<std::vector<Agent>> AgentRepository::list(const AgentFilter& filter, const PageStart& after,
                                                 std::int64_t limit) {
  // One text for each index that can serve: a name or an owner must not cost a scan.
  static constexpr Sql by_name =
      "SELECT id, agent_name, owner_email, status, labels, created_at, updated_at FROM agents "
      "WHERE agent_name = $1 AND (CAST($2 AS TEXT) IS NULL OR owner_identity = $2) "
      "AND (CAST($3 AS TEXT) IS NULL OR status = $3) AND (created_at, id) > ($4, $5) "
      "ORDER BY created_at, id LIMIT $6";
  static constexpr Sql by_owner =
      "SELECT id, agent_name, owner_email, status, labels, created_at, updated_at FROM agents "
      "WHERE owner_identity = $1 "
      "AND (CAST($2 AS TEXT) IS NULL OR status = $2) AND (created_at, id) > ($3, $4) "
      "ORDER BY created_at, id LIMIT $5";
  static constexpr Sql by_age =
      "SELECT id, agent_name, owner_email, status, labels, created_at, updated_at FROM agents "
      "WHERE (CAST($1 AS TEXT) IS NULL OR status = $1) AND (created_at, id) > ($2, $3) "
      "ORDER BY created_at, id LIMIT $4";
  std::optional<std::string> status;
  if (filter.status) status = to_string(*filter.status);
  std::optional<std::string> owner;
  if (filter.owner) owner = owner_identity(*filter.owner);
  const AgentId after_id{after.id};
  std::vector<Agent> agents;
  const auto keep = [&](const Row& row) -> Result<void> {
    agents.push_back(read_agent(row));
    return {};
  };
  if (filter.name) {
    TRY(session_.query(by_name, {filter.name, owner, status, after.created_at, after_id, limit},
                       keep));
  } else if (owner) {
    TRY(session_.query(by_owner, {owner, status, after.created_at, after_id, limit}, keep));
  } else {
    TRY(session_.query(by_age, {status, after.created_at, after_id, limit}, keep));
  }
  return agents;
}

Result<std::int64_t> AgentRepository::count() {
  std::int64_t count = 0;
  TRY(session_.query("SELECT COUNT(*) FROM agents", {}, [&](const Row& row) -> Result<void> {
    count = row.integer(0);
    return {};
  }));
  return count;
}

Result<Agent> AgentRepository::update(AgentId id, const Changes& changes, Timestamp now) {
  std::optional<std::string> labels;
  if (changes.labels) labels = to_json(*changes.labels);
  return one_agent(session_,
                   "UPDATE agents SET agent_name = COALESCE($2, agent_name), "
                   "owner_email = COALESCE($3, owner_email), labels = COALESCE($4, labels), "
                   "updated_at = $5 WHERE id = $1 "
                   "RETURNING id, agent_name, owner_email, status, labels, created_at, updated_at",
                   {id, changes.name, changes.owner, labels, now});
}

Result<Agent> AgentRepository::set_status(AgentId id, AgentStatus status, Timestamp now) {
  const std::int64_t alone = status == AgentStatus::active ? 0 : 1;
  return one_agent(session_,
                   "UPDATE agents SET status = $2, suspended_alone = $3, updated_at = $4 "
                   "WHERE id = $1 "
                   "RETURNING id, agent_name, owner_email, status, labels, created_at, updated_at",
                   {id, to_string(status), alone, now});
}

Result<void> AgentRepository::revoke_tokens(AgentId id) {
  const auto changed = TRY(session_.execute(
      "UPDATE agents SET token_generation = token_generation + 1 WHERE id = $1", {id}));
  if (changed == 0) return failure(Errc::not_found, "No such agent");
  return {};
}

Result<void> AgentRepository::revoke_all_tokens(std::int64_t generations) {
  TRY(session_.execute("UPDATE agents SET token_generation = token_generation + $1",
                       {generations}));
  return {};
}

Result<std::vector<AgentId>> AgentRepository::suspend_owner(const std::string& owner,
                                                            Timestamp now) {
  TRY(
      session_.execute("INSERT INTO suspended_owners (owner_identity, suspended_at) "
                       "VALUES ($1, $2) ON CONFLICT (owner_identity) DO NOTHING",
                       {owner_identity(owner), now}));
  // Who acted until now was not suspended by itself, whatever a node of a version that does not
  // know of this has left there.
  return find_ids(session_,
                  "UPDATE agents SET status = 'suspended', updated_at = $2, suspended_alone = "
                  "CASE WHEN status = 'active' THEN 0 ELSE suspended_alone END "
                  "WHERE owner_identity = $1 RETURNING id",
                  {owner_identity(owner), now});
}

Result<std::vector<AgentId>> AgentRepository::resume_owner(const std::string& owner,
                                                           Timestamp now) {
  const auto erased = TRY(session_.execute("DELETE FROM suspended_owners WHERE owner_identity = $1",
                                           {owner_identity(owner)}));
  auto resumed =
      TRY(find_ids(session_,
                   "UPDATE agents SET status = 'active', updated_at = $2 WHERE owner_identity = $1 "
                   "AND status <> 'active' AND suspended_alone = 0 RETURNING id",
                   {owner_identity(owner), now}));
  if (erased == 0 && resumed.empty() &&
      TRY(find_ids(session_, "SELECT id FROM agents WHERE owner_identity = $1 LIMIT 1",
                   {owner_identity(owner)}))
          .empty())
    return failure(Errc::not_found, "No agent has this owner");
  return resumed;
}

Result<bool> AgentRepository::is_owner_suspended(const std::string& owner) {
  bool found = false;
  TRY(session_.query("SELECT 1 FROM suspended_owners WHERE owner_identity = $1",
                     {owner_identity(owner)}, [&](const Row&) -> Result<void> {
                       found = true;
                       return {};
                     }));
  return found;
}

Result<void> AgentRepository::erase(AgentId id) {
  const auto erased = TRY(session_.execute("DELETE FROM agents WHERE id = $1", {id}));
  if (erased == 0) return failure(Errc::not_found, "No such agent");
  // Its stored attributes have no reference to follow.
  TRY(session_.execute("DELETE FROM entities WHERE type = 'agent' AND id = $1", {id.to_string()}));
  return {};
}

Result<void> AgentRepository::each_state(FunctionRef<void(const State&)> visit) {
  return session_.query(
      "SELECT id, status, token_generation, agent_name, owner_email, labels FROM agents", {},
      [&](const Row& row) -> Result<void> {
        visit(read_state(row));
        return {};
      });
}

Result<std::optional<AgentRepository::State>> AgentRepository::find_state(AgentId id) {
  std::optional<State> state;
  TRY(
      session_.query("SELECT id, status, token_generation, agent_name, owner_email, labels FROM "
                     "agents WHERE id = $1",
                     {id}, [&](const Row& row) -> Result<void> {
                       state = read_state(row);
                       return {};
                     }));
  return state;
}

Result<void> AgentRepository::each_state_of(std::span<const AgentId> ids,
                                            FunctionRef<void(const State&)> visit) {
  using FindStates = RowsSql<
      "SELECT id, status, token_generation, agent_name, owner_email, labels FROM agents "
      "WHERE id IN (",
      1, ")">;
  return query_rows<FindStates>(session_, ids, append_one, [&](const Row& row) -> Result<void> {
    visit(read_state(row));
    return {};
  });
}

}  // namespace agentauth
