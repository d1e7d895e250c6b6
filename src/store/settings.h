// What a deployment keeps about itself: the master key's fingerprint, the rate limits.
#pragma once

#include <optional>
#include <string>

#include "store/session.h"

namespace agentauth {

class SettingsRepository {
 public:
  explicit SettingsRepository(Session& session) : session_(session) {}

  Result<std::optional<std::string>> find(const std::string& name);
  // The first writer wins; returns what stands there afterwards.
  Result<std::string> keep_first(const std::string& name, const std::string& value);

  // The last writer wins.
  Result<void> replace(const std::string& name, const std::string& value);

 private:
  Session& session_;
};

}  // namespace agentauth
