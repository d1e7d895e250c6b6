#include "tokens/refresh_service.h"

#include <algorithm>

namespace agentauth {
namespace {

constexpr std::int64_t swept_at_once = 1000;
// A node whose clock is behind must not find a family forgotten that to it still lives.
constexpr std::chrono::hours kept_after_end{24};

// Whole seconds, because that is what a token says.
Timestamp whole_seconds(Timestamp time) { return std::chrono::floor<Seconds>(time); }

FamilyId new_family(Random& random) {
  FamilyId id{Uuid{random.bytes<16>()}};
  // RFC 9562 5.4: version 4, variant 10.
  id.uuid.bytes[6] = static_cast<std::uint8_t>((id.uuid.bytes[6] & 0x0F) | 0x40);
  id.uuid.bytes[8] = static_cast<std::uint8_t>((id.uuid.bytes[8] & 0x3F) | 0x80);
  return id;
}

TokenFamilyRepository::Token row_of(const RefreshToken& token) {
  return {token.family.id, token.family.agent_id, token.number, token.family.ends_at};
}

}  // namespace

tl::unexpected<Error> invalid_refresh_token(AuditReason why) {
  return failure(Errc::unauthenticated, "The refresh token is not valid", to_string(why));
}

RefreshService::RefreshService(Database& database, const Directory& directory,
                               const MasterKey& master_key, const Clock& clock, Random& random,
                               RefreshOptions options)
    : database_(database),
      directory_(directory),
      clock_(clock),
      random_(random),
      options_(options),
      codec_(master_key) {}

RefreshService::Pair RefreshService::begin(AgentId agent, std::string_view kid,
                                           std::uint32_t token_generation) const {
  RefreshToken token;
  token.family.id = new_family(random_);
  token.family.agent_id = agent;
  std::copy_n(kid.begin(), std::min(kid.size(), token.family.kid.size()), token.family.kid.begin());
  token.family.token_generation = token_generation;
  token.family.begun_at = whole_seconds(clock_.now());
  token.family.ends_at = token.family.begun_at + options_.lifetime;
  return pair_of(token);
}

RefreshService::Pair RefreshService::pair_of(const RefreshToken& token) const {
  const Timestamp now = clock_.now();
  const auto left = std::chrono::floor<Seconds>(token.family.ends_at - now);
  return {.caller = {token.family.agent_id, token.family.token_generation, token.family.id,
                     token.family.kid},
          .refresh_token = codec_.write(token),
          .expires_in = token.number == 0 ? std::min(options_.lifetime, options_.idle)
                                          : std::clamp(left, Seconds{0}, options_.idle)};
}

std::optional<TokenFamily> RefreshService::family_of(std::string_view text) const {
  const auto token = codec_.read(text);
  return token ? std::optional(token->family) : std::nullopt;
}

Result<RefreshToken> RefreshService::accept(std::string_view text, const IpAddress& from) const {
  const auto token = codec_.read(text);
  if (!token) return invalid_refresh_token(AuditReason::refresh_malformed);
  TRY(require_standing(*token, from));
  return *token;
}

RefreshService::Pair RefreshService::successor_of(const RefreshToken& token) const {
  return pair_of({token.family, token.number + 1});
}

Result<void> RefreshService::require_standing(const RefreshToken& token,
                                              const IpAddress& from) const {
  const TokenFamily& family = token.family;
  const Timestamp now = clock_.now();
  // The option may have been shortened since; it never lengthens what was promised.
  if (now >= family.ends_at || now >= family.begun_at + options_.lifetime)
    return invalid_refresh_token(AuditReason::refresh_expired);
  const Directory::View view(directory_);
  if (view.is_revoked(family.id)) return invalid_refresh_token(AuditReason::refresh_revoked);
  const AgentRecord* agent = view.find_agent(family.agent_id);
  if (agent == nullptr) return invalid_refresh_token(AuditReason::key_revoked);
  if (agent->status != AgentStatus::active)
    return invalid_refresh_token(AuditReason::agent_suspended);
  if (agent->token_generation != family.token_generation)
    return invalid_refresh_token(AuditReason::refresh_revoked);
  const KeyRecord* key = view.find_key(family.key());
  if (key == nullptr || key->agent_id != family.agent_id)
    return invalid_refresh_token(AuditReason::key_revoked);
  if (!key->usable_at(now)) return invalid_refresh_token(AuditReason::key_expired);
  if (!view.admits(*key, now, from)) return invalid_refresh_token(AuditReason::key_wrong_network);
  return {};
}

// Where not even a moment may lie between a suspension that another node has answered and this.
Result<AuditReason> RefreshService::why_fallen(Transaction& tx, const TokenFamily& family,
                                               Timestamp now) const {
  const auto standing = TRY(tx.token_families().find_standing(family.agent_id, family.key()));
  if (!standing || standing->is_key_revoked) return AuditReason::key_revoked;
  if (standing->status != AgentStatus::active) return AuditReason::agent_suspended;
  if (static_cast<std::uint32_t>(standing->token_generation) != family.token_generation)
    return AuditReason::refresh_revoked;
  if (standing->key_ends_at && now >= *standing->key_ends_at) return AuditReason::key_expired;
  return AuditReason::none;
}

// A replay is no failure here: what it changed is to be kept.
Result<RefreshService::Spending> RefreshService::spend(Transaction& tx,
                                                       const RefreshToken& token) const {
  const auto refused = [](AuditReason why) { return Spending(tl::unexpect, why); };
  const Timestamp now = clock_.now();
  const AuditReason fallen = TRY(why_fallen(tx, token.family, now));
  if (fallen != AuditReason::none) return refused(fallen);
  const auto row = row_of(token);
  // When the others were given, the row tells.
  const bool lay_idle = token.number == 0 && now >= token.family.begun_at + options_.idle;
  if (!lay_idle && TRY(tx.token_families().spend(row, now, now - options_.idle)))
    return Spending(Change::spent);
  const auto state = TRY(tx.token_families().find(token.family.id));
  if (state && state->revoked_at) return refused(AuditReason::refresh_revoked);
  // Not spent yet, and still not to be had: it was left lying. A number that is yet to come was
  // given before somebody put an older copy of the database in place.
  if (!state || state->next <= token.number) return refused(AuditReason::refresh_expired);
  const auto spent_at = state->when_spent(token.number);
  if (spent_at && now < *spent_at + options_.grace) return Spending(Change::spent);
  // Not before its last access token, or the family would be forgotten while that one lives: the
  // clock may have gone back. Somebody may have been quicker to revoke it.
  const Timestamp last_spent = *std::max_element(state->spends.begin(), state->spends.end());
  if (!TRY(tx.token_families().revoke(row, std::max(now, last_spent))))
    return refused(AuditReason::refresh_revoked);
  TRY(tx.changes().append_family(token.family.agent_id, token.family.id));
  return Spending(Change::replayed);
}

Result<void> RefreshService::end(Transaction& tx, const Caller& caller) {
  if (caller.family == FamilyId{})
    return failure(Errc::conflict, "The access token belongs to no login that could be ended");
  const Timestamp now = clock_.now();
  // Of a family without a row nobody here knows when it began: it ends no later than this.
  if (TRY(tx.token_families().revoke({caller.family, caller.agent_id, 0, now + options_.lifetime},
                                     now)))
    TRY(tx.changes().append_family(caller.agent_id, caller.family));
  return {};
}

Result<bool> RefreshService::sweep(Timestamp now) {
  const Timestamp before = now - kept_after_end;
  if (!TRY(database_.read([&](Transaction& tx) { return tx.token_families().has_ended(before); })))
    return false;
  return TRY(database_.write([&](Transaction& tx) {
           return tx.token_families().sweep(before, swept_at_once);
         })) == swept_at_once;
}

}  // namespace agentauth
