#include "authz/role_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "authz/testing/stated_policy.h"
#include "authz/testing/write_as.h"

namespace agentauth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatedPolicy;
using testing::write_as;

class RoleServiceTest : public ::testing::Test {
 protected:
  template <class F>
  auto write(F work) {
    return replica.database().write(work);
  }
  Caller caller(AgentId by) { return {by, 0, {}, replica.any_key_of(by)}; }
  void make(const std::string& principal) {
    const auto colon = principal.find(':');
    const RoleKind kind = principal.starts_with("role:") ? RoleKind::role : RoleKind::group;
    value_of(write([&](Transaction& tx) {
      return service.put(tx, kind, principal.substr(colon + 1), std::nullopt);
    }));
  }
  Result<RoleService::PutMembership> join(AgentId by, const std::string& member,
                                          const std::string& of,
                                          std::optional<Timestamp> until = {}) {
    Membership wanted;
    wanted.member = member;
    wanted.of = of;
    wanted.expires_at = until;
    return write_as(replica, caller(by), clock.now(), [&](Transaction& tx, Author& author) {
      return service.put_member(tx, author, wanted);
    });
  }
  Result<void> leave(AgentId by, const std::string& member, const std::string& of) {
    return write_as(replica, caller(by), clock.now(), [&](Transaction& tx, Author& author) {
      return service.erase_member(tx, author, of, member);
    });
  }
  Result<void> erase(AgentId by, const std::string& principal) {
    return write_as(replica, caller(by), clock.now(), [&](Transaction& tx, Author& author) {
      return service.erase(tx, author, principal);
    });
  }
  template <class T>
  static Errc error_of(const Result<T>& result) {
    return result ? Errc{} : result.error().code;
  }

  Replica replica{std::chrono::hours{1}, Replica::Agents::with_key};
  ManualClock clock{Timestamp{Seconds{100}}};
  RoleService service;
  StatedPolicy stated{replica};
  AgentId administrator = replica.add_agent_with({std::string(administrator_permission)});
  AgentId helper = stated.agent("agent:helper");
  AgentId bot = stated.agent("agent:bot");
  const std::string subject = subject_of(bot);
};

TEST_F(RoleServiceTest, MakingItAgainChangesNothingButWhatItIsAbout) {
  const auto put = [&](std::optional<std::string> about) {
    return value_of(
        write([&](Transaction& tx) { return service.put(tx, RoleKind::role, "reader", about); }));
  };
  const auto first = put("Reads");
  EXPECT_TRUE(first.created);
  EXPECT_EQ(first.role.principal, "role:reader");
  const auto second = put(std::nullopt);
  EXPECT_FALSE(second.created);
  EXPECT_EQ(second.role.id, first.role.id);
  EXPECT_EQ(second.role.about, "Reads");
  EXPECT_EQ(put("Reads it all").role.about, "Reads it all");
}

TEST_F(RoleServiceTest, WhatIsNotThereIsNotFound) {
  make("role:r");
  EXPECT_EQ(error_of(join(administrator, subject, "role:none")), Errc::not_found);
  EXPECT_EQ(error_of(join(administrator, "group:none", "role:r")), Errc::not_found);
  EXPECT_EQ(error_of(join(administrator, subject_of(AgentId{}), "role:r")), Errc::not_found);
  EXPECT_EQ(error_of(leave(administrator, subject, "role:r")), Errc::not_found);
  EXPECT_EQ(error_of(leave(administrator, subject, "role:none")), Errc::not_found);
  EXPECT_EQ(error_of(erase(administrator, "role:none")), Errc::not_found);
  EXPECT_EQ(error_of(join(administrator, "agent:*", "role:r")), Errc::conflict);
  EXPECT_TRUE(join(administrator, "user:anybody", "role:r"));
}

TEST_F(RoleServiceTest, AMembershipIsThereForTheNextDecisionAndSoIsItsEnd) {
  stated.state("allow role:r read");
  const auto first = value_of(join(administrator, subject, "role:r"));
  EXPECT_TRUE(first.created);
  EXPECT_EQ(stated.answer("agent:bot read"), "granted");
  const auto again = value_of(join(administrator, subject, "role:r", Timestamp{Seconds{200}}));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.membership.id, first.membership.id);
  EXPECT_EQ(stated.answer("agent:bot read at 200"), "not_granted");
  ASSERT_TRUE(leave(administrator, subject, "role:r"));
  EXPECT_EQ(stated.answer("agent:bot read"), "not_granted");
}

