// The engine against the rule written down as plainly as it can be; and that nobody passes on more
// than it has.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "authz/authority.h"
#include "authz/role_service.h"
#include "authz/testing/stated_policy.h"
#include "authz/testing/write_as.h"

namespace agentauth {
namespace {

using testing::StatedPolicy;

constexpr int never = 1'000'000;

// What a condition is, and what it says; its outcome is told by hand below.
enum class When { always, small_amount, open_resource, is_alice, unreadable };
constexpr When all_conditions[] = {When::always,        When::always,   When::small_amount,
                                   When::open_resource, When::is_alice, When::unreadable};

std::string text_of(When when) {
  switch (when) {
    case When::always:
      return "";
    case When::small_amount:
      return " when context.amount < 5";
    case When::open_resource:
      return " when resource.properties.open";
    case When::is_alice:
      return R"( when subject.id == "alice")";
    case When::unreadable:
      return " when this is no condition";
  }
  return "";
}

struct StatedGrant {
  std::string effect, subject, action, resource;  // resource: "" is any
  int from = 0, until = never;
  When when = When::always;

  std::string line() const {
    std::string line = effect + ' ' + subject + ' ' + action;
    if (!resource.empty()) line += " on " + resource;
    if (from != 0) line += " from " + std::to_string(from);
    if (until != never) line += " until " + std::to_string(until);
    return line + text_of(when);
  }
};

struct StatedMember {
  std::string member, of;
  int until = never;

  std::string line() const {
    return "member " + member + " of " + of +
           (until == never ? "" : " until " + std::to_string(until));
  }
};

struct AskedOf {
  std::string subject, action, resource;
  int at = 100;
  int amount = -1;  // -1: not said

  std::string line() const {
    std::string line = subject + ' ' + action;
    if (!resource.empty()) line += " on " + resource;
    line += " at " + std::to_string(at);
    if (amount >= 0) line += R"( with context {"amount": )" + std::to_string(amount) + "}";
    return line;
  }
};

bool action_matches(const std::string& granted, const std::string& asked) {
  if (granted == "*") return true;
  if (!granted.ends_with(":*")) return granted == asked;
  const std::string stem = granted.substr(0, granted.size() - 1);
  return asked.size() > stem.size() && asked.starts_with(stem);
}

bool resource_matches(const std::string& granted, const std::string& asked) {
  if (granted.empty()) return true;
  if (asked.empty()) return false;
  if (!granted.ends_with("*")) return granted == asked;
  return asked.starts_with(granted.substr(0, granted.size() - 1));
}

// The model in lists, and its rule: suspended, denied, allowed, or not.
struct Obvious {
  std::vector<StatedGrant> grants;
  std::vector<StatedMember> members;
  std::set<std::string> suspended;
  std::map<std::string, bool> open;  // what is stored of resources

  std::set<std::string> names_of(const std::string& subject, int at) const {
    std::set<std::string> names{subject};
    if (subject.starts_with("agent:")) names.insert("agent:*");
    for (bool grew = true; grew;) {
      grew = false;
      for (const StatedMember& row : members)
        if (at < row.until && names.count(row.member) != 0)
          grew = names.insert(row.of).second || grew;
    }
    return names;
  }

  policy::Outcome outcome(When when, const AskedOf& asked) const {
    const auto told = [](bool yes) { return yes ? policy::Outcome::yes : policy::Outcome::no; };
    switch (when) {
      case When::always:
        return policy::Outcome::yes;
      case When::small_amount:
        return asked.amount < 0 ? policy::Outcome::error : told(asked.amount < 5);
      case When::open_resource:
        return open.count(asked.resource) == 0 ? policy::Outcome::error
                                               : told(open.at(asked.resource));
      case When::is_alice:
        return told(asked.subject == "user:alice");
      case When::unreadable:
        return policy::Outcome::error;
    }
    return policy::Outcome::error;
  }

  bool matches(const StatedGrant& grant, const AskedOf& asked) const {
    if (!action_matches(grant.action, asked.action)) return false;
    if (!resource_matches(grant.resource, asked.resource)) return false;
    if (asked.at < grant.from || asked.at >= grant.until) return false;
    const auto told = outcome(grant.when, asked);
    if (told == policy::Outcome::error) return grant.effect == "deny";
    return told == policy::Outcome::yes;
  }

