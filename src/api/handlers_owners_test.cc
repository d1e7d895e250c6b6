// The kill switch: all agents of an owner, or none of them.
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

class OwnersTest : public ApiFixture {
 protected:
  Answer suspend(const std::string& token) {
    return post("/owners/robots%40example.com/suspend", "", token);
  }
  AgentId add() {
    const AgentId agent = replica.add_agent("Bot", "robots@example.com");
    replica.grant(agent, "read_weather");
    return agent;
  }
  std::string helper = token_with({"agentauth:agents:write"});
};

TEST_F(OwnersTest, AllAgentsOfTheOwnerStopAtTheNextRequestAndNoOther) {
  const std::string fleet[] = {token_of(add()), token_of(add()), token_of(add())};
  const std::string bystander = token_with({"read_weather"});
  const Answer answer = suspend(helper);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, R"({"owner_email":"robots@example.com","agents":3})");
  for (const std::string& token : fleet) EXPECT_EQ(get("/data/weather", token).status, 401);
  EXPECT_EQ(get("/data/weather", bystander).status, 200);
  EXPECT_EQ(post("/owners/robots@example.com/resume", "", helper).status, 200);
  for (const std::string& token : fleet) EXPECT_EQ(get("/data/weather", token).status, 200);
}

TEST_F(OwnersTest, WhoWasSuspendedAloneStaysSoWhenTheOwnerIsResumed) {
  const AgentId alone = add();
  const std::string path = "/agents/" + alone.to_string();
  const std::string fleet[] = {token_of(alone), token_of(add())};
  ASSERT_EQ(post(path + "/suspend", "", helper).status, 200);
  ASSERT_EQ(suspend(helper).status, 200);
  const auto before = everything();
  const Answer refused = post(path + "/resume", "", helper);
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.body.find("The owner robots@example.com is suspended"), std::string::npos);
  const std::string late = R"({"agent_name":"Late","owner_email":"robots@example.com"})";
  EXPECT_EQ(post("/agents/register", late).status, 409);
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(post("/owners/robots@example.com/resume", "", helper).body,
            R"({"owner_email":"robots@example.com","agents":1})");
  EXPECT_EQ(get("/data/weather", fleet[0]).status, 401);
  EXPECT_EQ(get("/data/weather", fleet[1]).status, 200);
  EXPECT_EQ(post("/owners/robots@example.com/resume", "", helper).body,
            R"({"owner_email":"robots@example.com","agents":0})");
  EXPECT_EQ(post("/agents/register", late).status, 201);
}

TEST_F(OwnersTest, OneThatTheCallerMayNotManageMakesItNone) {
  const std::string bot = token_of(add());
  replica.grant(add(), "agentauth:keys:write");
  const auto before = everything();
  const Answer refused = suspend(helper);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(get("/data/weather", bot).status, 200);
  EXPECT_EQ(suspend(token_with({"agentauth:*"})).status, 200);
}

TEST_F(OwnersTest, WhatAnAgentHoldsIsDecidedByWhatIsCommittedWhoeverKnowsOfIt) {
  const AgentId bot = add();
  replica.grant_elsewhere(bot, "agentauth:keys:write");
  const auto before = everything();
  EXPECT_EQ(suspend(helper).status, 403);
  EXPECT_EQ(everything(), before);
  replica.elsewhere(
      bot, [&](Transaction& tx) { return tx.permissions().erase(bot, "agentauth:keys:write"); });
  EXPECT_EQ(suspend(helper).status, 200);
}

TEST_F(OwnersTest, AnAgentThatWasJustRegisteredElsewhereIsSuspendedToo) {
  add();
  AgentId late{};
  value_of(replica.database().migrate([&](Transaction& tx) -> Result<Revision> {
    late = TRY(tx.agents().insert("Bot", "robots@example.com")).agent_id;
    return tx.changes().append(ChangeKind::agent, late);
  }));
  EXPECT_EQ(suspend(helper).body, R"({"owner_email":"robots@example.com","agents":2})");
  EXPECT_EQ(get("/data/weather", token_of(late)).status, 401);
}

TEST_F(OwnersTest, ACallerSuspendsItsOwnOwner) {
  const AgentId own = replica.add_agent("Helper", "robots@example.com");
  replica.grant(own, "agentauth:agents:write");
  const std::string token = token_of(own);
  EXPECT_EQ(suspend(token).status, 200);
  EXPECT_EQ(suspend(token).status, 401);
}

TEST_F(OwnersTest, AnOwnerIsTheSameInWhateverCaseOfLetters) {
  const AgentId bot = replica.add_agent("Bot", "Robots@Example.COM");
  const std::string token = token_of(bot);
  add();
  EXPECT_EQ(suspend(helper).body, R"({"owner_email":"robots@example.com","agents":2})");
  EXPECT_EQ(get("/agents/me", token).status, 401);
  EXPECT_EQ(post("/owners/ROBOTS%40EXAMPLE.com/resume", "", helper).status, 200);
  EXPECT_EQ(get("/agents/me", token).status, 200);
}

TEST_F(OwnersTest, AnOwnerThatNobodyHasIsNotFound) {
  const auto before = everything();
  EXPECT_EQ(suspend(helper).status, 404);
  EXPECT_EQ(everything(), before);
}

TEST_F(OwnersTest, EachAgentHasItsRowInTheChangeLogSoThatEveryNodeFollows) {
  for (int i = 0; i < 5; ++i) add();
  const AgentId late = add();
  const Revision before = replica.revision();
  ASSERT_EQ(suspend(helper).status, 200);
  EXPECT_EQ(replica.revision(), before + 6);
  EXPECT_EQ(replica.number("SELECT MAX(revision) FROM change_log"), before + 6);
  EXPECT_EQ(replica.number("SELECT COUNT(DISTINCT agent_id) FROM change_log WHERE kind = 'status'"),
            6);
  // What is changed next goes on from there.
  replica.grant(late, "read_stock");
  EXPECT_EQ(replica.revision(), before + 7);
}

}  // namespace
}  // namespace agentauth::api
