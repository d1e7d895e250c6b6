// All grants: those of the table of permissions, and those with terms or to others than agents.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/grant.h"
#include "model/role.h"
#include "store/agents.h"
#include "store/session.h"

namespace agentauth {

// Where a grant's subject is an agent, a role or a group, it goes when that does.
struct GrantSubject {
  std::string name;  // as Grant::subject
  std::optional<AgentId> agent_id = {};
  std::optional<RoleId> role_id = {};
};

// Of a row that begins with the columns id, subject, permission, resource, effect, condition,
// not_before, expires_at, max_uses, created_at.
Grant read_grant(const Row& row);

// Whether it stands in the table of permissions: without terms, and an agent's.
bool is_plain(const Grant& grant);

class GrantRepository {
 public:
  explicit GrantRepository(Session& session) : session_(session) {}

  // Under that id if one is given. Errors: conflict when the subject is gone or the id taken.
  Result<Grant> insert(const GrantSubject& subject, const std::string& permission,
                       const Terms& terms, std::optional<GrantId> id = {});
  // Errors: not_found.
  Result<Grant> find(GrantId id);
  Result<void> erase(GrantId id);
  // Those of a subject, oldest first.
  Result<std::vector<Grant>> list(const std::string& subject, const PageStart& after,
                                  std::int64_t limit);
  // Those of anybody, by their ids.
  Result<std::vector<Grant>> list_all(GrantId after, std::int64_t limit);
  // One that says exactly the same.
  Result<std::optional<Grant>> find_same(const Grant& wanted);
  // How many of a subject stand in the table of grants: none of an agent's without terms.
  Result<std::int64_t> count_rules_of(const std::string& subject);
  // Of a subject, all for exactly that permission.
  Result<std::vector<Grant>> find_all(const std::string& subject, const std::string& permission);

  // What the directory keeps beside permissions; the grants of one subject come together.
  using Visit = FunctionRef<void(const Grant& grant)>;
  Result<void> each_rule(Visit visit);
  Result<void> each_rule_of(const std::string& subject, Visit visit);
  // Those of one subject by their ids.
  Result<void> each_rule_of(std::span<const std::string> subjects, Visit visit);

  // Uses the grant once more for that request, unless it is used up: false. A request that used it
  // before may go on using it.
  Result<bool> spend(GrantId id, const std::string& request_id, Timestamp now);
  Result<std::int64_t> count_uses(GrantId id);
  // Those that are used up of all that its subject was granted of the same permission.
  Result<std::vector<GrantId>> used_up_beside(GrantId id);
  // Whether there are grants that ended before that.
  Result<bool> has_ended(Timestamp before);
  // Erases at most `limit` of those; returns them. REQUIRES: the changes are locked.
  Result<std::vector<Grant>> sweep_ended(Timestamp before, std::int64_t limit);
  // Whether there are requests that used grants before that.
  Result<bool> has_uses(Timestamp before);
  // Forgets at most `limit` requests that used grants before that; returns how many.
  Result<std::int64_t> sweep_uses(Timestamp before, std::int64_t limit);

 private:
  Session& session_;
};

}  // namespace agentauth
