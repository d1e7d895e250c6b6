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

TEST_F(PolicyTest, AnApplyIsOneEventAndADryRunIsNone) {
  put(one_role, "?dry_run=true");
  put(one_role);
  const auto events = audit_events(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].action, AuditAction::policy_apply);
  EXPECT_EQ(events[0].outcome, AuditOutcome::success);
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
