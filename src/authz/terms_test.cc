// Grants with terms: who may give and take them, and which are one and the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authz/permission_service.h"
#include "authz/testing/stated_policy.h"
#include "authz/testing/write_as.h"

namespace agentauth {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StatedPolicy;
using testing::write_as;

class TermsTest : public ::testing::Test {
 protected:
  Result<PermissionService::Granted> grant(AgentId by, const std::string& whom,
                                           const std::string& permission, const Terms& terms = {},
                                           std::optional<GrantId> id = {}) {
    Grant wanted;
    static_cast<Terms&>(wanted) = terms;
    wanted.subject = whom;
    wanted.permission = permission;
    return write_as(replica, caller(by), clock.now(), [&](Transaction& tx, Author& author) {
      return service.grant(tx, author, wanted, id);
    });
  }
  Result<void> revoke(AgentId by, const std::string& whom, const std::string& permission,
                      const WhichGrants& which = {}) {
    return write_as(replica, caller(by), clock.now(), [&](Transaction& tx, Author& author) {
      return service.revoke(tx, author, whom, permission, which);
    });
  }
  Result<Grant> revoke(AgentId by, GrantId id) {
    return write_as(replica, caller(by), clock.now(), [&](Transaction& tx, Author& author) {
      return service.revoke(tx, author, id);
    });
  }
  Caller caller(AgentId by) { return {by, 0, {}, replica.any_key_of(by)}; }
  std::vector<Grant> grants_of(const std::string& whom) {
    return value_of(
        replica.database().read([&](Transaction& tx) { return tx.grants().list(whom, {}, 1000); }));
  }
  static Errc error_of(const Result<PermissionService::Granted>& result) {
    return result ? Errc{} : result.error().code;
  }
  static Terms on(const std::string& resource) {
    Terms terms;
    terms.resource = resource;
    return terms;
  }
  static Terms with(Effect effect) {
    Terms terms;
    terms.effect = effect;
    return terms;
  }
  Terms until(int seconds) {
    Terms terms;
    terms.expires_at = clock.now() + Seconds{seconds};
    return terms;
  }

  Replica replica{std::chrono::hours{1}, Replica::Agents::with_key};
  ManualClock clock;
  PermissionService service{clock};
  StatedPolicy stated{replica};
  AgentId administrator = replica.add_agent_with({std::string(administrator_permission)});
  AgentId bot = stated.agent("agent:bot");
  const std::string subject = subject_of(bot);
};

TEST_F(TermsTest, EqualTermsAreTheSameGrantAndOthersAreAnother) {
  const auto plain = value_of(grant(administrator, subject, "read"));
  const auto first = value_of(grant(administrator, subject, "read", on("city:berlin")));
  EXPECT_TRUE(first.created);
  EXPECT_NE(first.grant.id, plain.grant.id);
  const auto again = value_of(grant(administrator, subject, "read", on("city:berlin")));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.grant.id, first.grant.id);
  // To allow is what one does when one does not say.
  Terms said = on("city:berlin");
  said.effect = Effect::allow;
  EXPECT_EQ(value_of(grant(administrator, subject, "read", said)).grant.id, first.grant.id);

  EXPECT_TRUE(value_of(grant(administrator, subject, "read", on("city:bern"))).created);
  EXPECT_TRUE(value_of(grant(administrator, subject, "read", until(60))).created);
  EXPECT_TRUE(value_of(grant(administrator, subject, "read", with(Effect::deny))).created);
  EXPECT_TRUE(value_of(grant(administrator, subject, "read", with(Effect::audit))).created);
  EXPECT_THAT(grants_of(subject), SizeIs(6));
}

TEST_F(TermsTest, WhatCannotBeKeptIsRefusedAndChangesNothing) {
  Terms condition;
  condition.when = "context.amount <";
  Terms ended = until(10);
  ended.not_before = clock.now() + Seconds{10};
  Terms counted_deny = with(Effect::deny);
  counted_deny.max_uses = 1;
  const auto before = replica.revision();
  for (const Terms& terms : {on("berlin"), on("city:"), on(""), condition, ended, counted_deny}) {
    const auto refused = grant(administrator, subject, "read", terms);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_THAT(refused.error().fields, SizeIs(1));
  }
  EXPECT_EQ(replica.revision(), before);
  EXPECT_THAT(grants_of(subject), IsEmpty());
}

