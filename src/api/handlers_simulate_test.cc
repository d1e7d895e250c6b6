// Explanations and simulations, as a caller of the API meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/access_fixture.h"

namespace agentauth::api {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::string_literals;

class AccessChangesTest : public AccessFixture {};

TEST_F(AccessChangesTest, AnExplanationShowsValuesToWhoMayReadThem) {
  Terms own;
  own.when = "resource.properties.status == subject.id";
  grant("agent:*", "edit", own);
  const AgentId self = replica.add_agent();
  const AgentId reader = replica.add_agent_with({"agentauth:entities:read"});
  const auto explained = [&](AgentId about, const std::string& token) {
    return ask("/access/v1/explain",
               question(agent(about.to_string()), R"({"name":"edit"})",
                        R"({"type":"record","id":"2"})"),
               token)
        .body;
  };
  const std::string condition = R"(resource.properties.status == subject.id is false)";
  EXPECT_THAT(explained(self, token_of(self)), HasSubstr(condition));
  EXPECT_EQ(explained(self, token_of(self)).find("archived"), std::string::npos);
  EXPECT_THAT(explained(self, gate), HasSubstr("archived"));
  EXPECT_THAT(explained(reader, token_of(reader)), HasSubstr("archived"));
}

// Joining a role would tell what it holds, and a condition what is stored.
TEST_F(AccessChangesTest, WhoMayNotEvaluateSimulatesItsOwnGrantsAlone) {
  const AgentId self = replica.add_agent_with({"read"});
  const std::string subject = subject_of(self);
  const GrantId own = grant(subject, "look");
  const GrantId foreign = grant("user:alice", "look");
  const auto simulated = [&](const std::string& change, const std::string& asked) {
    return ask("/access/v1/simulate",
               R"({"change":)" + change + R"(,"evaluations":[)" + asked + "]}", token_of(self));
  };
  const auto about_self = [&](const std::string& action) {
    return question(agent(self.to_string()), R"({"name":")" + action + "\"}");
  };
  const std::string denied = R"({"decision":false,"reason":"not_granted"})";
  const std::string granted = R"({"decision":true,"reason":"granted"})";
  EXPECT_THAT(
      simulated(R"({"grants":{"remove":[")" + own.to_string() + R"("]}})", about_self("look")).body,
      HasSubstr(R"("before":)" + granted + R"(,"after":)" + denied));
  EXPECT_THAT(simulated(R"({"grants":{"add":[{"subject":")" + subject +
                            R"(","action":"fly","resource":"record:*"}]}})",
                        about_self("fly"))
                  .body,
              HasSubstr(R"("before":)" + denied + R"(,"after":)" + granted));
  const auto leaving = [&](const std::string& role) {
    return simulated(
        R"({"members":{"remove":[{"member":")" + subject + R"(","of":")" + role + R"("}]}})",
        about_self("fly"));
  };
  add_role("role:mine", subject);
  add_role("role:theirs", "user:alice");
  EXPECT_EQ(leaving("role:mine").status, 200);
  EXPECT_EQ(leaving("role:theirs").status, 422);
  EXPECT_THAT(leaving("role:theirs").body, HasSubstr(" is no member of role:theirs"));
  EXPECT_THAT(leaving("role:none").body, HasSubstr(" is no member of role:none"))
      << "no word of which roles there are";
  EXPECT_EQ(simulated("{}", question(alice, read)).status, 403) << "about somebody else";
  for (const std::string& change :
       {R"({"members":{"add":[{"member":")" + subject + R"(","of":"role:any"}]}})",
        R"({"members":{"remove":[{"member":"user:alice","of":"role:any"}]}})"s,
        R"({"grants":{"add":[{"subject":"agent:*","action":"fly"}]}})"s,
        R"({"grants":{"add":[{"subject":")" + subject +
            R"(","action":"fly","when":"resource.properties.status == \"active\""}]}})"})
    EXPECT_EQ(simulated(change, about_self("fly")).status, 403) << change;
  const Answer hidden =
      simulated(R"({"grants":{"remove":[")" + foreign.to_string() + R"("]}})", about_self("look"));
  EXPECT_EQ(hidden.status, 422);
  EXPECT_THAT(hidden.body, HasSubstr("there is no grant"));
}

