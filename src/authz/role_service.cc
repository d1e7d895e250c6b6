#include "authz/role_service.h"

#include "authz/internal/membership_rules.h"

namespace agentauth {
namespace {

Result<void> too_many_direct() { return failure(Errc::conflict, internal::direct_rule()); }
Result<void> too_far() { return failure(Errc::conflict, internal::closure_rule()); }

Result<void> refuse_every_agent(const Membership& wanted) {
  if (wanted.member != policy::every_agent) return {};
  return failure(Errc::conflict, "Every agent is no member; grant to agent:* instead");
}

}  // namespace

Result<RoleService::Put> RoleService::put(Transaction& tx, RoleKind kind, const std::string& name,
                                          const std::optional<std::string>& about) {
  const std::string principal = principal_of(kind, name);
  if (auto role = TRY(tx.roles().insert(principal, about.value_or("")))) {
    TRY(note_change(tx, principal));
    return Put{*std::move(role), true};
  }
  if (about) return Put{TRY(tx.roles().describe(principal, *about)), false};
  return Put{TRY(tx.roles().find(principal)), false};
}

Result<Role> RoleService::find(Transaction& tx, const std::string& principal) {
  return tx.roles().find(principal);
}

Result<std::vector<Role>> RoleService::list(Transaction& tx, RoleKind kind, const PageStart& after,
                                            std::int64_t limit) {
  return tx.roles().list(kind, after, limit);
}

// Nobody makes it a member meanwhile, of which the next one of that name would be one: the author
// has locked the changes.
Result<void> RoleService::erase(Transaction& tx, Author& author, const std::string& principal) {
  TRY(tx.roles().find(principal));
  TRY(author.require_departure(tx, principal, principal));
  TRY(tx.roles().erase(principal));
  return author.note_change(tx, principal);
}

// What is to become a member must not be, by however many steps, what it becomes a member of.
Result<void> RoleService::refuse_cycle(Transaction& tx, const Membership& wanted) {
  if (!TRY(tx.roles().is_within(wanted.of, wanted.member))) return {};
  return failure(Errc::conflict,
                 wanted.of + " is a member of " + wanted.member + " already: a cycle");
}

// Of what is written: a decision must never find more than it looks at, or whoever may write roles
// could shut somebody out with empty ones. What has ended is not looked at.
Result<void> RoleService::require_bounds(Transaction& tx, const Membership& written,
                                         Timestamp now) {
  if (TRY(tx.roles().count_of_member(written.member, now)) > memberships_max)
    return too_many_direct();
  // Nobody is below what is no role or group: it adds no level.
  if (!policy::is_role_or_group(written.member))
    return TRY(reaches_too_far(tx, written.member, now)) ? too_far() : Result<void>();
  if (TRY(tx.roles().levels_below(written.of, depth_max + 1, now)) +
          TRY(tx.roles().levels_above(written.of, depth_max + 1, now)) >
      depth_max)
    return failure(Errc::conflict, internal::levels_rule());
  return TRY(reaches_too_far(tx, written.member, now)) ? too_far() : Result<void>();
}

// Of the member, and of everybody that is within it.
Result<bool> RoleService::reaches_too_far(Transaction& tx, const std::string& member,
                                          Timestamp now) {
  if (TRY(tx.roles().count_above(member, now)) > closure_max) return true;
  if (!policy::is_role_or_group(member)) return false;
  const auto doubtful = TRY(tx.roles().maybe_above(member, closure_max, doubtful_max + 1, now));
  if (static_cast<std::int64_t>(doubtful.size()) > doubtful_max) return true;
  for (const std::string& other : doubtful)
    if (TRY(tx.roles().count_above(other, now)) > closure_max) return true;
  return false;
}

// One writer at a time, as the author has locked the changes: two halves of a cycle must not pass
// each other.
Result<RoleService::PutMembership> RoleService::put_member(Transaction& tx, Author& author,
                                                           const Membership& wanted) {
  const Role role = TRY(tx.roles().find(wanted.of));
  const auto agent = agent_of(wanted.member);
  if (agent) TRY(tx.agents().find(*agent));
  if (policy::is_role_or_group(wanted.member)) TRY(tx.roles().find(wanted.member));
  const auto before = tx.roles().find_member(wanted.member, role.id);
  if (!before && before.error().code != Errc::not_found) return tl::unexpected(before.error());
  TRY(require_puttable(tx, author, wanted, before ? &*before : nullptr));
  TRY(refuse_cycle(tx, wanted));
  const bool created = TRY(tx.roles().put_member(wanted.member, agent, role.id, wanted.expires_at));
  // One that had ended and is made to last again is one more, too.
  const bool lasted = before && lies_ahead(before->expires_at, author.now());
  if (!lasted) TRY(require_bounds(tx, wanted, author.now()));
  TRY(author.note_change(tx, wanted.member));
  return PutMembership{
      TRY(tx.roles().find_member(wanted.member, role.id)), created,
      TRY(tx.roles().sweep_ended_of(wanted.member, author.now(), ended_max, ended_max))};
}

Result<void> RoleService::require_puttable(Transaction& tx, Author& author,
                                           const Membership& wanted, const Membership* before) {
  TRY(require_end_ahead(wanted.expires_at, author.now()));
  TRY(refuse_every_agent(wanted));
  TRY(author.require_membership(tx, wanted.of, wanted.expires_at));
  // What had ended already lasts no shorter: the end that is wanted lies ahead.
  if (before == nullptr || !ends_sooner(wanted.expires_at, before->expires_at)) return {};
  return author.require_departure(tx, wanted.member, wanted.of);
}

Result<RoleService::Settled> RoleService::settle_members(Transaction& tx,
                                                         std::span<const std::string> members,
                                                         Timestamp now) {
  Settled settled;
  for (const auto& many :
       TRY(tx.policies().members_of_many(members, now, memberships_max, ended_max))) {
    if (many.lasting > memberships_max)
      settled.refused.emplace(many.member, too_many_direct().error());
    if (many.ended <= ended_max) continue;
    auto forgotten = TRY(tx.roles().sweep_ended_of(many.member, now, ended_max, ended_max));
    std::move(forgotten.begin(), forgotten.end(), std::back_inserter(settled.forgotten));
  }
  for (const std::string& member : TRY(tx.policies().members_far_above(members, now, closure_max)))
    settled.refused.emplace(member, too_far().error());
  return settled;
}

Result<void> RoleService::erase_member(Transaction& tx, Author& author, const std::string& of,
                                       const std::string& member) {
  const Role role = TRY(tx.roles().find(of));
  TRY(author.require_departure(tx, member, of));
  if (!TRY(tx.roles().erase_member(member, role.id)))
    return failure(Errc::not_found, "No such member");
  return author.note_change(tx, member);
}

Result<std::vector<Membership>> RoleService::list_members(Transaction& tx, const std::string& of,
                                                          const PageStart& after,
                                                          std::int64_t limit) {
  const Role role = TRY(tx.roles().find(of));
  return tx.roles().list_members(role.id, after, limit);
}

Result<std::vector<Membership>> RoleService::list_roles(Transaction& tx,
                                                        const ListAgentRoles& request,
                                                        const PageStart& after,
                                                        std::int64_t limit) {
  TRY(tx.agents().find(request.agent_id));
  return tx.roles().list_of_member(subject_of(request.agent_id), after, limit);
}

}  // namespace agentauth
