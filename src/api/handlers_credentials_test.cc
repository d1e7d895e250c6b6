// What hands out credentials decides again after the time that hashing took.
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;

class CredentialsTest : public ApiFixture {
 protected:
  explicit CredentialsTest(Registration registration = Registration::open)
      : ApiFixture(registration) {}

  // A key for `agent`, asked for by `caller`; `meanwhile` happens before it is made.
  Answer create_key(AgentId agent, AgentId caller, std::function<void()> meanwhile) {
    return call({.method = Method::post,
                 .target = "/agents/" + agent.to_string() + "/keys",
                 .body = "{}",
                 .token = token_of(caller),
                 .meanwhile = std::move(meanwhile)});
  }
  // Those that were made by calls.
  std::int64_t keys_count() {
    return replica.number("SELECT COUNT(*) FROM api_keys WHERE hash <> 'no hash'");
  }
};

TEST_F(CredentialsTest, AnAgentThatIsSuspendedMeanwhileGetsNoKey) {
  const AgentId agent = replica.add_agent();
  const Answer refused = create_key(agent, agent, [&] { replica.suspend(agent); });
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.code(), "unauthenticated");
  EXPECT_EQ(keys_count(), 0);
}

TEST_F(CredentialsTest, ATokenWhoseSigningKeyIsWithdrawnMeanwhileMakesNoKey) {
  const AgentId agent = replica.add_agent();
  const Answer made = create_key(agent, agent, [&] { tokens.use_keys(signing_keys()); });
  EXPECT_EQ(made.status, 201);
  const Answer refused = create_key(
      agent, agent, [&] { tokens.use_keys(signing_keys("another secret: q7Lw2Tt5Yb8Nc1Kd6Hf")); });
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(keys_count(), 1);
}

TEST_F(CredentialsTest, AnAgentThatIsDeletedMeanwhileGetsNoKey) {
  const AgentId agent = replica.add_agent();
  EXPECT_EQ(create_key(agent, agent, [&] { replica.erase(agent); }).status, 401);
  EXPECT_EQ(keys_count(), 0);
}

TEST_F(CredentialsTest, ACallerWhosePermissionIsTakenMeanwhileMakesNoKey) {
  const AgentId caller = replica.add_agent_with({"agentauth:keys:write"});
  const AgentId agent = replica.add_agent();
  EXPECT_EQ(create_key(agent, caller, [] {}).status, 201);
  const Answer refused =
      create_key(agent, caller, [&] { replica.revoke(caller, "agentauth:keys:write"); });
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(keys_count(), 1);
}

TEST_F(CredentialsTest, AnAgentThatGainedMoreThanTheCallerHoldsMeanwhileGetsNoKeyOfIts) {
  const AgentId caller = replica.add_agent_with({"agentauth:keys:write"});
  const AgentId agent = replica.add_agent();
  EXPECT_EQ(create_key(agent, caller, [&] { replica.grant(agent, "read_weather"); }).status, 403);
  EXPECT_EQ(keys_count(), 0);
}

class ClosedRegistrationTest : public CredentialsTest {
 protected:
  ClosedRegistrationTest() : CredentialsTest(Registration::closed) {}
};

TEST_F(ClosedRegistrationTest, ACallerThatMayNoLongerActRegistersNobody) {
  const AgentId caller = replica.add_agent_with({"agentauth:agents:write"});
  const auto register_bot = [&](std::function<void()> meanwhile) {
    return call({.method = Method::post,
                 .target = "/agents/register",
                 .body = R"({"agent_name":"Bot","owner_email":"ops@example.com"})",
                 .token = token_of(caller),
                 .meanwhile = std::move(meanwhile)});
  };
  EXPECT_EQ(register_bot([] {}).status, 201);
  EXPECT_EQ(register_bot([&] { replica.revoke(caller, "agentauth:agents:write"); }).status, 403);
  replica.grant(caller, "agentauth:agents:write");
  EXPECT_EQ(register_bot([&] { replica.suspend(caller); }).status, 401);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM agents"), 2);
}

TEST_F(ClosedRegistrationTest, AKeyWithAnEndOrNetworksRegistersNobodyWithAKeyThatHasNone) {
  const AgentId caller = replica.add_agent_with({"agentauth:agents:write", "agentauth:keys:write"});
  for (const char* bounds : {R"({"expires_in":60})", R"({"allowed_cidrs":["192.0.2.0/24"]})"}) {
    const Answer key = post("/agents/" + caller.to_string() + "/keys", bounds, token_of(caller));
    ASSERT_EQ(key.status, 201) << key.body;
    const std::string token =
        post("/auth/login", R"({"api_key":")" + key.text("api_key") + "\"}").text("access_token");
    const auto before = everything();
    const Answer refused =
        post("/agents/register", R"({"agent_name":"Bot","owner_email":"ops@example.com"})", token);
    EXPECT_EQ(refused.status, 403) << bounds;
    EXPECT_EQ(refused.code(), "permission_denied");
    EXPECT_EQ(everything(), before);
  }
}

}  // namespace
}  // namespace agentauth::api
