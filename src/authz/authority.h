// What one who may act may pass on, and for whom it may act.
#pragma once

#include <optional>
#include <string_view>

#include "authz/decision.h"
#include "model/grant.h"
#include "policy/names.h"

namespace agentauth {

// What somebody would pass on: a permission, possibly a pattern, on what, until when.
struct Passed {
  std::string_view permission;
  policy::ResourcePattern resource{};
  std::optional<Timestamp> until = {};  // absent: for ever
};

// Whether it is, or covers, something that may be done to AgentAuth itself.
bool reaches_administration(std::string_view permission);

// Whether it holds all that may be done to AgentAuth for good, and nothing denies it any of that: a
// deny under a condition, on some resource or of later counts as any other.
bool is_administrator(const Directory::View& view, const Actor& actor, Timestamp now);

// Whether `actor` may pass it on to others: it holds all of it, without a condition and for as
// long, and nothing denies it any of it; or it is an administrator.
bool may_grant(const Directory::View& view, const Actor& actor, const Passed& passed,
               Timestamp now);

// Whether the agent holds the permission, possibly on some resources or under some condition only.
bool holds_some(const Directory::View& view, const Actor& agent, std::string_view permission,
                Timestamp now);

// Whether `actor` may act for `other`: it may act at all, and is the other or could grant
// everything the other holds. A narrowed key is less than its agent, so that it may not even act
// for that one unless it covers all it holds. What every agent is allowed, whoever it is, the actor
// has itself, under the same terms.
bool covers(const Directory::View& view, const Actor& actor, const Actor& other, Timestamp now);

// Whether `actor` may change `other` or its credentials: it could grant whatever the other may do
// to AgentAuth itself. Otherwise a helper that may suspend agents could lock an administrator out.
bool may_manage(const Directory::View& view, const Actor& actor, const Actor& other, Timestamp now);

// A role or group that somebody is made a member of, until when; who is taken out is taken out for
// ever.
struct PassedRole {
  std::string_view principal;
  std::optional<Timestamp> until = {};  // absent: for ever
};

// Whether `actor` may make somebody a member, or take somebody out: for as long, even where the
// role or group has it until sooner, it could grant whatever that is allowed, allow whatever it is
// denied, and end what is put on record. Of what denies administration an administrator alone makes
// anybody a member.
bool may_pass_on(const Directory::View& view, const Actor& actor, const PassedRole& passed,
                 Timestamp now);
// What keeps an actor from it, as the view has it. An empty permission: it may not act at all, or
// there is more than is looked at.
struct KeptFrom {
  Passed what;
  bool is_for_administrators = false;  // however long anybody else holds it
};
// Nothing: it may.
std::optional<KeptFrom> kept_from_passing_on(const Directory::View& view, const Actor& actor,
                                             const PassedRole& passed, Timestamp now);
// Until when it would not keep the actor, if too short is all that is wrong with it. Takes several
// looks at all that the actor has.
std::optional<Timestamp> held_until(const Directory::View& view, const Actor& actor,
                                    const KeptFrom& kept, Timestamp now);

// Whether what `principal` is granted is granted to the actor, too: it is that one, or within it.
bool is_within(const Directory::View& view, const Actor& actor, std::string_view principal,
               Timestamp now);
// Whether an audit grant counts for whoever is within `principal`, now or later.
bool puts_on_record(const Directory::View& view, std::string_view principal, Timestamp now);

// Whether something that `principal` is allowed or denied may be done to AgentAuth itself.
bool concerns_administration(const Directory::View& view, std::string_view principal,
                             Timestamp now);

}  // namespace agentauth
