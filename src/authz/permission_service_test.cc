#include "authz/permission_service.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "authz/testing/write_as.h"

namespace agentauth {
namespace {

class PermissionServiceTest : public ::testing::Test {
 protected:
  explicit PermissionServiceTest(const NamesMax& names_max = {})
      : replica(std::chrono::hours{1}, Replica::Agents::with_key, Replica::new_database(),
                names_max) {}

  Result<PermissionService::Granted> grant(AgentId caller, AgentId receiver,
                                           const std::string& permission) {
    const Caller by_key{caller, 0, {}, replica.any_key_of(caller)};
    return testing::write_as(replica, by_key, clock.now(), [&](Transaction& tx, Author& author) {
      Grant wanted;
      wanted.subject = subject_of(receiver);
      wanted.permission = permission;
      return service.grant(tx, author, wanted);
    });
  }
  Result<void> revoke(AgentId holder, const std::string& permission) {
    const Caller by_key{administrator, 0, {}, replica.any_key_of(administrator)};
    return testing::write_as(replica, by_key, clock.now(), [&](Transaction& tx, Author& author) {
      return service.revoke(tx, author, subject_of(holder), permission, {});
    });
  }
  Errc check_error(AgentId id) {
    const Directory::View view(replica.directory());
    return service.check(view, Caller{}, {id, "a", {}}).error().code;
  }
  Reason check(const std::string& permission) {
    const Directory::View view(replica.directory());
    return value_of(service.check(view, Caller{}, {agent, permission, {}})).reason;
  }