TEST_F(TermsTest, TakingAwayMeansWhatAllowsUnlessItIsSaid) {
  ASSERT_TRUE(grant(administrator, subject, "read"));
  ASSERT_TRUE(grant(administrator, subject, "read", on("city:berlin")));
  ASSERT_TRUE(grant(administrator, subject, "read", with(Effect::deny)));
  ASSERT_TRUE(revoke(administrator, subject, "read"));
  ASSERT_THAT(grants_of(subject), SizeIs(1));
  EXPECT_EQ(grants_of(subject)[0].decides(), Effect::deny);
  EXPECT_EQ(revoke(administrator, subject, "read").error().code, Errc::not_found);
  EXPECT_EQ(revoke(administrator, subject, "read", {"city:berlin", Effect::deny}).error().code,
            Errc::not_found);
  ASSERT_TRUE(revoke(administrator, subject, "read", {{}, Effect::deny}));
  EXPECT_THAT(grants_of(subject), IsEmpty());
}

TEST_F(TermsTest, TakingAwayOnOneResourceLeavesTheOthers) {
  for (const char* resource : {"city:berlin", "city:b*", "city:*"})
    ASSERT_TRUE(grant(administrator, subject, "read", on(resource)));
  ASSERT_TRUE(revoke(administrator, subject, "read", {"city:b*", {}}));
  EXPECT_THAT(grants_of(subject), SizeIs(2));
  EXPECT_EQ(stated.answer("agent:bot read on city:bern"), "granted");
  ASSERT_TRUE(revoke(administrator, subject, "read", {"city:*", {}}));
  EXPECT_EQ(stated.answer("agent:bot read on city:bern"), "not_granted");
  EXPECT_EQ(stated.answer("agent:bot read on city:berlin"), "granted");
}

// GHSA-7qjx-gp9h-65qj, with terms: all of it, for as long, and without conditions.
TEST_F(TermsTest, NobodyPassesOnMoreThanItHolds) {
  stated.state(
      "allow agent:helper read on city:b*\nallow agent:helper write until 9000000000\n"
      "allow agent:helper pay uses 5\nallow agent:helper see when context.ok\n"
      "allow agent:helper list\ndeny agent:helper list on city:berlin");
  const AgentId helper = stated.agent("agent:helper");
  const auto gives = [&](const std::string& permission, const Terms& terms) {
    const auto result = grant(helper, subject, permission, terms);
    EXPECT_TRUE(result || result.error().code == Errc::permission_denied);
    return result.has_value();
  };
  EXPECT_TRUE(gives("read", on("city:b*")));
  EXPECT_TRUE(gives("read", on("city:berlin")));
  EXPECT_FALSE(gives("read", on("city:*")));
  EXPECT_FALSE(gives("read", on("city:paris")));
  EXPECT_FALSE(gives("read", {}));
  EXPECT_TRUE(gives("write", until(60)));
  EXPECT_FALSE(gives("write", {})) << "for longer than its own";
  Terms once;
  once.max_uses = 1;
  EXPECT_FALSE(gives("pay", once)) << "what is counted would be counted twice";
  Terms same;
  same.when = "context.ok";
  EXPECT_FALSE(gives("see", same));
  EXPECT_FALSE(gives("list", {})) << "some of it is denied";
  EXPECT_FALSE(gives("list", on("city:*")));
  EXPECT_TRUE(gives("list", on("city:paris")));
}

TEST_F(TermsTest, WhoHoldsSomethingByARoleForAWhilePassesItOnForThatLong) {
  stated.state("allow role:r read\nmember agent:helper of role:r until 9000000000");
  const AgentId helper = stated.agent("agent:helper");
  EXPECT_EQ(error_of(grant(helper, subject, "read")), Errc::permission_denied);
  EXPECT_TRUE(grant(helper, subject, "read", until(60)));
}

