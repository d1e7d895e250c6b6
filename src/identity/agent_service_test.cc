#include "identity/agent_service.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "directory/testing/replica.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;

class AgentServiceTest : public testing::Test {
 protected:
  template <class F>
  auto write(F work) {
    return replica.database().write(work);
  }
  Agent create(const std::string& name = "WeatherBot",
               const std::string& owner = "ops@example.com") {
    return value_of(write([&](Transaction& tx) {
      return service.register_agent(tx, {name, owner});
    }));
  }
  Agent find(AgentId id) {
    return value_of(
        replica.database().read([&](Transaction& tx) { return service.find(tx, {id}); }));
  }
  std::vector<std::string> list(const ListAgents& filter) {
    std::vector<std::string> names;
    for (const Agent& agent : value_of(replica.database().read(
             [&](Transaction& tx) { return service.list(tx, filter, {}, 100); })))
      names.push_back(agent.agent_name);
    return names;
  }
  std::optional<AgentRecord> record(AgentId id) {
    const Directory::View view(replica.directory());
    const AgentRecord* found = view.find_agent(id);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }

  Replica replica;
  ManualClock clock;
  AgentService service{clock};
};

TEST_F(AgentServiceTest, ANewAgentIsActiveAndHoldsNothing) {
  const Agent agent = create();
  EXPECT_EQ(agent.status, AgentStatus::active);
  EXPECT_TRUE(agent.labels.empty());
  ASSERT_TRUE(record(agent.agent_id));
  EXPECT_TRUE(record(agent.agent_id)->held().empty());
}

TEST_F(AgentServiceTest, TheNameIsNotTheIdentity) {
  EXPECT_NE(create("Bot").agent_id, create("Bot").agent_id);
}

TEST_F(AgentServiceTest, SuspendingAndResumingBiteAtOnce) {
  const AgentId id = create().agent_id;
  EXPECT_EQ(value_of(write([&](Transaction& tx) { return service.suspend(tx, {id}); })).status,
            AgentStatus::suspended);
  EXPECT_EQ(record(id)->status, AgentStatus::suspended);
  EXPECT_EQ(value_of(write([&](Transaction& tx) { return service.resume(tx, {id}); })).status,
            AgentStatus::active);
  EXPECT_EQ(record(id)->status, AgentStatus::active);
}

TEST_F(AgentServiceTest, RevokingTokensStartsANewGenerationAndChangesNothingElse) {
  const Agent before = create();
  const std::uint32_t first = record(before.agent_id)->token_generation;
  for (std::uint32_t times = 1; times <= 2; ++times) {
    ASSERT_TRUE(
        write([&](Transaction& tx) { return service.revoke_tokens(tx, {before.agent_id}); }));
    EXPECT_EQ(record(before.agent_id)->token_generation, first + times);
  }
  EXPECT_EQ(find(before.agent_id).status, AgentStatus::active);
  EXPECT_EQ(find(before.agent_id).updated_at, before.updated_at);
}

TEST_F(AgentServiceTest, AnUpdateLeavesWhatItDoesNotName) {
  const AgentId id = create().agent_id;
  clock.advance(1h);
  const Agent renamed = value_of(write([&](Transaction& tx) {
    return service.update(tx, {id, "StockBot", {}, {}});
  }));
  EXPECT_EQ(renamed.agent_name, "StockBot");
  EXPECT_EQ(renamed.owner_email, "ops@example.com");
  EXPECT_EQ(renamed.updated_at, clock.now());
  const Agent labelled = value_of(write([&](Transaction& tx) {
    return service.update(tx, {id, {}, {}, Labels{{"team", "weather"}}});
  }));
  EXPECT_EQ(labelled.agent_name, "StockBot");
  EXPECT_EQ(find(id).labels, (Labels{{"team", "weather"}}));
}

TEST_F(AgentServiceTest, DeletingTakesKeysAndPermissionsAlong) {
  const AgentId id = create().agent_id;
  replica.grant(id, "read_weather");
  replica.add_key(id, "AAAAAAAAAAA1");
  ASSERT_TRUE(write([&](Transaction& tx) { return service.erase(tx, {id}); }));
  EXPECT_FALSE(record(id));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys"), 0);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM permissions"), 0);
}

