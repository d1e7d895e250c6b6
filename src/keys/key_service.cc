#include "keys/key_service.h"

#include <algorithm>

#include "crypto/bcrypt.h"

namespace agentauth {
namespace {

constexpr std::chrono::minutes verified_lifetime{5};

// A secret of the process for one kind of credential and one verifier with its settings: what was
// remembered of another kind, or under other settings, has another name.
HmacSha256 memory_key(Random& random, int bcrypt_cost) {
  const HmacSha256 process(as_bytes(random_secret(random, 32).reveal()));
  return HmacSha256(process.sign("agentauth api key, $2b$, cost " + std::to_string(bcrypt_cost)));
}

HmacSha256 derived(const MasterKey& master_key, std::string_view label) {
  return HmacSha256(master_key.derive(label));
}

tl::unexpected<Error> not_rotatable(std::string_view status) {
  return failure(Errc::conflict,
                 "The key is " + std::string(status) + "; only an active key can be rotated");
}

// In its overlap a key has a successor. Another one would live on when the overlap has ended.
tl::unexpected<Error> rotated_before() {
  return failure(Errc::conflict, "The key was rotated before; rotate the new one");
}

// What the rule of a single field cannot say.
Result<void> require_times(const CreateKey& request, Timestamp now) {
  std::vector<FieldError> wrong;
  const Timestamp latest = now + Seconds{key_lifetime_max_seconds};
  const auto& end = request.expires_at;
  if (end && request.expires_in) {
    wrong.push_back({"expires_at", "cannot stand beside expires_in"});
  } else if (end && (*end <= now || *end > latest)) {
    wrong.push_back({"expires_at", "must lie ahead, by ten years at most"});
  }
  const auto expires = request.expires_in ? now + Seconds{*request.expires_in} : end;
  if (request.not_before &&
      (*request.not_before > latest || request.not_before >= expires.value_or(Timestamp::max())))
    wrong.push_back({"not_before", "must lie before the key's end, and ten years ahead at most"});
  if (wrong.empty()) return {};
  return tl::unexpected(Error{.code = Errc::invalid_argument,
                              .message = "A field is missing or invalid",
                              .fields = std::move(wrong)});
}

// REQUIRES: it is not.
AuditReason why_not_admitted(const Directory::View& view, const KeyRecord& key, Timestamp now) {
  if (!key.usable_at(now)) return AuditReason::key_expired;
  const KeyLimits* limits = view.find_limits(key);
  return limits != nullptr && limits->begins_after(now) ? AuditReason::key_not_yet_valid
                                                        : AuditReason::key_wrong_network;
}

}  // namespace

tl::unexpected<Error> invalid_credentials(AuditReason why) {
  return failure(Errc::unauthenticated, "Invalid credentials", to_string(why));
}

KeyDescription KeyDescription::of(const ApiKey& key, Timestamp now) {
  KeyDescription shown{key.key_id,
                       key.kid,
                       key.name,
                       key.status(now),
                       key.created_at,
                       key.expires_at,
                       key.revoked_at,
                       key.constraints.not_before,
                       key.constraints.allowed_cidrs,
                       key.constraints.permissions,
                       {},
                       {}};
  if (key.last_use) {
    shown.last_used_at = key.last_use->at;
    shown.last_used_address = format_ip_address(key.last_use->address);
  }
  return shown;
}

KeyService::KeyService(Database& database, const Directory& directory, const MasterKey& master_key,
                       const Clock& clock, Random& random, const Options& options)
    : database_(database),
      directory_(directory),
      clock_(clock),
      random_(random),
      options_(options),
      tag_key_(derived(master_key, "agentauth api key tag")),
      memory_key_(memory_key(random, options.bcrypt_cost)),
      verified_(verified_lifetime) {}

KeyTagBytes KeyService::tag_of(const KeyParts& parts) const {
  // kid and secret lie beside each other in the text, with the underscore between them.
  const std::string_view covered(parts.kid.data(), key_kid_length + 1 + key_secret_length);
  const Sha256 whole = tag_key_.sign(covered);
  KeyTagBytes tag;
  std::copy_n(whole.begin(), tag.size(), tag.begin());
  return tag;
}

Result<MintedKey> KeyService::mint() {
  MintedKey minted;
  minted.text = make_key_text(random_);
  const auto parts = parse_key(minted.text.reveal());
  if (!parts) return failure(Errc::internal, "Internal error", "a new key does not parse");
  minted.kid = parts->kid;
  minted.tag = tag_of(*parts);
  minted.hash = TRY(bcrypt_hash(Secret{std::string(parts->secret)}, options_.bcrypt_cost, random_));
  return minted;
}

Result<void> KeyService::require_room(Transaction& tx, AgentId agent) const {
  if (TRY(tx.keys().count_usable(agent, clock_.now())) < usable_keys_max) return {};
  return failure(Errc::conflict, "The agent has " + std::to_string(usable_keys_max) +
                                     " keys that can be used; revoke one first");
}

Result<void> KeyService::require_room_for_names(const std::vector<std::string>& names) const {
  const Directory::View view(directory_);
  for (const std::string& name : names)
    if (!view.names().has_room_for(name, NamedBy::key))
      return failure(Errc::conflict, names_exhausted);
  return {};
}

ExpiryNotice KeyService::notice_of(std::optional<Timestamp> end, Timestamp now) const {
  return end && *end - now <= options_.expiry_notice ? ExpiryNotice::none : ExpiryNotice::due;
}

Result<ApiKey> KeyService::store(Transaction& tx, const MintedKey& minted,
                                 const CreateKey& request) {
  TRY(tx.agents().find(request.agent_id));
  TRY(require_times(request, clock_.now()));
  TRY(require_room(tx, request.agent_id));
  if (request.permissions) TRY(require_room_for_names(*request.permissions));
  ApiKeyRepository::NewKey row{
      .agent_id = request.agent_id,
      .kid = minted.kid,
      .hash = minted.hash,
      .tag = minted.tag,
      .name = request.name.value_or(""),
      .expires_at = request.expires_at,
      .constraints = {request.not_before, request.allowed_cidrs, request.permissions},
  };
  const Timestamp now = clock_.now();
  if (request.expires_in) row.expires_at = now + Seconds{*request.expires_in};
  row.notice = notice_of(row.expires_at, now);
  const ApiKey key = TRY(tx.keys().insert(row));
  TRY(tx.changes().append(ChangeKind::key, request.agent_id));
  return key;
}

Result<std::vector<KeyDescription>> KeyService::list(Transaction& tx, const ListKeys& request,
                                                     const PageStart& after, std::int64_t limit) {
  TRY(tx.agents().find(request.agent_id));
  const std::vector<ApiKey> stored = TRY(tx.keys().list(request.agent_id, after, limit));
  std::vector<KeyDescription> keys;
  for (const ApiKey& key : stored) keys.push_back(KeyDescription::of(key, clock_.now()));
  return keys;
}

Result<void> KeyService::require_rotatable(Transaction& tx, const RotateKey& request) const {
  const KeyStatus status =
      TRY(tx.keys().find(request.agent_id, request.key_id)).status(clock_.now());
  if (status != KeyStatus::active) return not_rotatable(to_string(status));
  if (TRY(tx.keys().was_rotated(request.agent_id, request.key_id))) return rotated_before();
  return {};
}

Result<ApiKey> KeyService::rotate(Transaction& tx, const MintedKey& minted,
                                  const RotateKey& request) {
  const Timestamp now = clock_.now();
  TRY(require_rotatable(tx, request));
  const ApiKey old = TRY(tx.keys().find(request.agent_id, request.key_id));
  const Seconds overlap{request.overlap_seconds.value_or(overlap_default_seconds)};
  const auto ended = tx.keys().end_at(request.agent_id, request.key_id, now + overlap, now);
  // Somebody was quicker than we read.
  if (!ended && ended.error().code == Errc::not_found) return not_rotatable("no longer active");
  if (!ended) return tl::unexpected(ended.error());
  if (!TRY(tx.keys().mark_rotated(request.agent_id, request.key_id, now))) return rotated_before();
  TRY(require_room(tx, request.agent_id));
  ApiKeyRepository::NewKey row{
      .agent_id = request.agent_id,
      .kid = minted.kid,
      .hash = minted.hash,
      .tag = minted.tag,
      .name = old.name,
      .expires_at = {},
      .constraints = old.constraints,
  };
  if (old.expires_at) row.expires_at = now + (*old.expires_at - old.created_at);
  row.renewable_until = TRY(tx.keys().find_renewable_until(request.agent_id, request.key_id));
  if (row.renewable_until)
    row.expires_at = std::min(row.expires_at.value_or(Timestamp::max()), *row.renewable_until);
  row.notice = notice_of(row.expires_at, now);
  const ApiKey key = TRY(tx.keys().insert(row));
  TRY(tx.changes().append(ChangeKind::key, request.agent_id));
  return key;
}

Result<void> KeyService::revoke(Transaction& tx, const NameKey& request) {
  if (TRY(tx.keys().find(request.agent_id, request.key_id)).revoked_at) return {};
  TRY(tx.keys().revoke(request.agent_id, request.key_id, clock_.now()));
  TRY(tx.changes().append(ChangeKind::key, request.agent_id));
  return {};
}

KeyService::Check KeyService::check(std::string_view text, const IpAddress& from) const {
  Check check;
  const auto refused = [&check](AuditReason why) {
    check.why = why;
    return check;
  };
  const auto parts = parse_key(text);
  if (!parts) return refused(AuditReason::key_malformed);
  check.kid = parts->kid;
  const Directory::View view(directory_);
  const KeyRecord* key = view.find_key(parts->kid);
  if (key != nullptr) check.agent = key->agent_id;
  // An unknown kid is compared with a tag that nothing matches: unknown and wrong cost the same.
  static const KeyRecord nobody;
  if (key == nullptr) key = &nobody;
  const bool matches = constant_time_equal(tag_of(*parts), key->tag);
  if (!matches)
    return refused(key == &nobody ? AuditReason::key_unknown : AuditReason::key_wrong_secret);
  if (const Timestamp now = clock_.now(); !view.admits(*key, now, from))
    return refused(why_not_admitted(view, *key, now));
  const AgentRecord* agent = view.find_agent(key->agent_id);
  if (agent == nullptr || agent->status != AgentStatus::active)
    return refused(AuditReason::agent_suspended);

  check.caller = {key->agent_id, agent->token_generation, {}, key->kid, from};
  check.name = memory_key_.sign(text);
  check.outcome = verified_.contains(check.name, key->generation, clock_.now())
                      ? Check::Outcome::verified
                      : Check::Outcome::unverified;
  return check;
}

// What memory has forgotten the database knows, if it answers.
AuditReason KeyService::why_unknown(const KeyParts& parts) const {
  if (directory_.is_lost()) return AuditReason::key_unknown;
  const auto key = database_.read([&](Transaction& tx) { return tx.keys().find_state(parts.kid); });
  if (!key || !*key || !(*key)->revoked) return AuditReason::key_unknown;
  return constant_time_equal(tag_of(parts), (*key)->tag) ? AuditReason::key_revoked
                                                         : AuditReason::key_wrong_secret;
}

Result<Caller> KeyService::authenticate(std::string_view text, const IpAddress& from) {
  Check before = check(text, from);
  if (before.outcome == Check::Outcome::unverified) {
    const auto parts = parse_key(text);
    std::uint32_t generation = 0;
    {
      // The generation before the hash is read: if the row changes in between, what is remembered
      // is worthless rather than wrong.
      const Directory::View view(directory_);
      if (const KeyRecord* key = view.find_key(parts->kid)) generation = key->generation;
    }
    const auto hash = database_.read(
        [&](Transaction& tx) { return tx.keys().find_hash(std::string(parts->kid)); });
    if (!hash && hash.error().code == Errc::not_found)
      return invalid_credentials(AuditReason::key_unknown);
    if (!hash) return tl::unexpected(hash.error());
    if (!bcrypt_matches(Secret{std::string(parts->secret)}, *hash))
      return failure(Errc::unauthenticated, "Invalid credentials",
                     "the tag matches but the hash does not");
    verified_.remember(before.name, generation, clock_.now());
    // Time has passed: everything but the hash is read again.
    before = check(text, from);
  }
  if (before.outcome == Check::Outcome::verified) return before.caller;
  // Asked of every key of the right form, so that no time tells an unknown one from a known one.
  const auto parts = parse_key(text);
  const AuditReason unknown = parts ? why_unknown(*parts) : AuditReason::key_malformed;
  return invalid_credentials(before.why == AuditReason::key_unknown ? unknown : before.why);
}

}  // namespace agentauth