TEST_F(TermsTest, ADenyThatIsOverKeepsNobodyFromPassingOn) {
  stated.state("allow agent:helper read\ndeny agent:helper read until 5");
  EXPECT_TRUE(grant(stated.agent("agent:helper"), subject, "read"));
  stated.state("allow agent:second read\ndeny agent:second read from 9000000000");
  EXPECT_EQ(error_of(grant(stated.agent("agent:second"), subject, "read")), Errc::permission_denied)
      << "one that is to come does";
}

TEST_F(TermsTest, WhoWouldDenyMustHoldIt) {
  stated.state("allow agent:helper read on city:*");
  const AgentId helper = stated.agent("agent:helper");
  Terms deny = with(Effect::deny);
  EXPECT_EQ(error_of(grant(helper, subject, "read", deny)), Errc::permission_denied);
  EXPECT_EQ(error_of(grant(helper, subject, "agentauth:*", deny)), Errc::permission_denied);
  deny.resource = "city:berlin";
  EXPECT_TRUE(grant(helper, subject, "read", deny));
}

TEST_F(TermsTest, NobodyLiftsItsOwnDeny) {
  stated.state(
      "allow agent:helper read\nallow agent:helper agentauth:permissions:write\n"
      "deny agent:helper read on city:berlin");
  const GrantId deny = stated.last_grant();
  const AgentId helper = stated.agent("agent:helper");
  const std::string itself = subject_of(helper);
  EXPECT_EQ(revoke(helper, itself, "read", {{}, Effect::deny}).error().code,
            Errc::permission_denied);
  EXPECT_EQ(revoke(helper, deny).error().code, Errc::permission_denied);
  EXPECT_EQ(stated.answer("agent:helper read on city:berlin"), "denied");
  // Whoever holds it, and is not denied it, may.
  stated.state("allow agent:colleague read");
  ASSERT_TRUE(revoke(stated.agent("agent:colleague"), deny));
  EXPECT_EQ(stated.answer("agent:helper read on city:berlin"), "granted");
}

TEST_F(TermsTest, NobodyTakesItselfOffTheRecord) {
  stated.state("allow agent:helper agentauth:permissions:write\naudit agent:helper *");
  const AgentId helper = stated.agent("agent:helper");
  EXPECT_EQ(revoke(helper, stated.last_grant()).error().code, Errc::permission_denied);
  EXPECT_EQ(revoke(helper, subject_of(helper), "*", {{}, Effect::audit}).error().code,
            Errc::permission_denied);
  EXPECT_EQ(stated.answer("agent:helper read"), "not_granted + audited as granted");
  EXPECT_TRUE(revoke(administrator, stated.last_grant()));
}

// However much it holds: by a grant of its own, of every agent, or of what it is within.
TEST_F(TermsTest, NobodyButAnAdministratorEndsWhatPutsItOnRecord) {
  const AgentId helper = stated.agent("agent:helper");
  const std::string itself = subject_of(helper);
  stated.state(
      "allow agent:helper agentauth:permissions:write\nallow agent:helper read\n"
      "member agent:helper of group:team\nmember group:team of group:all");
  for (const char* whom : {"agent:helper", "agent:*", "group:team", "group:all"}) {
    for (const char* terms :
         {"", " on city:berlin", " when context.ok", " from 9000000000", " until 9000000000"}) {
      stated.state(std::string("audit ") + whom + " read" + terms);
      EXPECT_EQ(revoke(helper, stated.last_grant()).error().code, Errc::permission_denied)
          << whom << terms;
    }
    EXPECT_EQ(revoke(helper, whom == std::string("agent:helper") ? itself : whom, "read",
                     {{}, Effect::audit})
                  .error()
                  .code,
              Errc::permission_denied);
  }
  stated.state("allow agent:helper agentauth:grants:read");
  stated.state("audit agent:helper read");
  const auto refused = revoke(helper, stated.last_grant());
  ASSERT_FALSE(refused);
  ASSERT_THAT(refused.error().fields, SizeIs(1));
  EXPECT_EQ(refused.error().fields[0].field, "read");
  EXPECT_TRUE(revoke(administrator, stated.last_grant()));
  for (const char* other : {"audit agent:bot read", "audit group:others read",
                            "audit user:alice read", "audit agent:helper read until 5"}) {
    stated.state(other);
    EXPECT_TRUE(revoke(helper, stated.last_grant())) << other;
  }
}