TEST_F(AgentServiceTest, WhatIsNotThereIsNotFoundAndNothingIsLogged) {
  const auto before = replica.revision();
  const AgentId nobody{};
  EXPECT_EQ(write([&](Transaction& tx) { return service.find(tx, {nobody}); }).error().code,
            Errc::not_found);
  EXPECT_EQ(write([&](Transaction& tx) { return service.suspend(tx, {nobody}); }).error().code,
            Errc::not_found);
  EXPECT_EQ(write([&](Transaction& tx) { return service.resume(tx, {nobody}); }).error().code,
            Errc::not_found);
  EXPECT_EQ(
      write([&](Transaction& tx) { return service.revoke_tokens(tx, {nobody}); }).error().code,
      Errc::not_found);
  EXPECT_EQ(write([&](Transaction& tx) { return service.erase(tx, {nobody}); }).error().code,
            Errc::not_found);
  EXPECT_EQ(write([&](Transaction& tx) {
              return service.update(tx, {nobody, "Bot", {}, {}});
            })
                .error()
                .code,
            Errc::not_found);
  EXPECT_EQ(replica.revision(), before);
}

TEST_F(AgentServiceTest, EveryChangeIsInTheLog) {
  const auto before = replica.revision();
  const AgentId id = create().agent_id;
  value_of(write([&](Transaction& tx) { return service.suspend(tx, {id}); }));
  value_of(write([&](Transaction& tx) { return service.update(tx, {id, "Bot", {}, {}}); }));
  value_of(write([&](Transaction& tx) { return service.erase(tx, {id}); }));
  EXPECT_EQ(replica.revision(), before + 4);
}

TEST_F(AgentServiceTest, ResumingAnOwnerBringsBackWhomItsSuspensionStopped) {
  const AgentId alone = create().agent_id;
  const AgentId other = create("Bot", "OPS@example.com").agent_id;
  const AgentId bystander = create("Bot", "dev@example.com").agent_id;
  const auto is_active = [&](AgentId id) { return record(id)->status == AgentStatus::active; };
  value_of(write([&](Transaction& tx) { return service.suspend(tx, {alone}); }));
  const auto suspend = [&](Transaction& tx) {
    return service.suspend_owner(tx, "ops@example.com");
  };
  const auto resume = [&](Transaction& tx) { return service.resume_owner(tx, "Ops@example.com"); };
  EXPECT_EQ(value_of(write(suspend)).size(), 2U);
  EXPECT_FALSE(is_active(alone));
  EXPECT_FALSE(is_active(other));
  EXPECT_TRUE(is_active(bystander));
  EXPECT_EQ(value_of(write(resume)), std::vector{other});
  EXPECT_FALSE(is_active(alone));
  EXPECT_TRUE(is_active(other));
  EXPECT_TRUE(value_of(write(resume)).empty());
  value_of(write([&](Transaction& tx) { return service.resume(tx, {alone}); }));
  EXPECT_TRUE(is_active(alone));
}

TEST_F(AgentServiceTest, WhoIsSuspendedAloneUnderASuspendedOwnerStaysSo) {
  const AgentId agent = create().agent_id;
  const auto suspend = [&](Transaction& tx) {
    return service.suspend_owner(tx, "ops@example.com");
  };
  const auto resume = [&](Transaction& tx) { return service.resume_owner(tx, "ops@example.com"); };
  value_of(write(suspend));
  value_of(write([&](Transaction& tx) { return service.suspend(tx, {agent}); }));
  value_of(write(suspend));
  EXPECT_TRUE(value_of(write(resume)).empty());
  EXPECT_EQ(record(agent)->status, AgentStatus::suspended);
}

