// Refresh tokens: a login without the key, as long as its family lives. Start here.
//
// Each refresh spends a token and gives the next. A token that is spent again after the grace was
// stolen, or its successor was: nobody can say who is who, so the whole family ends (RFC 9700
// 4.14.2). Within the grace it is a retry whose first answer got lost, and gets the same successor,
// unless so many were spent since that the family does not know when it was.
#pragma once

#include <string>
#include <string_view>

#include "crypto/random.h"
#include "directory/directory.h"
#include "model/audit_event.h"
#include "model/caller.h"
#include "store/transaction.h"
#include "tokens/refresh_token.h"

namespace agentauth {

struct RefreshOptions {
  Seconds lifetime{30 * 24 * 3600};  // of a family, from its login; no refresh prolongs it
  Seconds idle{7 * 24 * 3600};       // how long a token may lie unspent
  Seconds grace{10};                 // how long a spent token may be a retry
};

// The one answer to every refresh token that does not work. Why stands in `detail`, as the trail
// spells it: for the log and the trail.
tl::unexpected<Error> invalid_refresh_token(AuditReason why);

// Safe to use from any thread.
class RefreshService {
 public:
  RefreshService(Database& database, const Directory& directory, const MasterKey& master_key,
                 const Clock& clock, Random& random, RefreshOptions options);

  // What an access token is issued for, and the refresh token beside it.
  struct Pair {
    Caller caller;
    std::string refresh_token;
    Seconds expires_in{};
  };
  // The first of a family, for who has just proved a key. In memory only.
  Pair begin(AgentId agent, std::string_view kid, std::uint32_t token_generation) const;

  // What presenting a refresh token changes, if it is not refused outright.
  enum class Change : std::uint8_t {
    spent,     // it, or just before: here is its successor
    replayed,  // it had been spent before, so that its family has ended now
  };
  // A refresh in four steps, so that nobody has to wait on a thread for the third. One error for
  // every cause, unauthenticated; besides those of the database.
  //
  // Whose token it is, its agent and its key (which may be bound to networks) are asked of the
  // directory: here, and again after the write, which may have waited for a while. What the
  // directory has yet to hear of, because another node was told, the write reads for itself.
  Result<RefreshToken> accept(std::string_view text, const IpAddress& from) const;
  Result<void> require_standing(const RefreshToken& token, const IpAddress& from) const;
  // What came of it, or why it is refused, with nothing changed.
  using Spending = tl::expected<Change, AuditReason>;
  // In a write, which commits what it changed also when it is a replay.
  Result<Spending> spend(Transaction& tx, const RefreshToken& token) const;
  // For who spent it, or had just done so.
  Pair successor_of(const RefreshToken& token) const;

  // What a token of ours says of itself, whether or not it is of any use.
  std::optional<TokenFamily> family_of(std::string_view text) const;

  // Ends the caller's family: its refresh token at once, its access tokens at the next request on
  // every node. Ending it twice is no error. Errors: conflict, when the token is of no family.
  Result<void> end(Transaction& tx, const Caller& caller);

  // Forgets a small batch of families that ended long before `now`, and says whether there are
  // more.
  Result<bool> sweep(Timestamp now);

 private:
  Result<AuditReason> why_fallen(Transaction& tx, const TokenFamily& family, Timestamp now) const;
  Pair pair_of(const RefreshToken& token) const;

  Database& database_;
  const Directory& directory_;
  const Clock& clock_;
  Random& random_;
  const RefreshOptions options_;
  const RefreshTokenCodec codec_;
};

}  // namespace agentauth