TEST_F(AccessChangesTest, ASimulatedChangeIsRefusedForWhatARealOneIs) {
  add_role("role:b", "user:alice");
  add_role("role:a", "role:b");
  const auto simulated = [&](const std::string& change, const std::string& items) {
    const Answer answer =
        ask("/access/v1/simulate", R"({"change":)" + change + R"(,"evaluations":[)" + items + "]}",
            gate);
    return std::to_string(answer.status) + " " + answer.body;
  };
  const auto joining = [&](const std::string& members) {
    return simulated(R"({"members":)" + members + "}", question(alice, read));
  };
  const std::string cycle = R"({"member":"role:a","of":"role:b"})";
  for (const std::string& itself : {cycle, R"({"member":"role:b","of":"role:b"})"s})
    EXPECT_THAT(joining(R"({"add":[)" + itself + "]}"),
                AllOf(HasSubstr("422 "), HasSubstr(R"("field":"change.members.add[0]")"),
                      HasSubstr("already: a cycle")));
  EXPECT_THAT(joining(R"({"remove":[{"member":"role:b","of":"role:a"}],"add":[)" + cycle + "]}"),
              HasSubstr("200 "))
      << "two roles may change places";
  EXPECT_THAT(
      joining(R"({"add":[{"member":"user:c","of":"role:a"}],)"
              R"("remove":[{"member":"user:alice","of":"role:a"}]})"),
      AllOf(HasSubstr("422 "), HasSubstr(R"("field":"change.members.remove[0]",)"
                                         R"("message":"user:alice is no member of role:a")")));
  EXPECT_THAT(joining(R"({"add":[{"member":"agent:*","of":"role:a"}]})"),
              AllOf(HasSubstr("422 "), HasSubstr(R"("field":"change.members.add[0]")")));
  const std::string ended =
      R"({"grants":{"add":[{"subject":"user:a","action":"b"},)"
      R"({"subject":"user:a","action":"b","expires_at":"2001-01-01T00:00:00Z"}]}})";
  EXPECT_THAT(simulated(ended, question(alice, read)),
              AllOf(HasSubstr("422 "), HasSubstr(R"("field":"change.grants.add[1].expires_at",)"
                                                 R"("message":"must lie ahead")")));
  EXPECT_THAT(simulated("{}", ""),
              AllOf(HasSubstr("400 "), HasSubstr("evaluations must have at least one item")));
  EXPECT_THAT(ask("/access/v1/simulate", R"({"change":{}})", gate).body,
              HasSubstr("evaluations is required"));
}

TEST_F(AccessChangesTest, AMistakeInASimulatedChangeIsNamedWithItsPlace) {
  const auto simulated = [&](const std::string& change) {
    const Answer answer =
        ask("/access/v1/simulate",
            R"({"change":)" + change + R"(,"evaluations":[)" + question(alice, read) + "]}", gate);
    return std::to_string(answer.status) + " " + answer.body;
  };
  EXPECT_THAT(simulated("{}"), HasSubstr("200 "));
  for (const char* change :
       {R"({"grant":{}})", R"({"grants":{"added":[]}})", R"({"members":{"delete":[]}})"})
    EXPECT_THAT(simulated(change), HasSubstr("400 ")) << change;
  EXPECT_THAT(simulated(R"({"grants":{"added":[]}})"), HasSubstr("change.grants.added"));
  const std::string good = R"({"subject":"user:a","action":"b"})";
  EXPECT_THAT(simulated(R"({"grants":{"add":[)" + good +
                        R"(,{"subject":"user:a","action":"b","when":"1 +"}]}})"),
              HasSubstr(R"("field":"change.grants.add[1].when")"));
  EXPECT_THAT(simulated(R"({"grants":{"add":[{"subject":"user:a","action":"b","until":1}]}})"),
              HasSubstr("change.grants.add[0]: Unknown field: until"));
  EXPECT_THAT(simulated(R"({"members":{"add":[{"member":"user:a"}]}})"),
              HasSubstr(R"("field":"change.members.add[0].of")"));
  EXPECT_THAT(simulated(R"({"grants":{"remove":["0b6f4f5e-8a2f-4c58-9f0e-1d2c3b4a5968"]}})"),
              HasSubstr(R"("field":"change.grants.remove[0]")"));
  EXPECT_THAT(simulated(R"({"members":{"add":[{"member":"user:a","of":"role:none"}]}})"),
              HasSubstr(R"("field":"change.members.add[0]","message":"There is no role:none")"));
  EXPECT_THAT(
      simulated(R"({"grants":{"add":[{"subject":"user:a","action":"b","resource":"c:d*e"}]}})"),
      HasSubstr(R"("field":"change.grants.add[0].resource")"));
  EXPECT_THAT(simulated(R"({"grants":{"remove":["x"]}})"), HasSubstr("change.grants.remove[0]"));
}

}  // namespace
}  // namespace agentauth::api
