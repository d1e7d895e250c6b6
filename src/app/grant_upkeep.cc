#include "app/grant_upkeep.h"

namespace agentauth::app {

Result<bool> sweep_grant_uses(Database& database, Timestamp now) {
  const Timestamp before = now - grant_uses_kept;
  // A write only when there is something to write.
  if (!TRY(database.read([&](Transaction& tx) { return tx.grants().has_uses(before); })))
    return false;
  return TRY(database.write_apart([&](Transaction& tx) {
           return tx.grants().sweep_uses(before, grant_uses_swept_at_once);
         })) == grant_uses_swept_at_once;
}

}  // namespace agentauth::app
