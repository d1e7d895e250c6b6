// What the API leaves on record: who, with which key, from where, what, on what, and what came of
// it.
#include <gmock/gmock.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class AuditTrailTest : public ApiFixture {
 protected:
  Answer call_as_administrator(Method method, const std::string& where,
                               const std::string& body = "") {
    return call({.method = method, .target = where, .body = body, .token = token});
  }
  // The last of that many.
  AuditEvent event(std::size_t number) {
    const auto events = audit_events(number);
    EXPECT_EQ(events.size(), number);
    return events.empty() ? AuditEvent{} : events.back();
  }
  void expect_change(const AuditEvent& event, AuditAction action, AuditTargetType type,
                     const std::string& id) {
    EXPECT_EQ(to_string(event.action), to_string(action));
    EXPECT_EQ(event.outcome, AuditOutcome::success);
    EXPECT_EQ(event.reason, AuditReason::none);
    EXPECT_EQ(event.agent_id, administrator);
    EXPECT_EQ(event.client_address.view(), "192.0.2.7");
    EXPECT_EQ(event.target_type, type);
    EXPECT_EQ(event.target_id.view(), id);
    EXPECT_EQ(event.target_agent_id, target);
    EXPECT_EQ(event.node.view(), "test/1");
    EXPECT_FALSE(event.request_id.empty());
    EXPECT_EQ(event.at, clock.now());
  }

  AgentId administrator = replica.add_agent_with({"agentauth:*"});
  AgentId target = replica.add_agent("Target");
  std::string token = token_of(administrator);
  std::string path = "/agents/" + target.to_string();
};

// Or it would stand in the history of its subject for ever.
TEST_F(AuditTrailTest, AGrantThatAnotherTakesThePlaceOfIsRevokedOnRecord) {
  const std::string where = "/grants/6f1d3c52-8d0a-4c39-9a53-0e4a8f6b2d71";
  const std::string deny =
      R"({"subject":")" + subject_of(target) + R"(","action":"pay","effect":"deny"})";
  EXPECT_EQ(call_as_administrator(Method::put, where, deny).status, 201);
  const std::string other = R"({"subject":"user:alice","action":"read"})";
  EXPECT_EQ(call_as_administrator(Method::put, where, other).status, 200);
  const auto events = audit_events(3);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].action, AuditAction::permission_revoke);
  EXPECT_EQ(events[1].target_id.view(), "pay");
  EXPECT_EQ(events[1].target_agent_id, target);
  EXPECT_EQ(events[2].action, AuditAction::permission_grant);
  EXPECT_EQ(events[2].target_id.view(), "read");
  EXPECT_EQ(events[1].request_id.view(), events[2].request_id.view());
}

TEST_F(AuditTrailTest, EveryChangeIsOnRecord) {
  const std::string id = target.to_string();
  const auto agent = AuditTargetType::agent;
  EXPECT_EQ(call_as_administrator(Method::patch, path, R"({"agent_name":"Other"})").status, 200);
  expect_change(event(1), AuditAction::agent_update, agent, id);
  EXPECT_EQ(call_as_administrator(Method::post, path + "/suspend").status, 200);
  expect_change(event(2), AuditAction::agent_suspend, agent, id);
  EXPECT_EQ(call_as_administrator(Method::post, path + "/resume").status, 200);
  expect_change(event(3), AuditAction::agent_resume, agent, id);

  const std::string grant = R"({"permission":"read_weather"})";
  EXPECT_EQ(call_as_administrator(Method::post, path + "/permissions", grant).status, 201);
  expect_change(event(4), AuditAction::permission_grant, AuditTargetType::permission,
                "read_weather");
  EXPECT_EQ(call_as_administrator(Method::delete_, path + "/permissions/read_weather").status, 204);
  expect_change(event(5), AuditAction::permission_revoke, AuditTargetType::permission,
                "read_weather");

  const Answer key = call_as_administrator(Method::post, path + "/keys", "{}");
  ASSERT_EQ(key.status, 201) << key.body;
  expect_change(event(6), AuditAction::key_create, AuditTargetType::key, key.text("key_id"));
  EXPECT_EQ(event(6).detail.view(), key.text("kid"));
  EXPECT_EQ(call_as_administrator(Method::delete_, path + "/keys/" + key.text("key_id")).status,
            204);
  expect_change(event(7), AuditAction::key_revoke, AuditTargetType::key, key.text("key_id"));

  EXPECT_EQ(call_as_administrator(Method::post, path + "/revoke-tokens").status, 204);
  expect_change(event(8), AuditAction::agent_revoke_tokens, agent, id);

  EXPECT_EQ(call_as_administrator(Method::delete_, path).status, 204);
  expect_change(event(9), AuditAction::agent_delete, agent, id);
}

