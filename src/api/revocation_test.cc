// Tokens that end before they expire.
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;

class RevocationTest : public ApiFixture {
 protected:
  Answer revoke_tokens(AgentId whose, const std::string& token) {
    return post("/agents/" + whose.to_string() + "/revoke-tokens", "", token);
  }
  Answer weather(const std::string& token) { return get("/data/weather", token); }

  AgentId agent = replica.add_agent_with({"read_weather"});
  std::string administrator = token_with({"agentauth:*"});
};

TEST_F(RevocationTest, RevokingAnAgentsTokensEndsThemAtTheNextRequest) {
  const std::string first = token_of(agent);
  const std::string second = token_of(agent);
  const std::string bystander = token_with({"read_weather"});
  EXPECT_EQ(weather(first).status, 200) << "it is a remembered token from here on";
  const Answer revoked = revoke_tokens(agent, administrator);
  EXPECT_EQ(revoked.status, 204);
  EXPECT_EQ(revoked.body, "");
  for (const std::string& token : {first, second}) {
    const Answer answer = weather(token);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.text("detail"), "The access token is not valid");
  }
  EXPECT_EQ(weather(bystander).status, 200);
}

TEST_F(RevocationTest, TheKeyStaysAndItsNextLoginIsOfTheNewGeneration) {
  const std::string key = key_of(agent);
  const std::string login = "{\"api_key\":\"" + key + "\"}";
  const std::string before = post("/auth/login", login).text("access_token");
  ASSERT_EQ(revoke_tokens(agent, administrator).status, 204);
  EXPECT_EQ(weather(before).status, 401);
  EXPECT_EQ(weather(post("/auth/login", login).text("access_token")).status, 200);
}

TEST_F(RevocationTest, AnAgentRevokesItsOwnTokensTheOneInHandIncluded) {
  const std::string token = token_of(agent);
  EXPECT_EQ(revoke_tokens(agent, token).status, 204);
  EXPECT_EQ(weather(token).status, 401);
  EXPECT_EQ(revoke_tokens(agent, token).status, 401);
}

TEST_F(RevocationTest, ARequestThatWaitedWhileItsTokenWasRevokedIsRefused) {
  const auto before = everything();
  const Answer answer = call({.method = Method::post,
                              .target = "/agents/" + agent.to_string() + "/keys",
                              .body = "{}",
                              .token = token_of(agent),
                              .meanwhile = [&] { replica.revoke_tokens(agent); }});
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys"), before[4]);
}

}  // namespace
}  // namespace agentauth::api