TEST_F(RoleServiceTest, ACircleIsRefused) {
  for (const char* name : {"role:a", "role:b", "group:c"}) make(name);
  EXPECT_EQ(error_of(join(administrator, "role:a", "role:a")), Errc::conflict);
  ASSERT_TRUE(join(administrator, "role:a", "role:b"));
  EXPECT_EQ(error_of(join(administrator, "role:b", "role:a")), Errc::conflict);
  ASSERT_TRUE(join(administrator, "role:b", "group:c"));
  const auto refused = join(administrator, "group:c", "role:a");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("a cycle"));
  ASSERT_TRUE(leave(administrator, "role:b", "group:c"));
  EXPECT_TRUE(join(administrator, "group:c", "role:a"));
}

TEST_F(RoleServiceTest, TwoHalvesOfACircleDoNotPassEachOther) {
  for (int round = 0; round < 20; ++round) {
    const std::string a = "role:a" + std::to_string(round), b = "role:b" + std::to_string(round);
    make(a);
    make(b);
    const Caller by = caller(administrator);
    const auto join_apart = [&](const std::string& member, const std::string& of) {
      Membership wanted;
      wanted.member = member;
      wanted.of = of;
      return replica.database()
          .write_apart([&](Transaction& tx) -> Result<void> {
            Author author = TRY(Author::read(replica.directory(), tx, by, clock.now()));
            TRY(service.put_member(tx, author, wanted));
            return {};
          })
          .has_value();
    };
    bool one = false;
    std::thread thread([&] { one = join_apart(a, b); });
    const bool other = join_apart(b, a);
    thread.join();
    EXPECT_NE(one, other);
  }
}

TEST_F(RoleServiceTest, RolesNestSoManyLevelsAndNoMoreFromWhicheverEndTheyAreJoined) {
  const auto level = [](int i) { return "role:l" + std::to_string(i); };
  const int levels = static_cast<int>(RoleService::depth_max);
  for (int i = 0; i <= levels + 1; ++i) make(level(i));
  for (int i = 0; i < levels; ++i) ASSERT_TRUE(join(administrator, level(i), level(i + 1))) << i;
  EXPECT_EQ(error_of(join(administrator, level(levels), level(levels + 1))), Errc::conflict);
  EXPECT_EQ(error_of(join(administrator, level(levels + 1), level(0))), Errc::conflict);
  EXPECT_TRUE(join(administrator, subject, level(0))) << "an agent is no level";
  stated.state("allow " + level(levels) + " read");
  EXPECT_EQ(stated.answer("agent:bot read"), "granted");
  ASSERT_TRUE(leave(administrator, level(8), level(9)));
  EXPECT_TRUE(join(administrator, level(levels), level(levels + 1)));
}

TEST_F(RoleServiceTest, OneIsAMemberOfSoManyAndNoMore) {
  for (int i = 0; i <= RoleService::memberships_max; ++i) make("role:r" + std::to_string(i));
  for (int i = 0; i < RoleService::memberships_max; ++i)
    ASSERT_TRUE(join(administrator, subject, "role:r" + std::to_string(i)));
  const auto before = replica.revision();
  EXPECT_EQ(error_of(join(administrator, subject, "role:r64")), Errc::conflict);
  EXPECT_TRUE(join(administrator, subject, "role:r63", Timestamp{Seconds{200}})) << "no new one";
  EXPECT_EQ(replica.revision(), before + 1);
}

