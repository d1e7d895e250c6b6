#include "authz/internal/policy_changes.h"

#include <set>

#include "authz/audit_targets.h"

namespace agentauth::internal {
namespace {

// Calls added(line), removed(line) or both(stored, wanted) for whatever is in either.
template <class Line, class Added, class Removed, class Both>
void each_of_either(const std::map<std::string, Line>& stored,
                    const std::map<std::string, Line>& wanted, Added added, Removed removed,
                    Both both) {
  for (const auto& [key, line] : wanted) {
    const auto known = stored.find(key);
    known == stored.end() ? added(line) : both(known->second, line);
  }
  for (const auto& [key, line] : stored)
    if (!wanted.contains(key)) removed(line);
}

std::string principal_of(const RoleLine& role) {
  return agentauth::principal_of(role.kind, role.name);
}

void compare_roles(const PolicyLines& stored, const PolicyLines& wanted, PolicyChanges& out) {
  each_of_either(
      stored.roles, wanted.roles,
      [&](const RoleLine& line) {
        out.roles_put.push_back(&line);
        out.diff.added.push_back(principal_of(line));
      },
      [&](const RoleLine& line) {
        out.roles_removed.push_back(&line);
        out.diff.removed.push_back(principal_of(line));
      },
      [&](const RoleLine& before, const RoleLine& line) {
        if (!line.about || before.about == line.about) return;
        out.roles_put.push_back(&line);
        out.diff.changed.push_back(principal_of(line) + ": about \"" + *line.about + '"');
      });
}

void compare_grants(const PolicyLines& stored, const PolicyLines& wanted, PolicyChanges& out) {
  each_of_either(
      stored.grants, wanted.grants,
      [&](const GrantLine& line) {
        out.grants_added.push_back(&line);
        out.diff.added.push_back(shown(line.grant));
      },
      [&](const GrantLine& line) {
        out.grants_removed.push_back(&line);
        out.diff.removed.push_back(shown(line.grant));
      },
      [](const GrantLine&, const GrantLine&) {});
}

void compare_members(const PolicyLines& stored, const PolicyLines& wanted, PolicyChanges& out) {
  each_of_either(
      stored.members, wanted.members,
      [&](const MemberLine& line) {
        out.members_put.push_back(&line);
        out.diff.added.push_back(shown(line.membership));
      },
      [&](const MemberLine& line) {
        out.members_removed.push_back(&line);
        out.diff.removed.push_back(shown(line.membership));
      },
      [&](const MemberLine& before, const MemberLine& line) {
        if (before.membership.expires_at == line.membership.expires_at) return;
        out.members_put.push_back(&line);
        out.diff.changed.push_back(shown(line.membership));
      });
}

void compare_entities(const PolicyLines& stored, const PolicyLines& wanted, PolicyChanges& out) {
  each_of_either(
      stored.entities, wanted.entities,
      [&](const EntityLine& line) {
        out.entities_put.push_back(&line);
        out.diff.added.push_back(shown(line));
      },
      [&](const EntityLine& line) {
        out.entities_removed.push_back(&line);
        out.diff.removed.push_back(shown(line));
      },
      [&](const EntityLine& before, const EntityLine& line) {
        if (before.properties == line.properties) return;
        out.entities_put.push_back(&line);
        out.diff.changed.push_back(shown(line));
      });
}

// The error of one change, with the place that asked for it. What a document names and is not there
// is the document's mistake.
template <class T>
Result<void> placed(const std::string& place, Result<T> result) {
  if (result) return {};
  Error error = std::move(result).error();
  switch (error.code) {
    case Errc::permission_denied: {
      std::string why = "is more than the caller may give or take";
      if (!error.fields.empty()) why = error.fields[0].field + ' ' + error.fields[0].message;
      error.fields = {{place, std::move(why)}};
      break;
    }
    case Errc::not_found:
      error.code = Errc::invalid_argument;
      error.fields = {{place, std::move(error.message)}};
      error.message = "A field is missing or invalid";
      break;
    case Errc::conflict:
      error.message = place + ": " + error.message;
      break;
    default:
      for (FieldError& wrong : error.fields) wrong.field = place + '.' + wrong.field;
  }
  return tl::unexpected(std::move(error));
}

class Maker {
 public:
  Maker(Transaction& tx, Author& author, const PolicyService::Changes& services,
        const TimeBudget& time)
      : tx_(tx), author_(author), grantees_(tx), services_(services), time_(time) {}

  std::vector<AuditedChange> take_changes() { return std::move(changes_); }

  template <class Line>
  Result<void> put_all(const std::vector<const Line*>& lines) {
    return each(lines, [&](const Line& line) { return put(line); });
  }
  template <class Line>
  Result<void> remove_all(const std::vector<const Line*>& lines) {
    return each(lines, [&](const Line& line) { return remove(line); });
  }

