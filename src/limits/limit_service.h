// Which limits are in force: kept in the database, followed by every node.
#pragma once

#include <atomic>
#include <mutex>

#include "limits/limiter.h"
#include "store/database.h"

namespace agentauth {

struct ShowLimits {
  static constexpr std::array<Field, 0> fields() { return {}; }
};

class LimitService {
 public:
  // Switched off, limits are kept and shown but nothing is limited.
  enum class Enforced : bool { no, yes };

  // Both are the caller's and outlive this.
  LimitService(Database& database, Limiter& limiter, Enforced enforced)
      : database_(database), limiter_(limiter), enforced_(enforced) {}

  // Those that were put last; the defaults while nobody has put any.
  Result<LimitSet> find(Transaction& tx, const ShowLimits& request);
  // All of them at once, the defaults too: an empty list means that nothing is limited.
  // Errors: invalid_argument.
  Result<LimitSet> replace(Transaction& tx, const LimitSet& set);

  // Puts what the database holds in force, if `settings_revision` is another one than the last
  // time. Safe to call from any thread that may use the database. Errors: the database's, when it
  // is to be tried again; internal, once, when what is stored cannot be read: then all stays as it
  // is.
  Result<void> follow(Revision settings_revision);

 private:
  Result<LimitSet> read(Transaction& tx) const;

  Database& database_;
  Limiter& limiter_;
  const Enforced enforced_;
  std::mutex following_;
  std::atomic<Revision> followed_{-1};
};

}  // namespace agentauth