TEST_F(RoleServiceTest, AMembershipThatHasEndedTakesNoPlaceUntilItLastsAgain) {
  for (int i = 0; i <= RoleService::memberships_max; ++i) make("role:r" + std::to_string(i));
  const Timestamp soon = clock.now() + Seconds{10};
  for (int i = 0; i < RoleService::memberships_max; ++i)
    value_of(join(administrator, subject, "role:r" + std::to_string(i), soon));
  EXPECT_EQ(error_of(join(administrator, subject, "role:r64")), Errc::conflict);
  EXPECT_TRUE(join(administrator, subject, "role:r0", soon)) << "what lasts may be put again";
  clock.advance(Seconds{10});
  for (int i = 1; i <= RoleService::memberships_max; ++i)
    EXPECT_TRUE(join(administrator, subject, "role:r" + std::to_string(i))) << i;
  EXPECT_EQ(error_of(join(administrator, subject, "role:r0")), Errc::conflict);
}

// Nobody makes the pile of what has ended grow that each change of a member reads.
TEST_F(RoleServiceTest, OfMembershipsThatHaveEndedTheLastFewAreKept) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < RoleService::memberships_max; ++i) {
      const std::string role = "role:r" + std::to_string(round) + "-" + std::to_string(i);
      make(role);
      value_of(join(administrator, subject, role, clock.now() + Seconds{10}));
    }
    clock.advance(Seconds{10});
  }
  make("role:last");
  const auto put = value_of(join(administrator, subject, "role:last"));
  EXPECT_EQ(put.forgotten.size(), static_cast<std::size_t>(RoleService::ended_max));
  EXPECT_EQ(put.forgotten[0].of.substr(0, 8), "role:r0-") << "of the first round";
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM memberships"), RoleService::ended_max + 1);
}

// Whoever is in more than a decision looks at may do nothing: so nobody gets there, least of all by
// the hand of one who may write roles and holds nothing else.
TEST_F(RoleServiceTest, NobodyIsShutOutWithEmptyRoles) {
  stated.state(
      "allow agent:helper agentauth:roles:write\nallow group:ops agentauth:*\n"
      "member agent:chief of group:ops");
  const AgentId chief = stated.agent("agent:chief");
  bool refused = false;
  int made = 0;
  for (int top = 0; top < 5 && !refused; ++top) {
    const std::string above = "role:top" + std::to_string(top);
    make(above);
    refused = !join(helper, "group:ops", above);
    for (int i = 0; i < 60 && !refused; ++i, ++made) {
      const std::string name = "role:e" + std::to_string(top) + "-" + std::to_string(i);
      make(name);
      refused = !join(helper, above, name);
    }
  }
  EXPECT_TRUE(refused);
  EXPECT_LE(made, RoleService::closure_max);
  const Directory::View view(replica.directory());
  EXPECT_TRUE(may_grant(view, Actor(view.find_agent(chief)), {"agentauth:*"}, clock.now()));
}

// Many ways to the same roles are not many roles.
TEST_F(RoleServiceTest, WhatSeveralMembershipsLeadToCountsOnce) {
  for (int i = 0; i < 12; ++i) {
    make("role:top" + std::to_string(i));
    make("role:way" + std::to_string(i));
  }
  make("group:g");
  make("group:outer");
  for (int way = 0; way < 12; ++way) {
    for (int top = 0; top < 12; ++top)
      ASSERT_TRUE(
          join(administrator, "role:way" + std::to_string(way), "role:top" + std::to_string(top)));
    ASSERT_TRUE(join(administrator, subject, "role:way" + std::to_string(way)));
  }
  for (int i = 0; i < 10; ++i) {
    const std::string name = "role:wide" + std::to_string(i);
    make(name);
    for (int top = 0; top < 12; ++top)
      ASSERT_TRUE(join(administrator, name, "role:top" + std::to_string(top)));
    ASSERT_TRUE(join(administrator, subject, name));
  }
  ASSERT_TRUE(join(administrator, subject, "group:g"));
  EXPECT_TRUE(join(administrator, "group:g", "group:outer")) << "36 in all, by 287 ways";
}

