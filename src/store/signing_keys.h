// The table of keys that sign access tokens, their secrets sealed under the master key.
#pragma once

#include <string>
#include <vector>

#include "base/encoding.h"
#include "store/session.h"

namespace agentauth {

// It signs from a time on, until the next one's has come.
struct SealedSigningKey {
  std::string kid;
  std::string algorithm;
  Bytes sealed_secret;
  Timestamp created_at;
  Timestamp signs_from;
  Seconds token_lifetime{};  // the longest of any token it may have signed
};

class SigningKeyRepository {
 public:
  explicit SigningKeyRepository(Session& session) : session_(session) {}

  // From the one that signs last to the one that signed first.
  Result<std::vector<SealedSigningKey>> list();
  // Errors: conflict when there is one of that kid.
  Result<void> insert(const SealedSigningKey& key);
  Result<void> erase(const std::string& kid);
  // Of every key whose tokens were thought to be shorter-lived.
  Result<void> raise_token_lifetime(Seconds lifetime);

 private:
  Session& session_;
};

}  // namespace agentauth