 private:
  template <class Line, class Make>
  Result<void> each(const std::vector<const Line*>& lines, Make make) {
    for (const Line* line : lines) {
      TRY(time_.check());
      TRY(make(*line));
    }
    return {};
  }

  Result<void> put(const RoleLine& role) {
    TRY(placed(role.place, services_.roles.put(tx_, role.kind, role.name, role.about)));
    return note(AuditAction::role_put, target_of_principal(principal_of(role)));
  }
  Result<void> put(const GrantLine& line) {
    TRY(placed(line.place, services_.permissions.grant(tx_, author_, grantees_, line.grant)));
    return note(AuditAction::permission_grant, target_of_grant(line.grant));
  }
  Result<void> put(const MemberLine& line) {
    auto put = services_.roles.put_member(tx_, author_, line.membership);
    if (!put) return placed(line.place, std::move(put));
    for (const Membership& forgotten : put->forgotten) changes_.push_back(removal_of(forgotten));
    return note(AuditAction::member_add, target_of(line));
  }
  Result<void> put(const EntityLine& line) {
    TRY(placed(line.place, services_.entities.put(tx_, {line.type, line.id, {line.properties}})));
    return note(AuditAction::entity_put, target_of_entity(line.type, line.id));
  }
  Result<void> remove(const MemberLine& line) {
    const Membership& membership = line.membership;
    TRY(placed(unlisted(shown(membership)),
               services_.roles.erase_member(tx_, author_, membership.of, membership.member)));
    return note(AuditAction::member_remove, target_of(line));
  }
  Result<void> remove(const GrantLine& line) {
    for (const GrantId id : line.ids) {
      TRY(placed(unlisted(shown(line.grant)), services_.permissions.revoke(tx_, author_, id)));
      TRY(note(AuditAction::permission_revoke, target_of_grant(line.grant)));
    }
    return {};
  }
  Result<void> remove(const EntityLine& line) {
    TRY(placed(unlisted(shown(line)), services_.entities.erase(tx_, {line.type, line.id})));
    return note(AuditAction::entity_delete, target_of_entity(line.type, line.id));
  }
  Result<void> remove(const RoleLine& role) {
    const std::string principal = principal_of(role);
    TRY(placed(unlisted(principal), services_.roles.erase(tx_, author_, principal)));
    return note(AuditAction::role_delete, target_of_principal(principal));
  }

  // What the document does not list has no place in it.
  std::string unlisted(std::string what) const {
    return names_unlisted_ ? std::move(what) : "what is not listed";
  }
  static AuditTarget target_of(const MemberLine& line) {
    return target_of_principal(line.membership.of, line.membership.member);
  }
  Result<void> note(AuditAction action, AuditTarget target) {
    changes_.push_back({action, std::move(target)});
    return {};
  }

  Transaction& tx_;
  Author& author_;
  Grantees grantees_;
  const PolicyService::Changes& services_;
  const TimeBudget& time_;
  const bool names_unlisted_ = author_.may_read(reading_all);
  std::vector<AuditedChange> changes_;
};

// Those that the author will be asked about, as they are before.
Result<void> look_at_roles(const PolicyChanges& changes, Transaction& tx, Author& author,
                           const TimeBudget& time) {
  std::set<std::string> principals;
  for (const auto* members : {&changes.members_removed, &changes.members_put})
    for (const MemberLine* member : *members) principals.insert(member->membership.of);
  for (const RoleLine* role : changes.roles_removed) principals.insert(principal_of(*role));
  for (const std::string& principal : principals) {
    TRY(time.check());
    TRY(author.look_at(tx, principal));
  }
  return {};
}

}  // namespace

PolicyChanges compare(const PolicyLines& stored, const PolicyLines& wanted) {
  PolicyChanges changes;
  compare_roles(stored, wanted, changes);
  compare_grants(stored, wanted, changes);
  compare_members(stored, wanted, changes);
  compare_entities(stored, wanted, changes);
  return changes;
}

Result<std::vector<AuditedChange>> make(const PolicyChanges& changes, Transaction& tx,
                                        Author& author, const PolicyService::Changes& services,
                                        const TimeBudget& time) {
  TRY(look_at_roles(changes, tx, author, time));
  Maker maker(tx, author, services, time);
  TRY(maker.put_all(changes.roles_put));
  TRY(maker.put_all(changes.grants_added));
  TRY(maker.put_all(changes.entities_put));
  // Members go before others come: two roles may change places.
  TRY(maker.remove_all(changes.members_removed));
  TRY(maker.put_all(changes.members_put));
  TRY(maker.remove_all(changes.entities_removed));
  TRY(maker.remove_all(changes.grants_removed));
  TRY(maker.remove_all(changes.roles_removed));
  return maker.take_changes();
}

}  // namespace agentauth::internal
