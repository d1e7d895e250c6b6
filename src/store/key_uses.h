// The table of the last use of each key.
#pragma once

#include <span>

#include "model/api_key.h"
#include "store/session.h"

namespace agentauth {

class KeyUseRepository {
 public:
  explicit KeyUseRepository(Session& session) : session_(session) {}

  static constexpr std::size_t together_max = 1000;

  // In one statement. A key that was used later, by what another node wrote, keeps that; one that
  // is gone is left out. REQUIRES: at most together_max, each key once.
  Result<void> keep(std::span<const KeyUse> uses);

 private:
  Session& session_;
};

}  // namespace agentauth
