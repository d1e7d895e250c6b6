// What a key is narrowed to holds at login and at each use of its tokens.
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;
using namespace std::chrono_literals;

class KeyConstraintsTest : public ApiFixture {
 protected:
  Answer create(AgentId agent, const std::string& body, const std::string& token) {
    return post("/agents/" + agent.to_string() + "/keys", body, token);
  }
  std::string log_in(const Answer& key, const std::string& from = "192.0.2.7") {
    return call({.method = Method::post,
                 .target = "/auth/login",
                 .body = R"({"api_key":")" + key.text("api_key") + "\"}",
                 .from = from})
        .text("access_token");
  }
  // A token by a new key of the agent that is narrowed so.
  std::string narrowed(AgentId agent, const std::string& body) {
    const Answer key = create(agent, body, token_of(agent));
    EXPECT_EQ(key.status, 201) << key.body;
    return log_in(key);
  }

  AgentId bot = replica.add_agent_with({"read_weather", "read_stock", "data:*"});
};

TEST_F(KeyConstraintsTest, AKeyNarrowedToSomePermissionsDoesNoMore) {
  const std::string token = narrowed(bot, R"({"permissions":["read_weather","data:a:*"]})");
  EXPECT_EQ(get("/data/weather", token).status, 200);
  EXPECT_EQ(get("/data/stock", token).status, 403);
  const std::string path = "/agents/" + bot.to_string() + "/permissions/";
  EXPECT_EQ(get(path + "data:a:b", token).text("reason"), "granted");
  EXPECT_EQ(get(path + "data:b", token).text("reason"), "outside_key");
  EXPECT_EQ(get(path + "data:b", token_of(bot)).text("reason"), "granted");
}

TEST_F(KeyConstraintsTest, ItNeverDoesMoreThanItsAgent) {
  const std::string token = narrowed(bot, R"({"permissions":["read_weather"]})");
  replica.revoke(bot, "read_weather");
  EXPECT_EQ(get("/data/weather", token).status, 403);
}

TEST_F(KeyConstraintsTest, ItIsNotMadeForWhatTheAgentDoesNotHold) {
  const auto before = everything();
  const Answer refused = create(bot, R"({"permissions":["agentauth:*"]})", token_of(bot));
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(everything(), before);
}

TEST_F(KeyConstraintsTest, AHelperMakesAKeyForWhatItHoldsItselfAndNoMore) {
  const std::string helper = token_with({"agentauth:keys:write", "read_weather"});
  EXPECT_EQ(create(bot, "{}", helper).status, 403);
  EXPECT_EQ(create(bot, R"({"permissions":["read_stock"]})", helper).status, 403);
  EXPECT_EQ(create(bot, R"({"permissions":["read_weather"]})", helper).status, 201);
}

TEST_F(KeyConstraintsTest, ANarrowedKeyCannotMakeItselfAWiderOne) {
  const AgentId admin = replica.add_agent_with({"agentauth:*", "read_weather"});
  const Answer victim = create(bot, "{}", token_of(bot));
  for (const char* body :
       {R"({"permissions":["read_weather"]})", R"({"allowed_cidrs":["192.0.2.7"]})"}) {
    const std::string token = narrowed(bot, body);
    const std::string key_list = "/agents/" + bot.to_string() + "/keys";
    const auto before = everything();
    EXPECT_EQ(create(bot, "{}", token).status, 403);
    EXPECT_EQ(create(bot, body, token).status, 403);
    EXPECT_EQ(post(key_list + "/" + victim.text("key_id") + "/rotate", "{}", token).status, 403);
    EXPECT_EQ(call({.method = Method::delete_,
                    .target = key_list + "/" + victim.text("key_id"),
                    .token = token})
                  .status,
              403);
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(get(key_list, token).status, 200) << "reading about itself is its own affair";
  }
  // An administrator's key that was narrowed administers no more than it says.
  const std::string keys_only =
      narrowed(admin, R"({"permissions":["agentauth:keys:*","agentauth:permissions:write"]})");
  EXPECT_EQ(create(admin, "{}", keys_only).status, 403);
  EXPECT_EQ(create(bot, "{}", keys_only).status, 403);
  EXPECT_EQ(post("/agents/" + bot.to_string() + "/permissions", R"({"permission":"agentauth:*"})",
                 keys_only)
                .status,
            403);
}

TEST_F(KeyConstraintsTest, TheNetworkHoldsAtLoginAndAtEachUse) {
  const Answer key =
      create(bot, R"({"allowed_cidrs":["10.0.0.0/8","2001:db8::/32"]})", token_of(bot));
  ASSERT_EQ(key.status, 201) << key.body;
  const std::string token = log_in(key, "10.1.2.3");
  ASSERT_NE(token, "");
  EXPECT_EQ(log_in(key, "192.0.2.1"), "");
  const auto weather = [&](const std::string& from) {
    return call({.method = Method::get, .target = "/data/weather", .token = token, .from = from});
  };
  EXPECT_EQ(weather("10.9.9.9").status, 200);
  EXPECT_EQ(weather("2001:db8::7").status, 200);
  EXPECT_EQ(weather("192.0.2.1").status, 401);
  EXPECT_EQ(weather("192.0.2.1").text("detail"), "The access token is not valid");
}