TEST_F(AuditTrailTest, ALogoutIsOnRecord) {
  const AgentId agent = replica.add_agent();
  const Answer login = post("/auth/login", R"({"api_key":")" + key_of(agent) + "\"}");
  ASSERT_EQ(login.status, 200);
  const std::string own = login.text("access_token");
  ASSERT_EQ(post("/auth/logout", "", own).status, 204);
  const AuditEvent ended = event(2);
  EXPECT_EQ(ended.action, AuditAction::logout);
  EXPECT_EQ(ended.outcome, AuditOutcome::success);
  EXPECT_EQ(ended.agent_id, agent);
  EXPECT_EQ(post("/auth/logout", "", own).status, 401) << "it has ended";
}

TEST_F(AuditTrailTest, ARegistrationNamesTheNewAgentAndItsKey) {
  const Answer answer =
      post("/agents/register", R"({"agent_name":"Bot","owner_email":"ops@example.com"})");
  ASSERT_EQ(answer.status, 201);
  const AuditEvent created = event(1);
  EXPECT_EQ(created.action, AuditAction::agent_create);
  EXPECT_EQ(created.agent_id, std::nullopt) << "nobody that is known";
  EXPECT_EQ(created.target_id.view(), answer.text("agent_id"));
  EXPECT_EQ(created.detail.view(), answer.text("api_key").substr(3, key_kid_length));
}

TEST_F(AuditTrailTest, ALoginIsOnRecordBeforeItIsAnswered) {
  const std::string key = key_of(target);
  const std::string body = R"({"api_key":")" + key + R"("})";
  for (std::size_t number = 1; number <= 2; ++number) {  // computed, then from memory
    ASSERT_EQ(post("/auth/login", body).status, 200);
    const auto events = audit_events(0);
    ASSERT_EQ(events.size(), number);
    EXPECT_EQ(events.back().action, AuditAction::login);
    EXPECT_EQ(events.back().outcome, AuditOutcome::success);
    EXPECT_EQ(events.back().agent_id, target);
    EXPECT_EQ(events.back().kid.view(), key.substr(3, key_kid_length));
  }
}

TEST_F(AuditTrailTest, AFailedLoginNamesTheKeyThatItClaimsToBe) {
  std::string key = key_of(target);
  replica.suspend(target);
  EXPECT_EQ(post("/auth/login", R"({"api_key":")" + key + R"("})").status, 401);
  AuditEvent failed = event(1);
  EXPECT_EQ(failed.outcome, AuditOutcome::failure);
  EXPECT_EQ(failed.reason, AuditReason::agent_suspended);
  EXPECT_EQ(failed.agent_id, target);
  EXPECT_EQ(failed.kid.view(), key.substr(3, key_kid_length));

  EXPECT_EQ(post("/auth/login", R"({"api_key":"my password"})").status, 401);
  failed = event(2);
  EXPECT_EQ(failed.reason, AuditReason::key_malformed);
  EXPECT_EQ(failed.agent_id, std::nullopt);
  EXPECT_TRUE(failed.kid.empty());
}

TEST_F(AuditTrailTest, ARefreshTokenThatIsSpentAgainIsOnRecordWithTheEndOfItsLogin) {
  const auto refresh = [&](const std::string& spent) {
    return post("/auth/refresh", R"({"refresh_token":")" + spent + R"("})");
  };
  const std::string key = key_of(target);
  const Answer login = post("/auth/login", R"({"api_key":")" + key + R"("})");
  const std::string first = login.text("refresh_token");
  ASSERT_EQ(refresh(first).status, 200);
  clock.advance(std::chrono::seconds{11});
  replica.execute("CREATE TABLE kept AS SELECT * FROM audit_head");
  replica.execute("DELETE FROM audit_head");
  const auto before = everything();
  EXPECT_EQ(refresh(first).status, 503) << "without its record nothing happens";
  EXPECT_EQ(everything(), before);
  replica.execute("INSERT INTO audit_head SELECT * FROM kept");
  const Answer replayed = refresh(first);
  EXPECT_EQ(replayed.status, 401);
  EXPECT_EQ(replayed.text("detail"), "The refresh token is not valid");
  write_queue.stop();
  const auto events = audit_events(0);
  ASSERT_EQ(events.size(), 3U) << "once, and not as one more refusal";
  EXPECT_EQ(events[2].action, AuditAction::login_refresh);
  EXPECT_EQ(events[2].outcome, AuditOutcome::failure);
  EXPECT_EQ(events[2].reason, AuditReason::refresh_replayed);
  EXPECT_EQ(events[2].agent_id, target);
  EXPECT_EQ(events[2].kid.view(), key.substr(3, key_kid_length));
  EXPECT_EQ(events[2].request_id.view(), replayed.header("X-Request-ID"));
  EXPECT_THAT(get("/metrics").body, HasSubstr("\nagentauth_refresh_replays_total 1\n"));
}

