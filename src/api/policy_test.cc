// GET and PUT /policy, through the dispatcher.
#include <gmock/gmock.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;
using ::testing::HasSubstr;

class PolicyTest : public ApiFixture {
 protected:
  Answer put(const std::string& body, const std::string& query = "") {
    return call({.method = Method::put, .target = "/policy" + query, .body = body, .token = token});
  }

  std::string token = token_with({"agentauth:*"});
};

constexpr const char* one_role =
    R"({"roles":[{"name":"reader","permissions":["read_weather"],"members":["user:alice"]}]})";

TEST_F(PolicyTest, ADocumentIsAppliedAndReadBack) {
  const Answer answer = put(one_role);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"added":["role:reader","role:reader: allow read_weather",)"
            R"("role:reader: member user:alice"],"removed":[],"changed":[],"applied":true})");
  EXPECT_FALSE(answer.header("X-AgentAuth-Revision").empty());
  const Answer read = get("/policy", token);
  EXPECT_EQ(read.status, 200);
  EXPECT_THAT(read.body, HasSubstr(R"({"roles":[{"name":"reader","permissions":["read_weather"],)"
                                   R"("members":["user:alice"]}],"groups":[],"grants":[)"));
  EXPECT_THAT(put(read.body).body, HasSubstr(R"({"added":[],"removed":[],"changed":[],)"));
}

TEST_F(PolicyTest, ADryRunTellsTheSameAndChangesNothing) {
  const auto before = everything();
  const Answer answer = put(one_role, "?dry_run=true");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("role:reader: member user:alice"],"removed":[])"));
  EXPECT_THAT(answer.body, HasSubstr(R"("applied":false)"));
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(put(R"({"grants":[]})", "?dry_run=true").status, 409);
}

// Each line is in the history of what it is about, and the call itself comes last.
TEST_F(PolicyTest, EachChangedLineIsOnRecordAndADryRunIsNot) {
  const AgentId bot = replica.add_agent();
  const std::string with_grant =
      std::string(one_role).substr(0, std::string_view(one_role).size() - 1) +
      R"(,"grants":[{"subject":")" + subject_of(bot) + R"(","action":"read_stock"}],)" +
      R"("entities":[{"type":"record","id":"1","properties":{}}]})";
  put(with_grant, "?dry_run=true&keep=true");
  put(with_grant, "?keep=true");
  const auto told = [](const AuditEvent& event) {
    return std::string(to_string(event.action)) + " " + std::string(event.target_id.view()) + " " +
           std::string(event.detail.view());
  };
  auto events = audit_events(6);
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(told(events[0]), "role.put role:reader ");
  EXPECT_EQ(told(events[1]), "permission.grant read_stock " + subject_of(bot));
  EXPECT_EQ(events[1].target_agent_id, bot);
  EXPECT_EQ(told(events[2]), "permission.grant read_weather role:reader");
  EXPECT_EQ(told(events[3]), "entity.put record:1 ");
  EXPECT_EQ(told(events[4]), "member.add role:reader user:alice");
  EXPECT_EQ(told(events[5]), "policy.apply  ");
  for (const AuditEvent& event : events) {
    EXPECT_EQ(event.outcome, AuditOutcome::success);
    EXPECT_EQ(event.request_id.view(), events[5].request_id.view());
  }
  put(R"({"roles":[],"entities":[]})");
  events = audit_events(6 + 5);
  ASSERT_EQ(events.size(), 11U);
  EXPECT_EQ(told(events[6]), "member.remove role:reader user:alice");
  EXPECT_EQ(told(events[7]), "entity.delete record:1 ");
  EXPECT_EQ(told(events[8]), "permission.revoke read_weather role:reader");
  EXPECT_EQ(told(events[9]), "role.delete role:reader ");
}

TEST_F(PolicyTest, WhatIsRemovedIsCountedOnlyForWhoMayNotReadIt) {
  put(R"({"entities":[{"type":"record","id":"1","properties":{"salary":9000}},)"
      R"({"type":"record","id":"2","properties":{}}]})");
  put(one_role);
  const std::string reader = token_with({"agentauth:policy:write", "agentauth:policy:read"});
  const std::string none = R"({"entities":[]})";
  token = reader;
  EXPECT_THAT(put(none, "?dry_run=true").body, HasSubstr("salary"));
  token = token_with({"agentauth:policy:write"});
  EXPECT_THAT(put(none, "?dry_run=true").body,
              HasSubstr(R"("removed":["2 lines, which agentauth:policy:read shows"])"));
  const Answer refused = put(R"({"roles":[]})", "?dry_run=true");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr(R"("field":"what is not listed")"));
  EXPECT_EQ(refused.body.find("alice"), std::string::npos);
  EXPECT_THAT(put(none).body, HasSubstr(R"("removed":["2 lines, which)"));
}

TEST_F(PolicyTest, WhileOneIsAppliedAnotherIsToldToTryAgain) {
  services.is_applying = true;
  for (const char* const query : {"", "?dry_run=true"}) {
    const Answer busy = put(one_role, query);
    EXPECT_EQ(busy.status, 503);
    EXPECT_FALSE(busy.header("Retry-After").empty());
  }
  services.is_applying = false;
  EXPECT_EQ(put(one_role).status, 200);
  EXPECT_FALSE(services.is_applying);
  EXPECT_EQ(put("{}{").status, 400);
  EXPECT_FALSE(services.is_applying);
}

TEST_F(PolicyTest, AWrongDocumentNamesItsPlaces) {
  const Answer answer =
      put(R"({"roles":[{"name":"a","permissions":[{"permission":"x","when":"1 +"}]}]})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(answer.body, HasSubstr(R"("field":"roles[0].permissions[0].when")"));
  EXPECT_EQ(put(R"({"rules":[]})").status, 400);
  EXPECT_EQ(put("{").status, 400);
  EXPECT_EQ(put(R"({"roles":"all"})").status, 422);
}

TEST_F(PolicyTest, MoreThanTheCallerHoldsIsDeniedWithItsPlace) {
  token = token_with({"agentauth:policy:write"});
  const Answer answer = put(one_role);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.text("detail"), "Permission denied");
  EXPECT_THAT(answer.body, HasSubstr(R"("field":"roles[0].permissions[0]")"));
}

}  // namespace
}  // namespace agentauth::api
