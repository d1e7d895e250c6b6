#include "store/token_families.h"

#include <algorithm>

namespace agentauth {
namespace {

// The column `spends`: times as RFC 3339, the last first, each with a space behind it.
constexpr std::size_t characters = 25;
constexpr std::int64_t kept_of_earlier = characters * (TokenFamilyRepository::spends_kept - 1);

std::vector<Timestamp> read_spends(Timestamp last, std::string_view written) {
  std::vector<Timestamp> spends{last};
  for (std::size_t at = characters; at < written.size(); at += characters) {
    const auto time = parse_rfc3339(written.substr(at, characters - 1));
    if (!time) break;
    spends.push_back(*time);
  }
  return spends;
}

}  // namespace

std::optional<Timestamp> TokenFamilyRepository::State::when_spent(std::int64_t number) const {
  const std::int64_t since = next - 1 - number;
  if (since < 0 || since >= static_cast<std::int64_t>(spends.size())) return std::nullopt;
  // No later than any token after it, whatever the clock said meanwhile.
  return *std::min_element(spends.begin(), spends.begin() + since + 1);
}

Result<bool> TokenFamilyRepository::spend(const Token& token, Timestamp now, Timestamp idle_since) {
  const std::string written = format_rfc3339(now) + ' ';
  if (token.number == 0)
    return TRY(session_.execute(
               "INSERT INTO token_families (id, agent_id, next_number, spent_at, spends, "
               "ends_at) VALUES ($1, $2, 1, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
               {token.family, token.agent_id, now, written, token.ends_at})) == 1;
  return TRY(session_.execute(
             "UPDATE token_families SET next_number = next_number + 1, spent_at = $3, "
             "spends = $5 || substr(spends, 1, $6) "
             "WHERE id = $1 AND next_number = $2 AND revoked_at IS NULL AND spent_at > $4",
             {token.family, token.number, now, idle_since, written, kept_of_earlier})) == 1;
}

Result<std::optional<TokenFamilyRepository::State>> TokenFamilyRepository::find(FamilyId family) {
  std::optional<State> state;
  TRY(session_.query(
      "SELECT next_number, spent_at, spends, revoked_at FROM token_families "
      "WHERE id = $1",
      {family}, [&](const Row& row) -> Result<void> {
        state = State{row.integer(0), read_spends(row.time(1), row.text(2)), row.optional_time(3)};
        return {};
      }));
  return state;
}

Result<std::optional<TokenFamilyRepository::Standing>> TokenFamilyRepository::find_standing(
    AgentId agent, std::string_view kid) {
  std::optional<Standing> standing;
  TRY(
      session_.query("SELECT status, token_generation, revoked_at, expires_at FROM api_keys "
                     "JOIN agents ON agents.id = api_keys.agent_id "
                     "WHERE kid = $2 AND agent_id = $1",
                     {agent, kid}, [&](const Row& row) -> Result<void> {
                       standing.emplace();
                       // A status that this version does not know lets nobody act.
                       if (!parse(row.text(0), standing->status))
                         standing->status = AgentStatus::suspended;
                       standing->token_generation = row.integer(1);
                       standing->is_key_revoked = !row.is_null(2);
                       standing->key_ends_at = row.optional_time(3);
                       return {};
                     }));
  return standing;
}

Result<bool> TokenFamilyRepository::revoke(const Token& token, Timestamp now) {
  return TRY(session_.execute("INSERT INTO token_families AS family "
                              "(id, agent_id, next_number, spent_at, ends_at, revoked_at) "
                              "VALUES ($1, $2, $3, $4, $5, $4) ON CONFLICT (id) DO UPDATE SET "
                              "revoked_at = excluded.revoked_at WHERE family.revoked_at IS NULL",
                              {token.family, token.agent_id, token.number, now, token.ends_at})) ==
         1;
}

Result<void> TokenFamilyRepository::each_revoked(Timestamp since,
                                                 FunctionRef<void(FamilyId, Timestamp)> visit) {
  return session_.query("SELECT id, revoked_at FROM token_families WHERE revoked_at >= $1", {since},
                        [&](const Row& row) -> Result<void> {
                          visit(row.id<FamilyId>(0), row.time(1));
                          return {};
                        });
}

Result<bool> TokenFamilyRepository::has_ended(Timestamp before) {
  bool found = false;
  TRY(session_.query("SELECT 1 FROM token_families WHERE ends_at < $1 LIMIT 1", {before},
                     [&](const Row&) -> Result<void> {
                       found = true;
                       return {};
                     }));
  return found;
}

Result<std::int64_t> TokenFamilyRepository::sweep(Timestamp before, std::int64_t limit) {
  return session_.execute(
      "DELETE FROM token_families WHERE id IN "
      "(SELECT id FROM token_families WHERE ends_at < $1 LIMIT $2)",
      {before, limit});
}

}  // namespace agentauth