TEST_F(AuditTrailTest, ARefusedChangeLeavesADenialAndNoChange) {
  const AgentId stranger = replica.add_agent("Stranger");
  const auto before = everything();
  const Answer answer = post(path + "/suspend", "", token_of(stranger));
  ASSERT_EQ(answer.status, 403);
  EXPECT_EQ(everything(), before);
  const AuditEvent denied = event(1);
  EXPECT_EQ(denied.action, AuditAction::agent_suspend);
  EXPECT_EQ(denied.outcome, AuditOutcome::denied);
  EXPECT_EQ(denied.reason, AuditReason::permission_denied);
  EXPECT_EQ(denied.agent_id, stranger);
  EXPECT_EQ(denied.target_agent_id, target);
  EXPECT_EQ(denied.detail.view(), "agentauth:agents:write");
  EXPECT_EQ(denied.request_id.view(), answer.header("X-Request-ID"));
}

TEST_F(AuditTrailTest, ADeniedReadAndATokenThatDoesNotWorkAreOnRecord) {
  EXPECT_EQ(get("/data/weather", token_of(target)).status, 403);
  EXPECT_EQ(event(1).action, AuditAction::request);
  EXPECT_EQ(event(1).operation.view(), "getWeather");
  EXPECT_EQ(event(1).outcome, AuditOutcome::denied);
  EXPECT_EQ(get("/data/weather", "no.such.token").status, 401);
  EXPECT_EQ(event(2).outcome, AuditOutcome::failure);
  EXPECT_EQ(event(2).reason, AuditReason::invalid_token);
  EXPECT_EQ(event(2).agent_id, std::nullopt);
  replica.suspend(target);
  EXPECT_EQ(get("/data/weather", token_of(target)).status, 401);
  EXPECT_EQ(event(3).agent_id, target);
}

TEST_F(AuditTrailTest, WhatSucceedsAndChangesNothingIsNot) {
  EXPECT_EQ(get("/agents", token).status, 200);
  EXPECT_EQ(get("/data/weather").status, 401) << "no credentials were sent";
  EXPECT_EQ(get("/nowhere", token).status, 404);
  EXPECT_EQ(post(path + "/permissions", "{}", token).status, 422);
  EXPECT_EQ(call_as_administrator(Method::delete_, "/agents/" + AgentId{}.to_string()).status, 404);
  write_queue.stop();
  EXPECT_THAT(audit_events(0), IsEmpty());
}

TEST_F(AuditTrailTest, WithoutItsRecordNothingHappens) {
  const std::string body = R"({"api_key":")" + key_of(target) + R"("})";
  ASSERT_EQ(post("/auth/login", body).status, 200);
  replica.execute("DELETE FROM audit_head");
  const auto before = everything();
  EXPECT_EQ(post(path + "/suspend", "", token).status, 503);
  EXPECT_EQ(post(path + "/keys", "{}", token).status, 503);
  EXPECT_EQ(post("/agents/register", R"({"agent_name":"B","owner_email":"o@example.com"})").status,
            503);
  EXPECT_EQ(everything(), before);
  const Answer login = post("/auth/login", body);
  EXPECT_EQ(login.status, 503);
  EXPECT_THAT(login.body, Not(HasSubstr("access_token")));
  EXPECT_EQ(login.header("Retry-After"), "1");
}

TEST_F(AuditTrailTest, AKeyThatIsSentAsSomethingElseStaysOut) {
  const std::string key = key_of(target);
  EXPECT_EQ(call({.method = Method::delete_,
                  .target = path + "/permissions/" + key,
                  .headers = {{"X-Request-ID", key}},
                  .token = token_of(target)})
                .status,
            403);
  for (const AuditEvent& denied : audit_events(1)) {
    std::string text;
    JsonWriter out(text);
    write_fields(denied, out);
    EXPECT_THAT(text, Not(HasSubstr(key)));
  }
}

}  // namespace
}  // namespace agentauth::api
