#include "store/holders.h"

namespace agentauth {

Result<std::vector<Grant>> find_holders(Session& session, const std::string& permission) {
  std::vector<Grant> grants;
  TRY(session.query(
      "SELECT subject, resource, effect, condition, not_before, expires_at, max_uses FROM grants "
      "WHERE permission = $1",
      {permission}, [&](const Row& row) -> Result<void> {
        Grant& grant = grants.emplace_back();
        grant.subject = row.text(0);
        grant.permission = permission;
        if (!row.is_null(1)) grant.resource = std::string(row.text(1));
        // An effect this version does not know is none that allows.
        Effect effect = Effect::deny;
        parse(row.text(2), effect);
        grant.effect = effect;
        if (!row.is_null(3)) grant.when = std::string(row.text(3));
        grant.not_before = row.optional_time(4);
        grant.expires_at = row.optional_time(5);
        if (!row.is_null(6)) grant.max_uses = row.integer(6);
        return {};
      }));
  TRY(session.query("SELECT agent_id FROM permissions WHERE permission = $1", {permission},
                    [&](const Row& row) -> Result<void> {
                      Grant& grant = grants.emplace_back();
                      grant.subject = subject_of(row.id<AgentId>(0));
                      grant.permission = permission;
                      return {};
                    }));
  return grants;
}

}  // namespace agentauth
