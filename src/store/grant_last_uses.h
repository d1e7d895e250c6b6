// When each grant last allowed something that somebody acted on.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "model/grant.h"
#include "store/session.h"

namespace agentauth {

class GrantLastUseRepository {
 public:
  explicit GrantLastUseRepository(Session& session) : session_(session) {}

  static constexpr std::size_t together_max = 250;

  // To the hour. A grant that was used later, by what another node wrote, keeps that; one that is
  // gone is left out. REQUIRES: in the order of before(), so that nodes that write the same rows do
  // not wait in a circle.
  Result<void> keep(std::span<const GrantUse> uses);
  static bool before(const GrantUse& a, const GrantUse& b) {
    return std::tie(a.permission, a.id) < std::tie(b.permission, b.id);
  }

  struct Unused {
    std::optional<std::string> subject;  // only those of this one
    // Older grants that were not used since then; nothing: those that never were, however old.
    std::optional<Timestamp> since;
  };
  // Grants that allow, by their ids.
  Result<std::vector<UnusedGrant>> list_unused(const Unused& which, GrantId after,
                                               std::int64_t limit);

 private:
  Result<Timestamp> counted_since();

  Session& session_;
};

}  // namespace agentauth