  Replica replica;
  ManualClock clock;
  PermissionService service{clock};
  AgentId administrator = replica.add_agent_with({std::string(administrator_permission)});
  AgentId agent = replica.add_agent();
};

TEST_F(PermissionServiceTest, AGrantIsThereForTheNextDecision) {
  const auto granted = grant(administrator, agent, "read_weather");
  ASSERT_TRUE(granted);
  EXPECT_TRUE(granted->created);
  EXPECT_EQ(granted->grant.subject, subject_of(agent));
  EXPECT_EQ(granted->grant.permission, "read_weather");
  EXPECT_EQ(check("read_weather"), Reason::granted);
}

TEST_F(PermissionServiceTest, GrantingTwiceGivesTheFirstGrantAndChangesNothing) {
  const auto first = value_of(grant(administrator, agent, "read_weather"));
  const auto before = replica.revision();
  const auto second = value_of(grant(administrator, agent, "read_weather"));
  EXPECT_FALSE(second.created);
  EXPECT_EQ(second.grant.id, first.grant.id);
  EXPECT_EQ(replica.revision(), before);
}

class FewNamesTest : public PermissionServiceTest {
 protected:
  FewNamesTest() : PermissionServiceTest({.by_keys = 2, .by_grants = 3, .stored = 100}) {}
};

TEST_F(FewNamesTest, ANameThatThereIsNoRoomForIsRefusedAndThoseThatAreKnownAreNot) {
  EXPECT_TRUE(grant(administrator, agent, "read_weather"));
  EXPECT_TRUE(grant(administrator, agent, "read_stock"));
  const auto before = replica.revision();
  const auto refused = grant(administrator, agent, "one:more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(refused.error().message, names_exhausted);
  EXPECT_EQ(replica.revision(), before);
  EXPECT_TRUE(grant(administrator, agent, std::string(administrator_permission)));
  EXPECT_TRUE(replica.directory().is_fresh(std::chrono::steady_clock::now()));
}

// GHSA-7qjx-gp9h-65qj: nobody passes on what it does not hold.
TEST_F(PermissionServiceTest, AnAgentCannotGrantWhatItDoesNotHold) {
  const AgentId grantor =
      replica.add_agent_with({"agentauth:permissions:write", "read_weather", "a:b:*"});
  const auto before = replica.revision();
  for (const char* permission : {"read_stock", "*", "a:*", "a:b", "agentauth:*",
                                 "agentauth:permissions:*", "agentauth:permissions:read"})
    for (const AgentId receiver : {agent, grantor}) {
      const auto granted = grant(grantor, receiver, permission);
      ASSERT_FALSE(granted) << permission;
      EXPECT_EQ(granted.error().code, Errc::permission_denied) << permission;
      EXPECT_EQ(granted.error().message, "Permission denied");
    }
  EXPECT_EQ(replica.revision(), before);
  EXPECT_TRUE(grant(grantor, agent, "read_weather"));
  EXPECT_TRUE(grant(grantor, agent, "a:b:c"));
}

TEST_F(PermissionServiceTest, WhatWasTakenFromTheGrantorCannotBeGrantedAnyMore) {
  const AgentId grantor = replica.add_agent_with({"read_weather"});
  replica.revoke(grantor, "read_weather");
  EXPECT_EQ(grant(grantor, agent, "read_weather").error().code, Errc::permission_denied);
}

// What the directory could not hold must not look granted.
TEST_F(PermissionServiceTest, AnAgentHoldsSoManyPermissionsAndNoMore) {
  replica.execute(
      "INSERT INTO permissions (agent_id, permission) WITH RECURSIVE number(i) AS "
      "(SELECT 2 UNION ALL SELECT i + 1 FROM number WHERE i < 65535) SELECT $1, 'p' || i FROM "
      "number",
      {agent});
  ASSERT_TRUE(grant(administrator, agent, "agentauth:first"));
  EXPECT_EQ(Directory::View(replica.directory()).find_agent(agent)->held().size(),
            AgentRecord::grants_max);
  const auto before = replica.revision();
  EXPECT_EQ(grant(administrator, agent, "agentauth:one:more").error().code, Errc::conflict);
  EXPECT_EQ(replica.revision(), before);
}

// The directory hears of it when all of them are committed.
TEST_F(PermissionServiceTest, GrantsThatAreMadeTogetherStayWithinTheBound) {
  replica.execute(
      "INSERT INTO permissions (agent_id, permission) WITH RECURSIVE number(i) AS "
      "(SELECT 2 UNION ALL SELECT i + 1 FROM number WHERE i < 65535) SELECT $1, 'p' || i FROM "
      "number",
      {agent});
  const Caller by_key{administrator, 0, {}, replica.any_key_of(administrator)};
  const auto make = [&](Transaction& tx, Author& author) -> Result<void> {
    Grant wanted;
    wanted.subject = subject_of(agent);
    wanted.permission = "first";
    TRY(service.grant(tx, author, wanted));
    wanted.permission = "one:more";
    const auto refused = service.grant(tx, author, wanted);
    EXPECT_EQ(refused ? Errc{} : refused.error().code, Errc::conflict);
    wanted.resource = "r:1";  // of another kind, which has room of its own
    TRY(service.grant(tx, author, wanted));
    return {};
  };
  value_of(testing::write_as(replica, by_key, clock.now(), make));
}

TEST_F(PermissionServiceTest, OneCallTakesAwaySoManyGrantsAndIsOneChange) {
  const auto hold = [&](int first, int last) {
    replica.execute(
        "INSERT INTO grants (subject, agent_id, permission, resource, effect) WITH RECURSIVE "
        "number(i) AS (SELECT $2 UNION ALL SELECT i + 1 FROM number WHERE i < $3) "
        "SELECT 'agent:' || $1, $1, 'read', 'r:' || i, 'allow' FROM number",
        {agent, std::int64_t{first}, std::int64_t{last}});
  };
  hold(0, 10'000);
  const auto before = replica.revision();
  EXPECT_EQ(revoke(agent, "read").error().code, Errc::conflict);
  EXPECT_EQ(replica.revision(), before);
  replica.execute("DELETE FROM grants WHERE resource = 'r:0'");
  EXPECT_TRUE(revoke(agent, "read"));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM grants"), 0);
  EXPECT_EQ(replica.revision(), before + 1);
}

TEST_F(PermissionServiceTest, AnAgentThatIsGoneIsNotFound) {
  EXPECT_EQ(grant(administrator, AgentId{}, "read_weather").error().code, Errc::not_found);
  EXPECT_EQ(revoke(AgentId{}, "read_weather").error().code, Errc::not_found);
  EXPECT_EQ(check_error(AgentId{}), Errc::not_found);
}

TEST_F(PermissionServiceTest, TakingAPermissionAwayBitesAtTheNextDecision) {
  replica.grant(agent, "read_weather");
  ASSERT_TRUE(revoke(agent, "read_weather"));
  EXPECT_EQ(check("read_weather"), Reason::not_granted);
}

TEST_F(PermissionServiceTest, TakingAwayWhatIsNotHeldIsNotFoundAndChangesNothing) {
  replica.grant(agent, "a:b");
  const auto before = replica.revision();
  for (const char* permission : {"a", "a:*", "a:b:c", "A:B"})
    EXPECT_EQ(revoke(agent, permission).error().code, Errc::not_found) << permission;
  EXPECT_EQ(replica.revision(), before);
}

TEST_F(PermissionServiceTest, ACheckTellsWhy) {
  EXPECT_EQ(check("read_weather"), Reason::not_granted);
  replica.suspend(agent);
  EXPECT_EQ(check("read_weather"), Reason::agent_suspended);
}

// The asking service's address says nothing of where the agent is.
TEST_F(PermissionServiceTest, ACheckOfSomebodyElseKnowsNoAddress) {
  Caller asking{administrator, 0, {}, replica.any_key_of(administrator)};
  asking.address = *parse_ip_address("10.0.0.5");
  Caller self{agent, 0, {}, replica.any_key_of(agent)};
  self.address = asking.address;
  const auto put = [&](const std::string& permission, Effect effect) {
    Grant wanted;
    wanted.subject = subject_of(agent);
    wanted.permission = permission;
    wanted.effect = effect;
    wanted.when = R"(inNetwork(context.address, "10.0.0.0/8"))";
    if (effect == Effect::deny) wanted.when = "!" + *wanted.when;
    value_of(testing::write_as(replica, asking, clock.now(), [&](Transaction& tx, Author& author) {
      return service.grant(tx, author, wanted);
    }));
  };
  const auto told = [&](const Caller& caller, const std::string& permission) {
    const Directory::View view(replica.directory());
    return value_of(service.check(view, caller, {agent, permission, {}})).reason;
  };
  put("inside", Effect::allow);
  EXPECT_EQ(told(self, "inside"), Reason::granted);
  EXPECT_EQ(told(asking, "inside"), Reason::not_granted);
  value_of(grant(administrator, agent, "kept_in"));
  put("kept_in", Effect::deny);
  EXPECT_EQ(told(self, "kept_in"), Reason::granted);
  EXPECT_EQ(told(asking, "kept_in"), Reason::denied)
      << "who denies takes what it cannot tell as true";
}

TEST_F(PermissionServiceTest, AListHasEachGrantOnce) {
  for (const char* permission : {"c", "a", "b"}) replica.grant(agent, permission);
  const auto grants = value_of(replica.database().read([&](Transaction& tx) {
    return service.list(tx, {agent, {}, {}}, {}, 100);
  }));
  std::vector<std::string> names;
  for (const Grant& grant : grants) names.push_back(grant.permission);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c"}));
}

}  // namespace
}  // namespace agentauth
