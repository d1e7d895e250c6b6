// Access tokens: JWTs that say which agent calls. What it may do is never in them. Start here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/random.h"
#include "model/caller.h"
#include "tokens/signing_key_ring.h"

namespace agentauth {

inline constexpr std::size_t token_bytes_max = 8 * 1024;

struct TokenOptions {
  std::string issuer = "agentauth";
  std::string audience = "agentauth";
  Seconds lifetime{900};
};

// A token whose signature and claims have been checked. Only TokenService makes one; a text that
// was merely parsed has no type of its own.
class VerifiedToken {
 public:
  const Caller& caller() const { return caller_; }
  AgentId agent_id() const { return caller_.agent_id; }
  // Before that it is not yet valid: the clock went back since it was verified.
  Timestamp begins_at() const { return begins_at_; }
  // Its own end, or its key's if that comes first.
  Timestamp expires_at() const { return expires_at_; }
  // Of the keys that it was verified with.
  std::uint64_t keys_generation() const { return keys_generation_; }

 private:
  friend class TokenService;
  VerifiedToken(const Caller& caller, Timestamp begins_at, Timestamp expires_at)
      : caller_(caller), begins_at_(begins_at), expires_at_(expires_at) {}

  Caller caller_;
  Timestamp begins_at_;
  Timestamp expires_at_;
  std::uint64_t keys_generation_ = 0;
};

// Nothing but the keys changes after construction: safe to use from any thread.
class TokenService {
 public:
  TokenService(SigningKeys keys, TokenOptions options, Random& random);

  // Appends a compact JWT (RFC 7519, RFC 9068): iss, aud, sub and agent_id, gen, sid (the
  // family, if there is one), iat, exp, jti; and key, the kid of the API key it was got with,
  // without which it is worth nothing, so that exp is no later than `key_ends_at`.
  void issue(const Caller& caller, Timestamp now, std::string& out,
             Timestamp key_ends_at = Timestamp::max()) const;

  // Refuses everything that is not exactly what issue() makes under one of our keys, and what
  // lives longer than our tokens do, however it was signed. Errors: unauthenticated; the cause is
  // in `detail`.
  Result<VerifiedToken> verify(std::string_view text, Timestamp now) const;

  // Which key of the database a token says that it is signed with; nothing when it is a configured
  // secret. Nothing is verified. Errors: unauthenticated, also when that key verifies no more.
  Result<std::optional<std::string>> stored_signing_kid(std::string_view text) const;

  // From here on these keys sign and verify, and no others.
  void use_keys(SigningKeys keys) { keys_.replace(std::move(keys)); }
  // Another number after each use_keys(): a token that was verified before is verified again.
  std::uint64_t keys_generation() const { return keys_.generation(); }

  Seconds lifetime() const { return options_.lifetime; }

 private:
  Result<VerifiedToken> check_claims(std::string_view payload, Timestamp now) const;

  SigningKeyRing keys_;
  const TokenOptions options_;
  const std::string claims_start_;  // {"iss":…,"aud":…,"sub":" as issue() begins
  Random& random_;
};

}  // namespace agentauth