// Whoever is denied some of administration is no administrator, whatever the deny's terms.
TEST_F(TermsTest, NobodyButAnAdministratorDeniesAdministration) {
  stated.state(
      "allow agent:helper agentauth:grants:write\nallow agent:helper agentauth:agents:*\n"
      "allow role:r read");
  const AgentId helper = stated.agent("agent:helper");
  Terms never = with(Effect::deny), nowhere = with(Effect::deny), later = with(Effect::deny);
  never.when = "1 == 2";
  nowhere.resource = "no:thing";
  later.not_before = clock.now() + Seconds{1'000'000};
  for (const Terms& terms : {with(Effect::deny), never, nowhere, later, until(5)}) {
    Terms deny = terms;
    deny.effect = Effect::deny;
    for (const std::string& whom : {subject_of(administrator), subject, std::string("role:r"),
                                    std::string("user:alice"), std::string(policy::every_agent)})
      for (const char* permission : {"agentauth:agents:read", "agentauth:agents:*"})
        EXPECT_EQ(error_of(grant(helper, whom, permission, deny)), Errc::permission_denied) << whom;
  }
  EXPECT_TRUE(grant(helper, subject_of(helper), "agentauth:agents:read", never)) << "of its own";
  EXPECT_TRUE(grant(administrator, subject, "agentauth:agents:read", with(Effect::deny)));
  EXPECT_TRUE(grant(helper, subject, "agentauth:grants:write")) << "it may give what it holds";
}

// With the last deny gone who was none becomes an administrator.
TEST_F(TermsTest, NobodyButAnAdministratorLiftsADenyOfAdministration) {
  stated.state("allow agent:bot agentauth:*\ndeny agent:bot agentauth:keys:write");
  const GrantId deny = stated.last_grant();
  stated.state("allow agent:helper agentauth:keys:write");
  const AgentId helper = stated.agent("agent:helper");
  EXPECT_EQ(revoke(helper, deny).error().code, Errc::permission_denied);
  EXPECT_EQ(revoke(bot, deny).error().code, Errc::permission_denied);
  EXPECT_TRUE(revoke(administrator, deny));
}

TEST_F(TermsTest, TheLastAdministratorDoesNotShutItselfOut) {
  const std::string itself = subject_of(administrator);
  const auto before = replica.revision();
  Terms never = with(Effect::deny);
  never.when = "1 == 2";
  for (const char* permission : {"*", "agentauth:*", "agentauth:agents:read"})
    for (const Terms& terms : {with(Effect::deny), never})
      EXPECT_EQ(error_of(grant(administrator, itself, permission, terms)), Errc::conflict);
  EXPECT_EQ(revoke(administrator, itself, "agentauth:*").error().code, Errc::conflict);
  EXPECT_EQ(replica.revision(), before);
  stated.state("allow agent:second agentauth:* until 9000000000");
  EXPECT_EQ(revoke(administrator, itself, "agentauth:*").error().code, Errc::conflict)
      << "who is one for a while is none";
  stated.state("deny agent:third agentauth:x until 5\nallow agent:third *");
  EXPECT_TRUE(revoke(administrator, itself, "agentauth:*")) << "a deny that is over takes nothing";
}

// It is less than its agent, and would take from it what it cannot give back.
TEST_F(TermsTest, ANarrowedKeyGivesUpNothingOfItsAgents) {
  const std::string kid = "AAAAAAAAAAA1";
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.grants().insert({subject, bot}, "agentauth:*", {}));
    TRY(tx.keys().insert({.agent_id = bot,
                          .kid = kid,
                          .hash = "another hash",
                          .tag = {},
                          .name = "",
                          .expires_at = {},
                          .constraints = {.permissions = {{"agentauth:grants:write"}}}}));
    return note_change(tx, subject);
  }));
  const Caller narrowed{bot, 0, {}, *parse_kid(kid)};
  Grant deny;
  static_cast<Terms&>(deny) = with(Effect::deny);
  deny.subject = subject;
  deny.permission = "agentauth:grants:write";
  const auto denied =
      write_as(replica, narrowed, clock.now(),
               [&](Transaction& tx, Author& author) { return service.grant(tx, author, deny); });
  EXPECT_EQ(error_of(denied), Errc::permission_denied);
  const auto taken = write_as(replica, narrowed, clock.now(), [&](Transaction& tx, Author& author) {
    return service.revoke(tx, author, subject, "agentauth:*", {});
  });
  EXPECT_EQ(taken.error().code, Errc::permission_denied);
  EXPECT_TRUE(revoke(bot, subject, "agentauth:*")) << "its other key may";
}

