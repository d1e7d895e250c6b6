#include "tokens/token_service.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/encoding.h"
#include "base/json.h"

namespace agentauth {
namespace {

// Clocks of nodes may differ this much before "issued in the future" is a lie.
constexpr std::int64_t clock_skew_seconds = 60;
constexpr std::size_t jti_bytes = 16;
// Of what stands behind claims_start().
constexpr std::size_t claims_usual_size = 320;

tl::unexpected<Error> refused(std::string_view why) {
  return failure(Errc::unauthenticated, "The access token is not valid", why);
}

std::string claims_start(const TokenOptions& options) {
  std::string json;
  JsonWriter out(json);
  out.open();
  out.member("iss", options.issuer);
  out.member("aud", options.audience);
  return json + ",\"sub\":\"";
}

void append_uuid(std::string& out, const Uuid& id) {
  std::array<char, 36> text;
  id.write(text.data());
  out.append(text.data(), text.size());
}

// RFC 7519 4.1.3: one audience or a list of them; ours must be there, spelled exactly.
bool names_audience(const JsonValue* claim, std::string_view audience) {
  if (claim == nullptr) return false;
  if (claim->type == JsonValue::Type::text) return claim->text == audience;
  return claim->type == JsonValue::Type::array &&
         std::any_of(claim->items.begin(), claim->items.end(), [&](const JsonValue& item) {
           return item.type == JsonValue::Type::text && item.text == audience;
         });
}

bool is_text(const JsonValue* claim, std::string_view expected) {
  return claim != nullptr && claim->type == JsonValue::Type::text && claim->text == expected;
}

std::optional<std::int64_t> integer_of(const JsonValue* claim) {
  if (claim == nullptr || claim->type != JsonValue::Type::integer) return std::nullopt;
  return claim->integer;
}

// A token from before there were generations is of the first one.
Result<std::uint32_t> generation_of(const JsonValue* claim) {
  if (claim == nullptr) return 0U;
  const auto number = integer_of(claim);
  if (!number || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max())
    return refused("gen is no generation");
  return static_cast<std::uint32_t>(*number);
}

// A token need not be of a family; one that says it is must say of which.
Result<FamilyId> family_of(const JsonValue* claim) {
  if (claim == nullptr) return FamilyId{};
  const auto id = claim->type == JsonValue::Type::text ? FamilyId::parse(claim->text)
                                                       : std::optional<FamilyId>();
  if (!id || *id == FamilyId{}) return refused("sid is no family");
  return *id;
}

Result<const SigningKey*> find_key(const SigningKeys& keys, std::string_view header_with_dot) {
  // Our own tokens have one spelling for each key.
  for (const SigningKey& key : keys.all())
    if (header_with_dot == key.encoded_header()) return &key;

  const auto bytes = base64url_decode(header_with_dot.substr(0, header_with_dot.size() - 1));
  if (!bytes) return refused("the header is not base64url");
  const auto header = parse_json(as_text(*bytes));
  if (!header || header->type != JsonValue::Type::object) return refused("the header is not JSON");
  const JsonValue* kid = header->find("kid");
  if (kid == nullptr || kid->type != JsonValue::Type::text) return refused("no kid");
  const SigningKey* key = keys.find(kid->text);
  if (key == nullptr) return refused("unknown kid");
  // RFC 8725 3.1: the algorithm is ours to choose, not the token's.
  if (!is_text(header->find("alg"), "HS256")) return refused("not the key's algorithm");
  if (!is_text(header->find("typ"), "at+jwt")) return refused("not an access token");
  // RFC 7515 4.1.11: an extension we must understand, and we understand none.
  if (header->find("crit") != nullptr) return refused("critical extension");
  return key;
}

}  // namespace

TokenService::TokenService(SigningKeys keys, TokenOptions options, Random& random)
    : keys_(std::move(keys)),
      options_(std::move(options)),
      claims_start_(claims_start(options_)),
      random_(random) {}

void TokenService::issue(const Caller& caller, Timestamp now, std::string& out,
                         Timestamp key_ends_at) const {
  const std::int64_t issued_at = unix_seconds(now);
  std::string claims;
  claims.reserve(claims_start_.size() + claims_usual_size);
  claims += claims_start_;
  append_uuid(claims, caller.agent_id.uuid);
  claims += "\",\"agent_id\":\"";
  append_uuid(claims, caller.agent_id.uuid);
  claims += "\",\"key\":\"";
  claims += text_of(caller.key);
  claims += "\",\"gen\":";
  decimal_append(caller.token_generation, claims);
  if (caller.family != FamilyId{}) {
    claims += ",\"sid\":\"";
    append_uuid(claims, caller.family.uuid);
    claims += '"';
  }
  claims += ",\"iat\":";
  decimal_append(issued_at, claims);
  claims += ",\"exp\":";
  decimal_append(std::min(issued_at + options_.lifetime.count(), unix_seconds(key_ends_at)),
                 claims);
  claims += ",\"jti\":\"";
  base64url_append(random_.bytes<jti_bytes>(), claims);
  claims += "\"}";

  const SigningKeyRing::View ring(keys_);
  const SigningKey& key = ring.keys().signing_at(now);
  const std::size_t start = out.size();
  out.reserve(start + key.encoded_header().size() + (claims.size() + sizeof(Sha256)) * 4 / 3 + 4);
  out += key.encoded_header();
  base64url_append(as_bytes(claims), out);
  const Sha256 signature = key.sign(std::string_view(out).substr(start));
  out += '.';
  base64url_append(signature, out);
}

Result<VerifiedToken> TokenService::verify(std::string_view text, Timestamp now) const {
  if (text.size() > token_bytes_max) return refused("longer than 8 KiB");
  // RFC 7515 7.1: compact form, exactly three parts.
  const std::size_t first = text.find('.');
  const std::size_t second = first == text.npos ? text.npos : text.find('.', first + 1);
  if (second == text.npos || text.find('.', second + 1) != text.npos)
    return refused("not a compact JWT");
  const SigningKeyRing::View ring(keys_);
  const SigningKey* key = TRY(find_key(ring.keys(), text.substr(0, first + 1)));
  if (key->times().verifies_until <= now) return refused("its key was retired");

  std::array<std::uint8_t, 33> signature;
  const auto size = base64url_decode(text.substr(second + 1), signature);
  const Sha256 expected = key->sign(text.substr(0, second));
  if (!size || !constant_time_equal(ByteView(signature).first(*size), expected))
    return refused("wrong signature");
  const auto payload = base64url_decode(text.substr(first + 1, second - first - 1));
  if (!payload) return refused("the payload is not base64url");
  VerifiedToken token = TRY(check_claims(as_text(*payload), now));
  token.expires_at_ = std::min(token.expires_at_, key->times().verifies_until);
  token.keys_generation_ = ring.generation();
  return token;
}

Result<std::optional<std::string>> TokenService::stored_signing_kid(std::string_view text) const {
  const SigningKeyRing::View ring(keys_);
  const SigningKey* key = TRY(find_key(ring.keys(), text.substr(0, text.find('.') + 1)));
  return key->is_stored() ? std::optional(key->kid()) : std::nullopt;
}

Result<VerifiedToken> TokenService::check_claims(std::string_view payload, Timestamp now) const {
  const auto claims = parse_json(payload);
  if (!claims || claims->type != JsonValue::Type::object) return refused("the payload is not JSON");
  if (!is_text(claims->find("iss"), options_.issuer)) return refused("wrong issuer");
  if (!names_audience(claims->find("aud"), options_.audience)) return refused("wrong audience");

  const auto issued_at = integer_of(claims->find("iat"));
  const auto expires_at = integer_of(claims->find("exp"));
  const std::int64_t now_seconds = unix_seconds(now);
  if (!issued_at || !expires_at) return refused("no iat or no exp");
  if (*expires_at <= now_seconds) return refused("expired");
  if (*issued_at > now_seconds + clock_skew_seconds) return refused("issued in the future");
  if (*issued_at < 0 || *expires_at - *issued_at > options_.lifetime.count())
    return refused("lives longer than tokens may");
  if (const JsonValue* not_before = claims->find("nbf")) {
    if (!integer_of(not_before) || *integer_of(not_before) > now_seconds)
      return refused("not valid yet");
  }

  const JsonValue* subject = claims->find("sub");
  const JsonValue* jti = claims->find("jti");
  if (subject == nullptr || !is_text(claims->find("agent_id"), subject->text))
    return refused("sub and agent_id differ");
  if (jti == nullptr || jti->type != JsonValue::Type::text || jti->text.empty())
    return refused("no jti");
  const auto agent = AgentId::parse(subject->text);
  if (!agent) return refused("sub is not an agent's id");
  const JsonValue* kid = claims->find("key");
  const auto key =
      kid != nullptr && kid->type == JsonValue::Type::text ? parse_kid(kid->text) : std::nullopt;
  if (!key) return refused("key is not an API key's kid");
  const Caller caller{*agent, TRY(generation_of(claims->find("gen"))),
                      TRY(family_of(claims->find("sid"))), *key};
  return VerifiedToken(caller, Timestamp{Seconds{*issued_at - clock_skew_seconds}},
                       Timestamp{Seconds{*expires_at}});
}

}  // namespace agentauth
