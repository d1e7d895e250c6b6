#include "authz/internal/policy_changes.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

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
        out.members_put.push_back({&line});
        out.diff.added.push_back(shown(line.membership));
      },
      [&](const MemberLine& line) {
        out.members_removed.push_back(&line);
        out.diff.removed.push_back(shown(line.membership));
      },
      [&](const MemberLine& before, const MemberLine& line) {
        if (before.membership.expires_at == line.membership.expires_at) return;
        out.members_put.push_back({&line, &before.membership});
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

// Decides each line as the call that changes it alone would, and then writes many of them with each
// statement: nobody else writes meanwhile.
class Maker {
 public:
  Maker(Transaction& tx, Author& author, const PolicyService::Changes& services,
        const TimeBudget& time)
      : tx_(tx), author_(author), services_(services), time_(time) {}

  Result<void> put_roles(const std::vector<const RoleLine*>& lines) {
    std::vector<PolicyTables::NewRole> roles;
    for (const RoleLine* role : lines) {
      roles.push_back({principal_of(*role), role->about.value_or("")});
      subjects_.push_back(roles.back().principal);
      note(AuditAction::role_put, target_of_principal(roles.back().principal));
    }
    return time_.in_parts(roles, [&](auto part) { return tx_.policies().put_roles(part); });
  }

  Result<void> add_grants(const std::vector<const GrantLine*>& lines) {
    std::set<std::string> subjects;
    for (const GrantLine* line : lines) subjects.insert(line->grant.subject);
    Grantees grantees(tx_);
    TRY(grantees.look_up_all(subjects));
    std::vector<PolicyTables::NewGrant> grants;
    for (const GrantLine* line : lines) {
      TRY(time_.check());
      auto subject = services_.permissions.require_grantable(author_, grantees, line->grant);
      if (!subject) return placed(line->place, std::move(subject));
      grants.push_back({*std::move(subject), &line->grant});
      note(AuditAction::permission_grant, target_of_grant(line->grant));
    }
    subjects_.insert(subjects_.end(), subjects.begin(), subjects.end());
    return time_.in_parts(grants, [&](auto part) { return tx_.policies().insert_grants(part); });
  }

  Result<void> put_entities(const std::vector<const EntityLine*>& lines) {
    std::vector<EntityRepository::State> entities;
    for (const EntityLine* line : lines) {
      entities.push_back({line->type, line->id, line->properties, author_.now()});
      entities_.push_back(line->type + ':' + line->id);
      note(AuditAction::entity_put, target_of_entity(line->type, line->id));
    }
    return time_.in_parts(entities, [&](auto part) { return tx_.policies().put_entities(part); });
  }

  // What is nested first, one by one: what each of them may reach depends on all others.
  Result<void> put_members(const std::vector<MemberPut>& puts) {
    std::vector<MemberPut> lone;
    for (const MemberPut& member : puts) {
      const MemberLine* line = member.line;
      if (!policy::is_role_or_group(line->membership.member)) {
        lone.push_back(member);
        continue;
      }
      TRY(time_.check());
      auto put = services_.roles.put_member(tx_, author_, line->membership);
      if (!put) return placed(line->place, std::move(put));
      note_forgotten(put->forgotten);
      note(AuditAction::member_add, target_of(*line));
    }
    return put_lone_members(lone);
  }

  Result<void> remove_members(const std::vector<const MemberLine*>& lines) {
    std::vector<MembershipId> ids;
    for (const MemberLine* line : lines) {
      TRY(time_.check());
      const Membership& membership = line->membership;
      TRY(placed(unlisted(shown(membership)),
                 author_.require_departure(tx_, membership.member, membership.of)));
      ids.push_back(membership.id);
      subjects_.push_back(membership.member);
      note(AuditAction::member_remove, target_of(*line));
    }
    return erase_in_parts(ids, [&](auto part) { return tx_.policies().erase_members(part); });
  }

  Result<void> remove_grants(const std::vector<const GrantLine*>& lines) {
    std::vector<GrantId> ids;
    for (const GrantLine* line : lines) {
      TRY(time_.check());
      TRY(placed(unlisted(shown(line->grant)), author_.require_revocation(line->grant)));
      subjects_.push_back(line->grant.subject);
      for (const GrantId id : line->ids) {
        ids.push_back(id);
        note(AuditAction::permission_revoke, target_of_grant(line->grant));
      }
    }
    return erase_in_parts(ids, [&](auto part) { return tx_.policies().erase_grants(part); });
  }

  Result<void> remove_entities(const std::vector<const EntityLine*>& lines) {
    std::vector<EntityRepository::Name> names;
    for (const EntityLine* line : lines) {
      names.push_back({line->type, line->id});
      entities_.push_back(line->type + ':' + line->id);
      note(AuditAction::entity_delete, target_of_entity(line->type, line->id));
    }
    return erase_in_parts(names, [&](auto part) { return tx_.policies().erase_entities(part); });
  }

  Result<void> remove_roles(const std::vector<const RoleLine*>& lines) {
    std::vector<std::string> principals;
    for (const RoleLine* role : lines) {
      TRY(time_.check());
      principals.push_back(principal_of(*role));
      const std::string& principal = principals.back();
      TRY(placed(unlisted(principal), author_.require_departure(tx_, principal, principal)));
      subjects_.push_back(principal);
      note(AuditAction::role_delete, target_of_principal(principal));
    }
    return erase_in_parts(principals, [&](auto part) { return tx_.policies().erase_roles(part); });
  }

  // In the log, last of all; and what was made.
  Result<std::vector<AuditedChange>> finish() {
    TRY(author_.note_changes(tx_, subjects_, entities_));
    return std::move(changes_);
  }

 private:
  template <class T, class Erase>
  Result<void> erase_in_parts(const std::vector<T>& all, Erase erase) {
    return time_.in_parts(all, [&](std::span<const T> part) -> Result<void> {
      if (TRY(erase(part)) == static_cast<std::int64_t>(part.size())) return {};
      return failure(Errc::conflict, "What is stored was changed meanwhile; try again");
    });
  }

  Result<void> put_lone_members(const std::vector<MemberPut>& puts) {
    std::map<std::string, const MemberLine*> last;  // of each member
    std::set<std::string> roles;
    for (const auto& [line, before] : puts) {
      TRY(time_.check());
      TRY(placed(line->place,
                 services_.roles.require_puttable(tx_, author_, line->membership, before)));
      last[line->membership.member] = line;
      roles.insert(line->membership.of);
      subjects_.push_back(line->membership.member);
      note(AuditAction::member_add, target_of(*line));
    }
    std::map<std::string, RoleId> ids;
    TRY(tx_.roles().each_state_of(
        std::vector(roles.begin(), roles.end()),
        [&](const RoleRepository::State& role) { ids[role.principal] = role.id; }));
    std::vector<PolicyTables::NewMember> members;
    for (const MemberPut& member : puts) {
      const Membership& wanted = member.line->membership;
      members.push_back(
          {wanted.member, agent_of(wanted.member), ids[wanted.of], wanted.expires_at});
    }
    TRY(time_.in_parts(members, [&](auto part) { return tx_.policies().put_members(part); }));
    return settle(last);
  }

  Result<void> settle(const std::map<std::string, const MemberLine*>& last) {
    std::vector<std::string> members;
    for (const auto& [member, line] : last) members.push_back(member);
    return time_.in_parts(members, [&](std::span<const std::string> part) -> Result<void> {
      const auto settled = TRY(services_.roles.settle_members(tx_, part, author_.now()));
      note_forgotten(settled.forgotten);
      if (settled.refused.empty()) return {};
      const auto& [member, why] = *settled.refused.begin();
      return placed(last.at(member)->place, Result<void>(tl::unexpected(why)));
    });
  }

  // What the document does not list has no place in it.
  std::string unlisted(std::string what) const {
    return names_unlisted_ ? std::move(what) : "what is not listed";
  }
  static AuditTarget target_of(const MemberLine& line) {
    return target_of_principal(line.membership.of, line.membership.member);
  }
  void note(AuditAction action, AuditTarget target) {
    changes_.push_back({action, std::move(target)});
  }
  void note_forgotten(const std::vector<Membership>& memberships) {
    for (const Membership& forgotten : memberships) changes_.push_back(removal_of(forgotten));
  }

  Transaction& tx_;
  Author& author_;
  const PolicyService::Changes& services_;
  const TimeBudget& time_;
  const bool names_unlisted_ = author_.may_read(reading_all);
  std::vector<AuditedChange> changes_;
  // Of which the log is to say that they changed.
  std::vector<std::string> subjects_;
  std::vector<std::string> entities_;
};

// Those that the author will be asked about, as they are before.
Result<void> look_at_roles(const PolicyChanges& changes, Transaction& tx, Author& author,
                           const TimeBudget& time) {
  std::set<std::string> principals;
  for (const MemberLine* member : changes.members_removed) principals.insert(member->membership.of);
  for (const MemberPut& member : changes.members_put) principals.insert(member.line->membership.of);
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
  TRY(maker.put_roles(changes.roles_put));
  TRY(maker.add_grants(changes.grants_added));
  TRY(maker.put_entities(changes.entities_put));
  // Members go before others come: two roles may change places.
  TRY(maker.remove_members(changes.members_removed));
  TRY(maker.put_members(changes.members_put));
  TRY(maker.remove_entities(changes.entities_removed));
  TRY(maker.remove_grants(changes.grants_removed));
  TRY(maker.remove_roles(changes.roles_removed));
  return maker.finish();
}

}  // namespace agentauth::internal