TEST_F(AgentServiceTest, ASuspendedOwnerGetsNoAgentAndLosesNone) {
  const AgentId agent = create().agent_id;
  const AgentId other = create("Bot", "dev@example.com").agent_id;
  value_of(write([&](Transaction& tx) { return service.suspend_owner(tx, "ops@example.com"); }));
  const auto before = replica.revision();
  const auto move = [&](AgentId id, const std::string& owner) {
    return write([&](Transaction& tx) {
      return service.update(tx,
                            {.agent_id = id, .agent_name = {}, .owner_email = owner, .labels = {}});
    });
  };
  const auto refused = write([&](Transaction& tx) {
    return service.register_agent(tx, {"Late", "Ops@example.com"});
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(refused.error().message, "The owner Ops@example.com is suspended");
  EXPECT_EQ(move(other, "ops@EXAMPLE.com").error().code, Errc::conflict);
  EXPECT_EQ(move(agent, "dev@example.com").error().code, Errc::conflict);
  EXPECT_EQ(write([&](Transaction& tx) { return service.resume(tx, {agent}); }).error().code,
            Errc::conflict);
  EXPECT_EQ(replica.revision(), before);
  EXPECT_TRUE(move(agent, "OPS@example.com")) << "the same owner";
  EXPECT_TRUE(move(other, "others@example.com"));
  value_of(write([&](Transaction& tx) { return service.resume_owner(tx, "ops@example.com"); }));
  EXPECT_TRUE(move(agent, "dev@example.com"));
  EXPECT_EQ(create("Late").status, AgentStatus::active);
}

TEST_F(AgentServiceTest, AListFiltersByNameOwnerAndStatus) {
  create("A", "one@example.com");
  const AgentId b = create("B", "two@example.com").agent_id;
  create("C", "two@example.com");
  value_of(write([&](Transaction& tx) { return service.suspend(tx, {b}); }));
  using Names = std::vector<std::string>;
  EXPECT_EQ(list({}).size(), 3U);
  EXPECT_EQ(list({.name = "A", .owner = {}, .status = {}, .limit = {}, .cursor = {}}), Names{"A"});
  EXPECT_EQ(list({.name = {}, .owner = "two@example.com", .status = {}, .limit = {}, .cursor = {}})
                .size(),
            2U);
  EXPECT_EQ(list({.name = {},
                  .owner = "two@example.com",
                  .status = AgentStatus::active,
                  .limit = {},
                  .cursor = {}}),
            Names{"C"});
  EXPECT_EQ(
      list({.name = "B", .owner = {}, .status = AgentStatus::suspended, .limit = {}, .cursor = {}}),
      Names{"B"});
  EXPECT_TRUE(
      list({.name = "A' OR '1'='1", .owner = {}, .status = {}, .limit = {}, .cursor = {}}).empty());
}

TEST_F(AgentServiceTest, PagesFollowEachOtherWithoutGapsOrRepeats) {
  for (int i = 0; i < 7; ++i) create("Bot" + std::to_string(i));
  std::vector<std::string> seen;
  PageStart after;
  for (;;) {
    const auto page = value_of(
        replica.database().read([&](Transaction& tx) { return service.list(tx, {}, after, 3); }));
    if (page.empty()) break;
    for (const Agent& agent : page) seen.push_back(agent.agent_name);
    after = {page.back().created_at, page.back().agent_id.uuid};
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen,
            (std::vector<std::string>{"Bot0", "Bot1", "Bot2", "Bot3", "Bot4", "Bot5", "Bot6"}));
}

struct Registration {
  std::string body;
  bool valid;
};

TEST(RegisterAgentTest, NamesAndAddressesHaveBounds) {
  const std::string at = "\",\"owner_email\":\"ops@example.com\"}";
  const std::string name = "{\"agent_name\":\"Bot\",\"owner_email\":\"";
  const Registration cases[] = {
      {"{\"agent_name\":\"Bot" + at, true},
      {"{\"agent_name\":\"" + at, false},
      {"{\"agent_name\":\"" + std::string(128, 'n') + at, true},
      {"{\"agent_name\":\"" + std::string(129, 'n') + at, false},
      {"{\"agent_name\":\"B\\u0000t" + at, false},
      {"{\"agent_name\":\"B\\nt" + at, false},
      {"{\"agent_name\":null,\"owner_email\":\"ops@example.com\"}", false},
      {"{\"agent_name\":7,\"owner_email\":\"ops@example.com\"}", false},
      {"{\"agent_name\":\"Bot\"}", false},
      {name + "a@b\"}", true},
      {name + "not an address\"}", false},
      {name + "a@b@c\"}", false},
      {name + "@example.com\"}", false},
      {name + "ops@\"}", false},
      {name + "a@b\\r\\nBcc: c@d\"}", false},
      {name + std::string(64, 'a') + "@" + std::string(189, 'b') + "\"}", true},
      {name + std::string(64, 'a') + "@" + std::string(190, 'b') + "\"}", false},
      {"{\"agent_name\":\"Bot\",\"owner_email\":\"a@b\",\"status\":\"active\"}", false},
  };
  for (const Registration& row : cases)
    EXPECT_EQ(decode<RegisterAgent>({{}, {}, row.body}).has_value(), row.valid) << row.body;
}

}  // namespace
}  // namespace agentauth