TEST_F(KeyConstraintsTest, AProxysWordCountsOnlyWhenItIsTrusted) {
  const Answer key = create(bot, R"({"allowed_cidrs":["10.0.0.0/8"]})", token_of(bot));
  const std::string token = log_in(key, "10.1.2.3");
  const auto weather = [&] {
    return call({.method = Method::get,
                 .target = "/data/weather",
                 .headers = {{"X-Forwarded-For", "10.1.2.3"}},
                 .token = token,
                 .from = "192.0.2.1"})
        .status;
  };
  EXPECT_EQ(weather(), 401);
  settings.trusted_proxies.push_back(*Network::parse("192.0.2.1"));
  EXPECT_EQ(weather(), 200);
}

TEST_F(KeyConstraintsTest, AKeyDoesNothingBeforeItsTime) {
  const std::string start = format_rfc3339(clock.now() + 60s);
  const Answer key = create(bot, R"({"not_before":")" + start + "\"}", token_of(bot));
  ASSERT_EQ(key.status, 201) << key.body;
  EXPECT_EQ(key.text("status"), "pending");
  EXPECT_EQ(log_in(key), "");
  clock.advance(60s);
  EXPECT_EQ(get("/data/weather", log_in(key)).status, 200);
}

TEST_F(KeyConstraintsTest, AKeyWithAnEndMakesNoneThatEndsLater) {
  const AgentId admin = replica.add_agent_with({"agentauth:*"});
  const Answer lasting = create(bot, "{}", token_of(bot));
  for (const AgentId caller : {bot, admin}) {
    const std::string token = narrowed(caller, R"({"expires_in":60})");
    const std::string path = "/agents/" + bot.to_string() + "/keys/";
    const auto before = everything();
    for (const std::string& body :
         {std::string("{}"), std::string(R"({"expires_at":null})"),
          std::string(R"({"expires_in":61})"),
          R"({"expires_at":")" + format_rfc3339(clock.now() + 60'001ms) + "\"}"}) {
      const Answer refused = create(bot, body, token);
      EXPECT_EQ(refused.status, 403) << body;
      EXPECT_EQ(refused.code(), "permission_denied");
    }
    EXPECT_EQ(post(path + lasting.text("key_id") + "/rotate", "{}", token).status, 403)
        << "nor one in the place of another";
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(create(bot, R"({"expires_in":60})", token).status, 201);
    EXPECT_EQ(create(bot, R"({"expires_in":1})", token).status, 201);
  }
}

TEST_F(KeyConstraintsTest, AKeyBoundToNetworksMakesNoneThatWorksOutsideThem) {
  const AgentId admin = replica.add_agent_with({"agentauth:*"});
  const std::string token =
      narrowed(admin, R"({"allowed_cidrs":["192.0.2.0/24","2001:db8::/32"]})");
  const Answer lasting = create(bot, "{}", token_of(bot));
  const auto before = everything();
  for (const AgentId agent : {bot, admin}) {
    for (const char* body : {"{}", R"({"expires_in":60})", R"({"allowed_cidrs":["192.0.0.0/16"]})",
                             R"({"allowed_cidrs":["192.0.2.7","203.0.113.9"]})"}) {
      const Answer refused = create(agent, body, token);
      EXPECT_EQ(refused.status, 403) << body;
      EXPECT_EQ(refused.text("detail"),
                "A key that is bound to networks makes none that works outside them");
    }
  }
  EXPECT_EQ(post("/agents/" + bot.to_string() + "/keys/" + lasting.text("key_id") + "/rotate", "{}",
                 token)
                .status,
            403)
      << "nor one in the place of another";
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(create(bot, R"({"allowed_cidrs":["192.0.2.8/29","2001:db8:1::/48"]})", token).status,
            201);
}

TEST_F(KeyConstraintsTest, RotationInheritsWhatTheKeyIsNarrowedTo) {
  const std::string token =
      narrowed(bot, R"({"permissions":["read_weather"],"allowed_cidrs":["192.0.2.0/24"]})");
  const Answer fresh = post("/auth/rotate", "{}", token);
  ASSERT_EQ(fresh.status, 201) << fresh.body;
  EXPECT_NE(fresh.body.find(R"("permissions":["read_weather"])"), std::string::npos) << fresh.body;
  const std::string by_new = log_in(fresh);
  EXPECT_EQ(get("/data/weather", by_new).status, 200);
  EXPECT_EQ(get("/data/stock", by_new).status, 403);
  EXPECT_EQ(log_in(fresh, "10.1.2.3"), "");
}

TEST_F(KeyConstraintsTest, WhatNarrowsNothingOrCannotBeReadIsRefused) {
  const auto before = everything();
  std::string many = R"({"allowed_cidrs":[")"
                     "10.0.0.0"
                     "\"";
  for (int i = 1; i <= 32; ++i) many += ",\"10.0.0." + std::to_string(i) + "\"";
  many += "]}";
  for (const std::string& body :
       {std::string(R"({"allowed_cidrs":[]})"), std::string(R"({"permissions":[]})"),
        std::string(R"({"allowed_cidrs":["10.1.2.3/8"]})"),
        std::string(R"({"allowed_cidrs":["x"]})"), std::string(R"({"allowed_cidrs":"10.0.0.0/8"})"),
        std::string(R"({"allowed_cidrs":[1]})"),
        std::string(R"({"allowed_cidrs":["10.0.0.0/8","10.0.0.0/8"]})"),
        std::string(R"({"permissions":["a b"]})"), std::string(R"({"permissions":{}})"),
        std::string(R"({"not_before":"soon"})"), many})
    EXPECT_EQ(create(bot, body, token_of(bot)).status, 422) << body;
  EXPECT_EQ(everything(), before);
}

}  // namespace
}  // namespace agentauth::api