  std::string answer(const AskedOf& asked) const {
    if (suspended.count(asked.subject) != 0) return "agent_suspended";
    const auto names = names_of(asked.subject, asked.at);
    std::multiset<std::string> effects;
    for (const StatedGrant& grant : grants)
      if (names.count(grant.subject) != 0 && matches(grant, asked)) effects.insert(grant.effect);
    const bool is_denied = effects.count("deny") != 0;
    std::string audited;
    for (auto left = std::min<std::size_t>(effects.count("audit"), 8); left > 0; --left)
      audited += is_denied ? " + audited as denied" : " + audited as granted";
    if (is_denied) return "denied" + audited;
    if (effects.count("allow") != 0) return "granted" + audited;
    return "not_granted" + audited;
  }
};

const std::vector<std::string> agents = {"agent:a", "agent:b"};
const std::vector<std::string> roles = {"role:r", "role:s", "group:g", "group:h"};
const std::vector<std::string> subjects = {"agent:a", "agent:a", "agent:b", "agent:*",   "role:r",
                                           "role:s",  "group:g", "group:h", "user:alice"};
const std::vector<std::string> members = {"agent:a", "agent:a", "agent:b", "role:r",
                                          "role:s",  "group:g", "group:h", "user:alice"};
const std::vector<std::string> askers = {"agent:a", "agent:b", "user:alice", "role:r"};
const std::vector<std::string> actions = {"x", "y:z", "y:z:q"};
const std::vector<std::string> patterns = {"x", "x", "y:z", "y:*", "y:z:*", "*"};
const std::vector<std::string> administration = {"agentauth:x", "agentauth:x", "agentauth:x:y",
                                                 "agentauth:y", "agentauth:*", "*"};
const std::vector<std::string> resources = {"", "d:1", "d:12", "e:1"};
const std::vector<std::string> resource_patterns = {"", "", "d:1", "d:12", "d:1*", "d:*", "e:*"};
const std::vector<int> moments = {40, 100, 160};

template <class T>
T any_of(const std::vector<T>& choices) {
  return *rc::gen::elementOf(choices);
}

// Past and to come, and where a record might take one for none.
int any_end() { return *rc::gen::element(never, never, never, 50, 150, 0, -50); }

StatedGrant any_grant() {
  StatedGrant grant;
  grant.effect = *rc::gen::element<std::string>("allow", "allow", "allow", "deny", "audit");
  grant.subject = any_of(subjects);
  grant.action = any_of(patterns);
  grant.resource = any_of(resource_patterns);
  grant.from = *rc::gen::element(0, 0, 0, 50, 150);
  grant.until = any_end();
  grant.when = any_of(std::vector<When>(std::begin(all_conditions), std::end(all_conditions)));
  return grant;
}

// One policy, in the engine and in lists.
class Both {
 public:
  explicit Both(Replica& replica) : stated(replica), replica_(replica) {
    for (const std::string& name : agents) stated.agent(name);
  }