TEST_F(RoleServiceTest, AnAdministratorDealsWithWhoeverIsInTooMany) {
  stated.state("allow agent:bot agentauth:roles:write");
  value_of(write([&](Transaction& tx) -> Result<void> {
    for (int i = 0; i < 300; ++i) {
      const std::string name = "role:r" + std::to_string(i);
      TRY(tx.roles().insert(name, ""));
      TRY(tx.roles().put_member(subject, bot, TRY(tx.roles().find(name)).id, {}));
      TRY(note_change(tx, name));
    }
    return note_change(tx, subject);
  }));
  ASSERT_EQ(stated.answer("agent:bot agentauth:roles:write"), "too_many_memberships");
  const Directory::View view(replica.directory());
  const auto actor = [&](AgentId id) { return Actor(view.find_agent(id)); };
  EXPECT_TRUE(may_manage(view, actor(administrator), actor(bot), clock.now()));
  EXPECT_TRUE(covers(view, actor(administrator), actor(bot), clock.now()));
  EXPECT_FALSE(may_manage(view, actor(helper), actor(bot), clock.now()));
  EXPECT_FALSE(may_grant(view, actor(bot), {"agentauth:roles:write"}, clock.now()));
  EXPECT_TRUE(leave(administrator, subject, "role:r0"));
}

TEST_F(RoleServiceTest, WhoGivesARoleMustHoldAllOfIt) {
  stated.state(
      "allow agent:helper read\nallow role:r read\nallow role:more read\nallow role:more write\n"
      "allow role:nested agentauth:*\nallow role:outer read\nmember role:outer of role:nested\n"
      "allow role:some pay when context.ok\nallow role:first see until 5");
  EXPECT_TRUE(join(helper, subject, "role:r"));
  for (const char* role : {"role:more", "role:nested", "role:outer", "role:some"})
    EXPECT_EQ(error_of(join(helper, subject, role)), Errc::permission_denied) << role;
  EXPECT_EQ(error_of(join(helper, subject_of(helper), "role:nested")), Errc::permission_denied);
  EXPECT_TRUE(join(helper, subject, "role:first")) << "what is over gives nothing";
  EXPECT_TRUE(join(administrator, subject, "role:outer"));
}

TEST_F(RoleServiceTest, NobodyEscapesADenyByLeavingWhatDeniesIt) {
  stated.state(
      "allow agent:helper read\nallow agent:helper agentauth:roles:write\ndeny group:g read\n"
      "member agent:helper of group:g");
  const std::string itself = subject_of(helper);
  EXPECT_EQ(error_of(leave(helper, itself, "group:g")), Errc::permission_denied);
  EXPECT_EQ(error_of(erase(helper, "group:g")), Errc::permission_denied);
  EXPECT_EQ(error_of(join(helper, itself, "group:g", clock.now() + Seconds{1})),
            Errc::permission_denied)
      << "nor by ending it soon";
  EXPECT_EQ(stated.answer("agent:helper read"), "denied");
  ASSERT_TRUE(leave(administrator, itself, "group:g"));
  EXPECT_EQ(stated.answer("agent:helper read"), "granted");
}

// Whoever is a member of what denies administration is no administrator, whatever the deny's terms.
TEST_F(RoleServiceTest, NobodyButAnAdministratorMakesMembersOfWhatDeniesAdministration) {
  stated.state(
      "allow agent:helper agentauth:roles:write\nallow agent:helper agentauth:agents:read\n"
      "deny role:trap agentauth:agents:read when 1 == 2\n"
      "deny group:later agentauth:agents:read from 9000000000\n"
      "deny role:elsewhere agentauth:agents:read on no:thing\n"
      "member group:outer of role:trap\n"
      "allow group:staff read\nallow agent:helper read");
  const std::string root = subject_of(administrator);
  for (const char* trap : {"role:trap", "group:later", "role:elsewhere", "group:outer"})
    for (const std::string& member :
         {root, subject, subject_of(helper), std::string("group:staff")})
      EXPECT_EQ(error_of(join(helper, member, trap)), Errc::permission_denied) << trap;
  EXPECT_TRUE(join(helper, root, "group:staff")) << "what denies nothing of it traps nobody";
  EXPECT_EQ(error_of(join(administrator, root, "role:trap")), Errc::conflict)
      << "nor does the last administrator trap itself";
  EXPECT_EQ(error_of(join(administrator, "group:staff", "group:outer")), Errc::conflict);
  EXPECT_TRUE(join(administrator, subject, "role:trap"));
  EXPECT_EQ(error_of(leave(helper, subject, "role:trap")), Errc::permission_denied);
  EXPECT_EQ(error_of(erase(helper, "role:trap")), Errc::permission_denied);
  EXPECT_TRUE(leave(administrator, subject, "role:trap"));
}

