// The change log: what nodes follow to keep their directories current.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/change.h"
#include "store/session.h"

namespace agentauth {

class ChangeLog {
 public:
  explicit ChangeLog(Session& session) : session_(session) {}

  // In the transaction of the change itself. Taking the next revision locks the counter's row
  // until the commit, so revisions are in commit order and without gaps.
  Result<Revision> append(ChangeKind kind, AgentId agent);
  // The same for the end of a family of that agent's tokens.
  Result<Revision> append_family(AgentId agent, FamilyId family);

  // The same for a principal that is no agent, or for an entity.
  Result<Revision> append_name(ChangeKind kind, const std::string& name);

  // The same for many, in their order, with few statements; what revisions they have is left out.
  Result<void> append_all(std::span<const Change> changes);

  // Lets no other transaction change anything from here to the end of this one, so that what it
  // reads is what it commits on. In one order for all: nobody waits in a circle. Returns the latest
  // revision, which stays the latest but for what this transaction appends itself.
  Result<Revision> lock();

  // A change of kind `status` for each agent of the owner, with two statements for all of them.
  Result<void> append_statuses_of_owner(const std::string& owner);

  // Leaves out that many revisions, which may have been given to changes that nobody knows here.
  // Whoever follows the log finds the gap, and reads everything anew.
  Result<void> leave_out(std::int64_t revisions);

  Result<Revision> revision();
  // At most `limit` changes after `revision`, oldest first.
  Result<std::vector<Change>> after(Revision revision, std::int64_t limit);
  // The first change that is still there, if there is one.
  Result<std::optional<Revision>> oldest();
  // When the last change that is still there was made, by the database's clock.
  Result<std::optional<Timestamp>> newest_time();
  // Forgets at most `limit` changes up to `revision`, oldest first; a follower that is further
  // behind loads everything anew.
  Result<void> prune(Revision revision, std::int64_t limit);

 private:
  Result<Revision> insert(const Change& change);

  Session& session_;
};

}  // namespace agentauth