  void add_grant() {
    const StatedGrant grant = any_grant();
    for (const StatedGrant& known : obvious.grants)
      if (known.line() == grant.line()) return;
    stated.state(grant.line());
    obvious.grants.push_back(grant);
    ids_.push_back(stated.last_grant());
  }
  void remove_grant() {
    if (ids_.empty()) return;
    const auto at = *rc::gen::inRange<std::size_t>(0, ids_.size());
    stated.erase_grant(ids_[at]);
    forget(at);
  }
  void add_member() {
    const StatedMember row{any_of(members), any_of(roles), any_end()};
    stated.state(row.line());
    std::erase_if(obvious.members, [&](const StatedMember& known) {
      return known.member == row.member && known.of == row.of;
    });
    obvious.members.push_back(row);
  }
  void remove_member() {
    if (obvious.members.empty()) return;
    const auto at = *rc::gen::inRange<std::size_t>(0, obvious.members.size());
    stated.end_membership(obvious.members[at].member, obvious.members[at].of);
    obvious.members.erase(obvious.members.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void remove_role() {
    const std::string name = any_of(roles);
    stated.principal(name);  // there is one
    stated.erase_role(name);
    for (std::size_t i = ids_.size(); i-- > 0;)
      if (obvious.grants[i].subject == name) forget(i);
    std::erase_if(obvious.members,
                  [&](const StatedMember& row) { return row.member == name || row.of == name; });
  }
  void change_entity() {
    const std::string name = *rc::gen::element<std::string>("d:1", "e:1");
    if (obvious.open.count(name) != 0 && *rc::gen::arbitrary<bool>()) {
      stated.forget_entity(name.substr(0, 1), name.substr(2));
      obvious.open.erase(name);
      return;
    }
    const bool open = *rc::gen::arbitrary<bool>();
    stated.state("know " + name + (open ? R"( {"open":true})" : R"( {"open":false})"));
    obvious.open[name] = open;
  }
  void change_status() {
    const std::string name = any_of(agents);
    const bool suspends = obvious.suspended.insert(name).second;
    if (!suspends) obvious.suspended.erase(name);
    replica_.set_status(stated.agent(name),
                        suspends ? AgentStatus::suspended : AgentStatus::active);
  }
  void change() {
    const int drawn = *rc::gen::inRange(0, 24);
    if (drawn < 10) return add_grant();
    if (drawn < 17) return add_member();
    if (drawn < 19) return remove_grant();
    if (drawn < 20) return remove_member();
    if (drawn < 21) return remove_role();
    if (drawn < 23) return change_entity();
    change_status();
  }

  Obvious obvious;
  StatedPolicy stated;

 private:
  void forget(std::size_t at) {
    ids_.erase(ids_.begin() + static_cast<std::ptrdiff_t>(at));
    obvious.grants.erase(obvious.grants.begin() + static_cast<std::ptrdiff_t>(at));
  }
  Replica& replica_;
  std::vector<GrantId> ids_;
};

std::vector<AskedOf> every_question(const std::vector<std::string>& about) {
  std::vector<AskedOf> questions;
  for (const std::string& subject : about)
    for (const std::string& action : actions)
      for (const std::string& resource : resources)
        for (const int at : moments)
          for (const int amount : {-1, 3, 7})
            questions.push_back({subject, action, resource, at, amount});
  return questions;
}

AskedOf any_question() {
  return {any_of(askers), any_of(actions), any_of(resources), any_of(moments),
          *rc::gen::element(-1, 3, 7)};
}

RC_GTEST_PROP(DecisionProperty, TheEngineDecidesAsTheRuleReads, ()) {
  Replica replica;
  Directory follower(replica.database(), std::chrono::hours{1});
  RC_ASSERT(follower.load().has_value());
  Both both(replica);
  const int changes = *rc::gen::inRange(1, 40);
  for (int i = 0; i < changes; ++i) {
    both.change();
    if (i % 7 == 3) RC_ASSERT(follower.catch_up().has_value());
    const AskedOf asked = any_question();
    RC_ASSERT(both.stated.answer(asked.line()) == both.obvious.answer(asked));
  }
  RC_ASSERT(follower.catch_up().has_value());
  Directory fresh(replica.database(), std::chrono::hours{1});
  RC_ASSERT(fresh.load().has_value());
  for (const AskedOf& asked : every_question(askers)) {
    const std::string answer = both.obvious.answer(asked);
    const std::string line = asked.line();
    RC_ASSERT(both.stated.answer(line) == answer);
    RC_ASSERT(both.stated.answer(follower, line) == answer);
    RC_ASSERT(both.stated.answer(fresh, line) == answer);
  }
}

std::string text_of(const Obvious& obvious) {
  std::string text;
  for (const StatedGrant& grant : obvious.grants) text += grant.line() + '\n';
  for (const StatedMember& row : obvious.members) text += row.line() + '\n';
  for (const auto& [name, open] : obvious.open) text += name + (open ? " open\n" : " not open\n");
  return text;
}

bool is_granted(const Obvious& obvious, AskedOf asked, const std::string& subject) {
  asked.subject = subject;
  return obvious.answer(asked).starts_with("granted");
}

Obvious without_member(Obvious obvious, const std::string& member, const std::string& of) {
  std::erase_if(obvious.members,
                [&](const StatedMember& row) { return row.member == member && row.of == of; });
  return obvious;
}

// What may come of a membership that may be passed on until then: it is made, or made to last
// longer; or it is ended, by who may pass it on for ever.
std::vector<Obvious> after_passing_on(const Obvious& before, const StatedMember& wanted) {
  std::vector<Obvious> after;
  if (wanted.until == never) after.push_back(without_member(before, wanted.member, wanted.of));
  const bool shortens =
      std::any_of(before.members.begin(), before.members.end(), [&](const StatedMember& row) {
        return row.member == wanted.member && row.of == wanted.of && row.until > wanted.until;
      });
  if (shortens) return after;
  after.push_back(without_member(before, wanted.member, wanted.of));
  after.back().members.push_back(wanted);
  return after;
}

void add_grant(Both& both, const StatedGrant& grant) {
  const bool known =
      std::any_of(both.obvious.grants.begin(), both.obvious.grants.end(),
                  [&](const StatedGrant& other) { return other.line() == grant.line(); });
  if (known) return;
  both.stated.state(grant.line());
  both.obvious.grants.push_back(grant);
}

// Grants of their own to agent:a most of all, so that there is something to pass on.
void give_author_something(Both& both) {
  for (int i = 0; i < 3; ++i) {
    StatedGrant grant = any_grant();
    grant.effect = "allow";
    grant.subject = *rc::gen::element<std::string>("agent:a", "role:r");
    if (grant.action == "*") grant.action = "y:*";
    grant.when = When::always;
    both.stated.state("member agent:a of role:r");
    std::erase_if(both.obvious.members, [](const StatedMember& row) {
      return row.member == "agent:a" && row.of == "role:r";
    });
    both.obvious.members.push_back({"agent:a", "role:r"});
    add_grant(both, grant);
  }
}

// What roles and groups hold, for a while or for good.
void give_author_what_may_be_passed_on(Both& both) {
  for (StatedGrant grant : std::vector(both.obvious.grants)) {
    if (grant.subject.starts_with("agent:") || grant.effect != "allow" || grant.action == "*")
      continue;
    grant.subject = "agent:a";
    grant.from = 0;
    grant.until = *rc::gen::element(150, never);
    grant.when = When::always;
    add_grant(both, grant);
  }
}

struct Granter {
  Directory::View view;
  Actor actor;

  Granter(Replica& replica, Both& both)
      : view(replica.directory()), actor(view.find_agent(both.stated.agent("agent:a"))) {}
  static Timestamp now() { return Timestamp{std::chrono::seconds{100}}; }
  bool administers() const {
    return may_grant(view, actor, {.permission = administrator_permission}, now());
  }
};

// From now on, nobody is granted by the change what agent:a is not.
void refuse_gain(const Obvious& before, const Obvious& after, const std::string& whom) {
  for (const AskedOf& asked : every_question({whom}))
    if (asked.at >= 100 && is_granted(after, asked, whom) && !is_granted(before, asked, whom) &&
        !is_granted(before, asked, "agent:a"))
      RC_FAIL(asked.line() + ":\n" + text_of(before) + "then:\n" + text_of(after));
}

RC_GTEST_PROP(AuthorityProperty, NobodyPassesOnWhatItIsNotAllowed, ()) {
  Replica replica;
  Both both(replica);
  const int changes = *rc::gen::inRange(0, 15);
  for (int i = 0; i < changes; ++i) both.change();
  give_author_something(both);

  int passed = 0;
  for (const std::string& pattern : patterns) {
    for (const std::string& resource : resource_patterns) {
      for (const int until : {-50, 0, 150, never}) {
        const StatedGrant given{"allow", "agent:new", pattern, resource, 0, until};
        const Granter granter(replica, both);
        if (granter.administers()) continue;
        Passed wanted{pattern, *policy::parse_resource_pattern(resource)};
        if (until != never) wanted.until = Timestamp{std::chrono::seconds{until}};
        if (!may_grant(granter.view, granter.actor, wanted, Granter::now())) continue;
        ++passed;
        Obvious after = both.obvious;
        after.grants.push_back(given);
        refuse_gain(both.obvious, after, "agent:new");
      }
    }
  }
  RC_CLASSIFY(passed > 0, "something could be passed on");
}

// Who may make members of a role, or take them out, gives nobody what it is not allowed itself.
RC_GTEST_PROP(AuthorityProperty, MembershipsGiveNobodyWhatItsAuthorIsNotAllowed, ()) {
  Replica replica;
  Both both(replica);
  const int changes = *rc::gen::inRange(0, 20);
  for (int i = 0; i < changes; ++i) both.change();
  give_author_something(both);
  give_author_what_may_be_passed_on(both);

  int passed = 0;
  for (const std::string& role : roles) {
    both.stated.principal(role);
    for (const int until : {150, 180, never}) {
      const Granter granter(replica, both);
      PassedRole wanted{role};
      if (until != never) wanted.until = Timestamp{std::chrono::seconds{until}};
      if (granter.administers() ||
          !may_pass_on(granter.view, granter.actor, wanted, Granter::now()))
        continue;
      ++passed;
      for (const char* member : {"agent:new", "agent:b"})
        for (const Obvious& after : after_passing_on(both.obvious, {member, role, until}))
          refuse_gain(both.obvious, after, member);
    }
  }
  RC_CLASSIFY(passed > 0, "something could be passed on");
}

// One who may write grants and roles, and holds some of administration.
class Delegate {
 public:
  Delegate(Replica& replica, Both& both)
      : replica_(replica), by_{both.stated.agent("agent:a"), 0, {}, {}} {
    by_.key = replica.any_key_of(by_.agent_id);
    for (const std::string& name : subjects) principals_.push_back(both.stated.principal(name));
  }

  // Some call of its own; whether it was allowed.
  bool try_something() {
    const int drawn = *rc::gen::inRange(0, 10);
    if (drawn < 4) return try_grant();
    if (drawn < 6) return try_revocation();
    return try_membership(drawn);
  }
  bool administers(const std::string& subject) {
    const Directory::View view(replica_.directory());
    return is_administrator(view, Actor(view.find_agent(*agent_of(subject))), clock_.now());
  }

 private:
  template <class F>
  bool write(F work) {
    return testing::write_as(replica_, by_, clock_.now(), work).has_value();
  }
  bool try_grant() {
    Grant grant;
    grant.subject = any_of(principals_);
    grant.permission = any_of(administration);
    grant.effect = *rc::gen::element(Effect::deny, Effect::deny, Effect::allow, Effect::audit);
    if (*rc::gen::arbitrary<bool>()) grant.resource = "no:thing";
    if (*rc::gen::arbitrary<bool>()) grant.when = "1 == 2";
    if (*rc::gen::arbitrary<bool>()) grant.not_before = Timestamp{Seconds{150}};
    if (*rc::gen::arbitrary<bool>()) grant.expires_at = Timestamp{Seconds{200}};
    return write(
        [&](Transaction& tx, Author& author) { return permissions_.grant(tx, author, grant); });
  }
  bool try_revocation() {
    const std::string subject = any_of(principals_), permission = any_of(administration);
    const Effect effect = *rc::gen::element(Effect::deny, Effect::allow, Effect::audit);
    return write([&](Transaction& tx, Author& author) {
      return permissions_.revoke(tx, author, subject, permission, {{}, effect});
    });
  }
  bool try_membership(int drawn) {
    Membership membership;
    membership.member = any_of(principals_);
    membership.of = any_of(roles);
    if (*rc::gen::arbitrary<bool>()) membership.expires_at = Timestamp{Seconds{200}};
    return write([&](Transaction& tx, Author& author) -> Result<void> {
      if (drawn == 9) return roles_.erase(tx, author, membership.of);
      if (drawn == 8) return roles_.erase_member(tx, author, membership.of, membership.member);
      TRY(roles_.put_member(tx, author, membership));
      return {};
    });
  }

  Replica& replica_;
  Caller by_;
  const ManualClock clock_{Timestamp{Seconds{100}}};
  PermissionService permissions_{clock_};
  RoleService roles_;
  std::vector<std::string> principals_;
};

// Whatever else there is, and however often a delegate tries.
RC_GTEST_PROP(AuthorityProperty, NobodyButAnAdministratorMakesOneOrUnmakesOne, ()) {
  Replica replica(std::chrono::hours{1}, Replica::Agents::with_key);
  Both both(replica);
  for (const std::string& name : roles) both.stated.principal(name);
  both.stated.state(*rc::gen::element<std::string>(
      "allow agent:b agentauth:*", "allow role:s *\nmember agent:b of role:s",
      "allow group:h agentauth:*\nmember role:s of group:h\nmember agent:b of role:s"));
  std::set<std::string> lines{"allow agent:a agentauth:x", "allow agent:b agentauth:*"};
  both.stated.state("allow agent:a agentauth:x");
  const int stated = *rc::gen::inRange(0, 8);
  for (int i = 0; i < stated; ++i) {
    StatedGrant grant = any_grant();
    grant.action = any_of(administration);
    if (grant.subject == "agent:a" && grant.effect == "allow") grant.when = When::always;
    if (lines.insert(grant.line()).second) both.stated.state(grant.line());
    if (i % 3 == 0) both.add_member();
  }
  Delegate delegate(replica, both);
  const std::string itself = both.stated.principal("agent:a");
  const std::string other = both.stated.principal("agent:b");
  RC_PRE(!delegate.administers(itself));
  const bool administers = delegate.administers(other);
  int done = 0;
  for (int i = 0; i < 40; ++i) {
    done += delegate.try_something() ? 1 : 0;
    RC_ASSERT(!delegate.administers(itself));
    RC_ASSERT(delegate.administers(other) == administers);
  }
  RC_CLASSIFY(administers, "there was an administrator");
  RC_CLASSIFY(done > 0, "something was allowed");
}

}  // namespace
}  // namespace agentauth