TEST_F(RoleServiceTest, TheLastAdministratorDoesNotLeaveWhatMakesItOne) {
  stated.state("allow role:admins agentauth:*\nmember agent:chief of role:admins");
  const AgentId chief = stated.agent("agent:chief");
  const std::string itself = subject_of(chief);
  const Timestamp soon = clock.now() + Seconds{60};
  EXPECT_TRUE(leave(chief, itself, "role:admins")) << "there is another one";
  stated.state("member agent:chief of role:admins");
  replica.suspend(administrator);
  EXPECT_EQ(error_of(leave(chief, itself, "role:admins")), Errc::conflict);
  EXPECT_EQ(error_of(erase(chief, "role:admins")), Errc::conflict);
  EXPECT_EQ(error_of(join(chief, itself, "role:admins", soon)), Errc::conflict)
      << "who is one for a while is none";
  EXPECT_TRUE(join(chief, subject, "role:admins"));
  EXPECT_TRUE(join(chief, itself, "role:admins", soon));
}

TEST_F(RoleServiceTest, AMembershipHasAnEndThatLiesAhead) {
  make("role:r");
  for (const std::int64_t end : {0LL, -1LL, -86'400'000LL, 99'999LL, 100'000LL}) {
    const auto refused =
        join(administrator, subject, "role:r", Timestamp{std::chrono::milliseconds{end}});
    ASSERT_EQ(error_of(refused), Errc::invalid_argument) << end;
    ASSERT_EQ(refused.error().fields.size(), 1U);
    EXPECT_EQ(refused.error().fields[0].field, "expires_at");
  }
  EXPECT_TRUE(
      join(administrator, subject, "role:r", Timestamp{std::chrono::milliseconds{100'001}}));
}

TEST_F(RoleServiceTest, WhoMayReadRolesIsToldWhatKeepsItFromAMembership) {
  stated.state("allow role:r read\nallow agent:helper agentauth:roles:write");
  const auto blind = join(helper, subject, "role:r");
  ASSERT_FALSE(blind);
  EXPECT_TRUE(blind.error().fields.empty());
  stated.state("allow agent:helper agentauth:roles:read");
  const auto told = join(helper, subject, "role:r");
  ASSERT_FALSE(told);
  ASSERT_EQ(told.error().fields.size(), 1U);
  EXPECT_EQ(told.error().fields[0].field, "role:r");
  EXPECT_THAT(told.error().fields[0].message, HasSubstr("holds or denies read,"));
}

// As it could grant what the role holds until then; each write is decided by its own end.
TEST_F(RoleServiceTest, AMembershipThatEndsPassesOnNoLongerThanUntilThen) {
  stated.state(
      "allow role:r read\ndeny role:r list\nmember role:r of role:top\nallow role:top write\n"
      "allow agent:helper read until 1000\nallow agent:helper list until 3000\n"
      "allow role:own write\nmember agent:helper of role:own until 2000\n"
      "allow agent:helper agentauth:roles:read");
  const auto at = [](int second) { return Timestamp{Seconds{second}}; };
  const auto told = [&](std::optional<Timestamp> until) {
    const auto refused = join(helper, subject, "role:r", until);
    EXPECT_EQ(error_of(refused), Errc::permission_denied);
    if (refused || refused.error().fields.size() != 1) return std::string();
    EXPECT_EQ(refused.error().fields[0].field, "role:r");
    return refused.error().fields[0].message;
  };
  EXPECT_TRUE(join(helper, subject, "role:r", at(500)));
  EXPECT_TRUE(join(helper, subject, "role:r", at(1000))) << "prolonged to where its own ends";
  const std::string read =
      "holds or denies read, which the caller may not pass on for longer than until "
      "1970-01-01T00:16:40.000Z";
  EXPECT_EQ(told(at(1001)), read);
  EXPECT_EQ(told({}), read);
  EXPECT_EQ(told(at(900)), read) << "who goes sooner is taken out for ever";
  EXPECT_EQ(error_of(leave(helper, subject, "role:r")), Errc::permission_denied);
  EXPECT_EQ(error_of(erase(helper, "role:r")), Errc::permission_denied);
  stated.state("allow agent:helper read");
  EXPECT_THAT(told(at(2001)), HasSubstr("write, which the caller may not pass on for longer than "
                                        "until 1970-01-01T00:33:20"));
  EXPECT_TRUE(join(helper, subject, "role:r", at(2000)));
  stated.state("allow agent:helper write");
  EXPECT_THAT(told(at(3001)), HasSubstr("list, which the caller may not pass on for longer than "
                                        "until 1970-01-01T00:50:00"));
  stated.state("deny agent:helper read on city:berlin");
  EXPECT_EQ(told(at(2500)), "holds or denies read, which the caller may not pass on");
}

TEST_F(RoleServiceTest, NoEndIsToldOfWhatAdministratorsAlonePassOn) {
  stated.state(
      "deny role:r agentauth:agents:read\nallow agent:helper agentauth:agents:read until 1000\n"
      "allow agent:helper agentauth:roles:read");
  const auto refused = join(helper, subject, "role:r", Timestamp{Seconds{2000}});
  ASSERT_EQ(error_of(refused), Errc::permission_denied);
  ASSERT_EQ(refused.error().fields.size(), 1U);
  EXPECT_EQ(refused.error().fields[0].message,
            "holds or denies agentauth:agents:read, which the caller may not pass on");
}

TEST_F(RoleServiceTest, NobodyLeavesWhatPutsItOnRecord) {
  stated.state("audit group:watched *\nmember agent:helper of group:watched");
  EXPECT_EQ(error_of(leave(helper, subject_of(helper), "group:watched")), Errc::permission_denied);
}

TEST_F(RoleServiceTest, NobodyButAnAdministratorLeavesWhatPutsItOnRecord) {
  stated.state(
      "allow agent:helper read\naudit group:watched read\nmember group:team of group:watched\n"
      "member agent:helper of group:team\nmember agent:bot of group:team\n"
      "allow agent:helper agentauth:roles:read");
  const std::string itself = subject_of(helper);
  const Timestamp soon = clock.now() + Seconds{60};
  EXPECT_EQ(error_of(leave(helper, itself, "group:team")), Errc::permission_denied);
  EXPECT_EQ(error_of(leave(helper, "group:team", "group:watched")), Errc::permission_denied);
  EXPECT_EQ(error_of(erase(helper, "group:team")), Errc::permission_denied);
  EXPECT_EQ(error_of(erase(helper, "group:watched")), Errc::permission_denied);
  EXPECT_EQ(error_of(join(helper, "group:team", "group:watched", soon)), Errc::permission_denied);
  const auto refused = join(helper, itself, "group:team", soon);
  ASSERT_EQ(error_of(refused), Errc::permission_denied);
  ASSERT_EQ(refused.error().fields.size(), 1U);
  EXPECT_EQ(refused.error().fields[0].field, "group:team");
  EXPECT_TRUE(join(helper, itself, "group:team")) << "as it was";
  EXPECT_TRUE(join(helper, subject_of(stated.agent("agent:third")), "group:team")) << "others";
  EXPECT_TRUE(leave(helper, subject, "group:team")) << "others, too";
  EXPECT_TRUE(leave(administrator, itself, "group:team"));
}

TEST_F(RoleServiceTest, ARoleGoesWithItsGrantsAndItsMemberships) {
  stated.state("allow role:r read\nmember agent:bot of role:r\nmember role:r of role:top");
  ASSERT_TRUE(erase(administrator, "role:r"));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM grants"), 0);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM memberships"), 0);
  make("role:r");
  stated.state("allow role:r read");
  EXPECT_EQ(stated.answer("agent:bot read"), "not_granted");
}

TEST_F(RoleServiceTest, AnAgentGoesWithItsGrantsAndItsMemberships) {
  stated.state("allow role:r read\nmember agent:bot of role:r\nallow agent:bot read on city:*");
  replica.erase(bot);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM memberships"), 0);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM grants"), 1) << "the role's own";
}

}  // namespace
}  // namespace agentauth
