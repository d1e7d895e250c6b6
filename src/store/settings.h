// What a deployment keeps about itself: sealed signing keys and the master key's fingerprint.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "store/session.h"

namespace agentauth {

struct SealedSigningKey {
  std::string kid;
  std::string algorithm;
  Bytes sealed_secret;  // encrypted under the master key
  Timestamp created_at;
};

class SettingsRepository {
 public:
  explicit SettingsRepository(Session& session) : session_(session) {}

  Result<std::optional<std::string>> find(const std::string& name);
  // The first writer wins; returns what stands there afterwards.
  Result<std::string> keep_first(const std::string& name, const std::string& value);

  // The last writer wins.
  Result<void> replace(const std::string& name, const std::string& value);

  // Newest first.
  Result<std::vector<SealedSigningKey>> signing_keys();
  Result<void> insert_signing_key(const SealedSigningKey& key);

 private:
  Session& session_;
};

}  // namespace agentauth
