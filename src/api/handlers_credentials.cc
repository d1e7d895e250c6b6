// What hands out credentials and takes them back: registration, login, refresh, logout.
#include "api/authority.h"
#include "api/handlers.h"
#include "api/idempotency.h"
#include "api/limit_gate.h"

namespace agentauth::api {
namespace {

Timestamp end_of(const Services& services, const Kid& kid) {
  const Directory::View view(services.directory);
  const KeyRecord* key = view.find_key(text_of(kid));
  if (key == nullptr) return Timestamp::max();
  return Timestamp{std::chrono::milliseconds{key->expires_at_ms}};
}

// Both tokens are worth nothing without the key they came from: neither says that it lives longer.
void answer_with_tokens(Services& services, ApiExchange& exchange,
                        const RefreshService::Pair& pair) {
  const Timestamp now = services.clock.now();
  const Timestamp key_ends_at = end_of(services, pair.caller.key);
  const Seconds key_lives = std::max(std::chrono::floor<Seconds>(key_ends_at - now), Seconds{0});
  LoggedIn answer;
  answer.token_type = "bearer";
  answer.expires_in = std::min(services.tokens.lifetime(), key_lives).count();
  services.tokens.issue(pair.caller, now, answer.access_token, key_ends_at);
  answer.refresh_token = pair.refresh_token;
  answer.refresh_expires_in = std::min(pair.expires_in, key_lives).count();
  forbid_storing(exchange);
  exchange.answer(exchange.operation->status, answer);
}

AuditTarget made(AgentId agent, const MintedKey& first_key) {
  return {AuditTargetType::agent, AuditText::of_id(agent), agent, AuditText::of_kid(first_key.kid)};
}

// Whose key it claims to be: for the audit trail and for limits, also when it does not work.
void name_subject(ApiExchange& exchange, const KeyService::Check& check) {
  exchange.presented_kid = check.kid;
  exchange.subject.kid = AuditText::of_kid(check.kid);
  exchange.subject.agent_id = check.agent;
}

// What memory refuses another node may have made, replaced or resumed just now. Every key of the
// right form goes this way, whatever is wrong with it, so that no time tells one from another.
Result<void> hear_of(Services& services, ApiExchange& exchange, std::string_view api_key) {
  if (services.keys.check(api_key, exchange.client_address()).outcome !=
      KeyService::Check::Outcome::refused)
    return {};
  // When nothing can be heard of, what is known counts as long as it is fresh.
  (void)services.directory.catch_up_together();
  return require_fresh(services);
}

// A login is not answered before it is on record.
Result<void> log_in_as(Services& services, ApiExchange& exchange, const Caller& caller) {
  TRY(admit_agent(services, exchange, caller.agent_id, text_of(caller.key)));
  answer_with_tokens(
      services, exchange,
      services.refresh_tokens.begin(caller.agent_id, text_of(caller.key), caller.token_generation));
  services.keys.note_use(caller);
  exchange.before_answer = event_of(services, exchange, AuditOutcome::success);
  return {};
}

// On record in the transaction that spends the token, or ends the login.
class SpentToken final : public AwaitedWrite {
 public:
  SpentToken(Services& services, ApiExchange& exchange, const RefreshToken& token)
      : services_(services), exchange_(exchange), token_(token) {}

  Result<void> write(Transaction& tx) override {
    change_ = TRY(services_.refresh_tokens.spend(tx, token_));
    if (!change_) return {};
    event_ =
        *change_ == RefreshService::Change::replayed
            ? event_of(services_, exchange_, AuditOutcome::failure, AuditReason::refresh_replayed)
            : event_of(services_, exchange_, AuditOutcome::success);
    tx.record(event_);
    return {};
  }

  Result<void> finish() override {
    if (!change_) return invalid_refresh_token(change_.error());
    services_.recorder.count(event_);
    if (*change_ == RefreshService::Change::replayed) {
      services_.metrics.count_refresh_replay();
      exchange_.is_recorded = true;
      return invalid_refresh_token(AuditReason::refresh_replayed);
    }
    // The write may have waited for a while.
    TRY(services_.refresh_tokens.require_standing(token_, exchange_.client_address()));
    return require_fresh(services_);
  }

