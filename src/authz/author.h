// Who makes a change, and whether it may: decided by what the transaction sees when the call
// begins. What the call itself changes gives its author nothing, and takes nothing from it, so that
// many changes in one call are decided as each would be alone, in whatever order.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "authz/authority.h"
#include "directory/directory.h"
#include "model/caller.h"
#include "model/grant.h"
#include "store/transaction.h"

namespace agentauth {

class Author {
 public:
  // Before anything is changed. Locks the changes: nobody else changes, until the transaction ends,
  // what is decided by. Errors: unauthenticated, when the caller may not act any more.
  static Result<Author> read(Directory& directory, Transaction& tx, const Caller& caller,
                             Timestamp now);
  Author(Author&& other) noexcept;
  Author& operator=(Author&& other) noexcept;
  ~Author();

  const AgentId& id() const;
  const Actor& actor() const;
  // Right about the author and whomever it was asked about; stays on its thread.
  const Directory::View& view() const;
  Timestamp now() const;
  // Whether it may read what is stored, by that permission or all of it: then it is told what was
  // in its way. Who writes need not.
  bool may_read(std::string_view permission) const;

  // Another agent; unknown when it is gone. Lasts as long as the author.
  Result<Actor> find(Transaction& tx, AgentId id);

  // Whether it may write that grant: it holds all of it. A deny of what may be done to AgentAuth
  // ends who is an administrator, so it is an administrator's to write; about itself, anybody's.
  // Errors: permission_denied.
  Result<void> require_grant(const Grant& grant);
  // Whether it may take that grant away. Who lifts a deny, or keeps something off the record, gives
  // as much as who grants; and whose last deny of administration is lifted, may be an administrator
  // by that. Who takes administration away could lock an administrator out, but its own anybody may
  // give up. What puts the author itself on record is an administrator's to take away.
  // Errors: permission_denied.
  Result<void> require_revocation(const Grant& grant);
  // Reads what is new of a role or group while it is as it was: before the first change of several.
  Result<void> look_at(Transaction& tx, const std::string& principal);
  // Whether it may make somebody a member of that role or group, until then or for ever.
  // Errors: permission_denied.
  Result<void> require_membership(Transaction& tx, const std::string& principal,
                                  const std::optional<Timestamp>& until = {});
  // Whether it may take `member` out of that role or group, or have it go sooner, or, where they
  // are the same, erase it: nobody but an administrator goes off the record by that.
  // Errors: permission_denied.
  Result<void> require_departure(Transaction& tx, const std::string& member,
                                 const std::string& principal);

  // In the log, that what a subject was granted or is a member of changed: each once, however many
  // changes the call makes.
  Result<void> note_change(Transaction& tx, const std::string& subject);
  // The same of many, and of entities, which are named type:id.
  Result<void> note_changes(Transaction& tx, std::span<const std::string> subjects,
                            std::span<const std::string> entities);

  // After the changes: when they may have taken administration from somebody, whether anybody is
  // left who administers. Nobody but an administrator can have taken the last one's.
  // Errors: conflict.
  Result<void> require_administrator_left(Transaction& tx);

 private:
  struct State;
  explicit Author(std::unique_ptr<State> state);

  bool is_about_itself(const Grant& grant) const;
  // Whether it puts the author itself on record, now or later.
  bool is_watched_by(const Grant& grant) const;
  Result<void> require_held(const Grant& grant) const;
  Result<void> require_administrator(const Grant& grant) const;
  void note(bool concerns_administration);

  std::unique_ptr<State> state_;
};

}  // namespace agentauth