TEST_F(TermsTest, AGrantHasAnEndThatLiesAhead) {
  const auto before = replica.revision();
  for (const Timestamp end :
       {Timestamp{}, Timestamp{Seconds{-1}}, Timestamp{Seconds{-62'000'000'000}},
        clock.now() - Seconds{1}, clock.now()}) {
    Terms terms;
    terms.expires_at = end;
    for (const Effect effect : {Effect::allow, Effect::deny, Effect::audit}) {
      terms.effect = effect;
      const auto refused = grant(administrator, subject, "read", terms);
      ASSERT_EQ(error_of(refused), Errc::invalid_argument);
      ASSERT_THAT(refused.error().fields, SizeIs(1));
      EXPECT_EQ(refused.error().fields[0].field, "expires_at");
    }
  }
  EXPECT_EQ(replica.revision(), before);
}

// What was written past a service, or by an older version: the epoch is a time like any other.
TEST_F(TermsTest, AnEndBeforeTheEpochIsOver) {
  for (const char* end : {"0", "-1", "-86400"}) {
    const std::string until = std::string(" until ") + end;
    const std::string action = "x" + std::string(end);
    stated.state("allow agent:bot " + action + until);
    EXPECT_EQ(stated.answer("agent:bot " + action), "not_granted") << end;
    stated.state("allow agent:bot " + action + "\ndeny agent:bot " + action + until);
    EXPECT_EQ(stated.answer("agent:bot " + action), "granted") << end;
    stated.state("allow role:r" + action + " y\nmember agent:late of role:r" + action + until);
    EXPECT_EQ(stated.answer("agent:late y"), "not_granted") << end;
    stated.state("allow agent:helper z" + until);
    EXPECT_EQ(error_of(grant(stated.agent("agent:helper"), subject, "z")), Errc::permission_denied);
    EXPECT_EQ(error_of(grant(stated.agent("agent:late"), subject, "y")), Errc::permission_denied);
  }
  stated.state("allow agent:early w from -86400\nallow agent:soon w from 0 until 9000000000");
  EXPECT_EQ(stated.answer("agent:early w at 0"), "granted");
  EXPECT_EQ(stated.answer("agent:soon w at -1"), "not_granted");
}

// Or it would be given for ever, by an end that a record took for none.
TEST_F(TermsTest, WhoHoldsSomethingForAWhileDoesNotPassItOnUntilTheEpoch) {
  stated.state("allow agent:helper read until 9000000000");
  for (const std::int64_t end : {0, -1, 1}) {
    Terms terms;
    terms.expires_at = Timestamp{Seconds{end}};
    EXPECT_EQ(error_of(grant(stated.agent("agent:helper"), subject, "read", terms)),
              Errc::invalid_argument);
  }
  EXPECT_EQ(stated.answer("agent:bot read"), "not_granted");
}

TEST_F(TermsTest, WhatAnAgentHoldsAlreadyIsNamed) {
  const auto first = value_of(grant(administrator, subject, "read"));
  const auto refused = grant(administrator, subject, "read", {},
                             GrantId::parse("00000000-0000-4000-8000-000000000001"));
  ASSERT_EQ(error_of(refused), Errc::conflict);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr(first.grant.id.to_string()));
}

TEST_F(TermsTest, AnAdministratorThatIsDeniedSomeOfItIsNone) {
  stated.state("allow agent:helper agentauth:*\ndeny agent:helper agentauth:keys:write");
  const GrantId deny = stated.last_grant();
  const AgentId helper = stated.agent("agent:helper");
  EXPECT_EQ(revoke(helper, deny).error().code, Errc::permission_denied);
  EXPECT_EQ(error_of(grant(helper, subject, "read")), Errc::permission_denied);
  EXPECT_EQ(error_of(grant(helper, subject, "agentauth:keys:write")), Errc::permission_denied);
  EXPECT_TRUE(grant(helper, subject, "agentauth:roles:read"));
}

// Otherwise who may write grants could lock everybody out who administers.
TEST_F(TermsTest, NobodyTakesMoreAdministrationAwayThanItHolds) {
  stated.state(
      "allow agent:helper agentauth:grants:write\nallow agent:helper agentauth:roles:write\n"
      "allow role:admins agentauth:*");
  const GrantId of_role = stated.last_grant();
  const AgentId helper = stated.agent("agent:helper");
  const GrantId of_agent = grants_of(subject_of(administrator)).at(0).id;
  for (const GrantId id : {of_role, of_agent})
    EXPECT_EQ(revoke(helper, id).error().code, Errc::permission_denied);
  EXPECT_EQ(revoke(helper, "role:admins", "agentauth:*").error().code, Errc::permission_denied);
  // Other permissions anybody may take away who may write grants; its own it may give up.
  stated.state("allow role:admins read");
  EXPECT_TRUE(revoke(helper, stated.last_grant()));
  EXPECT_TRUE(revoke(helper, subject_of(helper), "agentauth:roles:write"));
  EXPECT_TRUE(revoke(administrator, of_role));
}

TEST_F(TermsTest, WhatWouldShutOutEverybodyIsRefused) {
  for (const char* permission : {"*", "agentauth:*", "agentauth:roles:write"})
    EXPECT_EQ(error_of(grant(administrator, "agent:*", permission, with(Effect::deny))),
              Errc::conflict)
        << permission;
  EXPECT_TRUE(grant(administrator, "agent:*", "read", with(Effect::deny)));
  EXPECT_TRUE(grant(administrator, subject, "agentauth:*", with(Effect::deny)));
  EXPECT_TRUE(grant(administrator, "agent:*", "agentauth:*", with(Effect::audit)));
}

TEST_F(TermsTest, ARoleThatIsNotThereIsNotFound) {
  EXPECT_EQ(error_of(grant(administrator, "role:none", "read")), Errc::not_found);
  EXPECT_EQ(revoke(administrator, "group:none", "read").error().code, Errc::not_found);
  EXPECT_EQ(error_of(grant(administrator, subject_of(AgentId{}), "read", on("a:b"))),
            Errc::not_found);
  EXPECT_TRUE(grant(administrator, "user:anybody", "read")) << "needs no registration";
}

TEST_F(TermsTest, AGrantToSomebodyElseThanAnAgentIsThereForTheNextDecision) {
  ASSERT_TRUE(grant(administrator, "user:alice", "read"));
  EXPECT_EQ(stated.answer("user:alice read"), "granted");
  ASSERT_TRUE(grant(administrator, "agent:*", "read", with(Effect::deny)));
  stated.state("allow agent:bot read");
  EXPECT_EQ(stated.answer("agent:bot read"), "denied");
  ASSERT_TRUE(revoke(administrator, "agent:*", "read", {{}, Effect::deny}));
  EXPECT_EQ(stated.answer("agent:bot read"), "granted");
}

// However many were given and used up one after the other.
TEST_F(TermsTest, GrantsThatAreUsedUpAreFoundTogether) {
  Terms once;
  once.max_uses = 1;
  std::vector<GrantId> ids;
  for (int i = 0; i < 20; ++i) {
    once.not_before = Timestamp{Seconds{i + 1}};
    ids.push_back(value_of(grant(administrator, subject, "pay", once)).grant.id);
  }
  const auto used_up =
      value_of(replica.database().write_apart([&](Transaction& tx) -> Result<std::vector<GrantId>> {
        for (std::size_t i = 0; i + 1 < ids.size(); ++i)
          TRY(tx.grants().spend(ids[i], "use " + std::to_string(i), clock.now()));
        return tx.grants().used_up_beside(ids[0]);
      }));
  EXPECT_THAT(used_up, SizeIs(ids.size() - 1));
  EXPECT_THAT(used_up, ::testing::Not(::testing::Contains(ids.back())));
}

}  // namespace
}  // namespace agentauth