 private:
  Services& services_;
  ApiExchange& exchange_;
  const RefreshToken token_;
  RefreshService::Spending change_{tl::unexpect, AuditReason::none};
  AuditEvent event_;
};

}  // namespace

Result<void> register_agent(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<RegisterAgent>());
  // Before the hash as well: those who wait for a database that is away would queue for it.
  TRY(require_fresh(services));
  TRY(admit_owner(services.limiter, exchange, request.owner_email));
  const Idempotency idempotency = TRY(refuse_repeated(services, exchange, request.owner_email));
  const MintedKey minted = TRY(services.keys.mint());
  const auto work = [&](Transaction& tx, AuditTarget& target,
                        const DecidedBy& committed) -> Result<Agent> {
    TRY(require_fresh(services));
    const Agent registered = TRY(services.agents.register_agent(tx, request));
    const ApiKey key =
        TRY(services.keys.store(tx, minted, {registered.agent_id, std::nullopt, std::nullopt}));
    if (committed) TRY(keep_within(committed->own_key(), tx, key));
    TRY(idempotency.keep(services, tx,
                         {registered.agent_id.to_string(), key.key_id.to_string(), 201, ""}));
    target = made(registered.agent_id, minted);
    return registered;
  };
  const auto agent = write_audited(services, exchange, work);
  if (!agent) return refused(services, idempotency, agent);
  forbid_storing(exchange);
  exchange.answer(exchange.operation->status,
                  CreatedAgent{agent->agent_id, std::string(minted.text.reveal())});
  return {};
}

Result<bool> log_in_from_memory(Services& services, ApiExchange& exchange, http::ShareName& share) {
  const auto request = TRY(exchange.decode_input<Login>());
  TRY(require_fresh(services));
  const KeyService::Check check = services.keys.check(request.api_key, exchange.client_address());
  name_subject(exchange, check);
  switch (check.outcome) {
    case KeyService::Check::Outcome::verified:
      TRY(log_in_as(services, exchange, check.caller));
      services.metrics.count_login(Metrics::Login::remembered);
      return true;
    case KeyService::Check::Outcome::unverified:
      share = check.name;
      return false;
    case KeyService::Check::Outcome::refused:
      if (!check.kid.empty()) return false;
      break;
  }
  services.metrics.count_login(Metrics::Login::refused);
  return invalid_credentials(check.why);
}

Result<void> log_in(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<Login>());
  TRY(require_fresh(services));
  TRY(hear_of(services, exchange, request.api_key));
  name_subject(exchange, services.keys.check(request.api_key, exchange.client_address()));
  const auto caller = services.keys.authenticate(request.api_key, exchange.client_address());
  if (!caller) {
    if (caller.error().code == Errc::unauthenticated)
      services.metrics.count_login(Metrics::Login::refused);
    return tl::unexpected(caller.error());
  }
  TRY(log_in_as(services, exchange, *caller));
  services.metrics.count_login(Metrics::Login::verified);
  return {};
}

// On the core but for the write: what is answered when the token turns out to have been unspent is
// made before, and sent after.
Result<void> refresh(Services& services, ApiExchange& exchange) {
  const auto request = TRY(exchange.decode_input<Refresh>());
  TRY(require_fresh(services));
  if (const auto family = services.refresh_tokens.family_of(request.refresh_token)) {
    exchange.subject.agent_id = family->agent_id;
    exchange.subject.kid = AuditText::of_kid(family->key());
  }
  const RefreshToken token =
      TRY(services.refresh_tokens.accept(request.refresh_token, exchange.client_address()));
  TRY(admit_agent(services, exchange, token.family.agent_id, token.family.key()));
  answer_with_tokens(services, exchange, services.refresh_tokens.successor_of(token));
  exchange.awaited = std::make_unique<SpentToken>(services, exchange, token);
  return {};
}

Result<void> log_out(Services& services, ApiExchange& exchange) {
  TRY(exchange.decode_input<LogOut>());
  TRY(write_audited(services, exchange, [&](Transaction& tx, AuditTarget& target) {
    const AgentId agent = exchange.caller->agent_id;
    target = {AuditTargetType::agent, AuditText::of_id(agent), agent};
    return services.refresh_tokens.end(tx, *exchange.caller);
  }));
  exchange.response.set_status(exchange.operation->status);
  return {};
}

}  // namespace agentauth::api
