// Rotation: the new key in the old one's place, and what becomes of the old one.
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;
using namespace std::chrono_literals;

class RotationTest : public ApiFixture {
 protected:
  Answer log_in(const std::string& key) {
    return post("/auth/login", R"({"api_key":")" + key + "\"}");
  }
  Answer create(const std::string& body) { return post(path, body, token_of(agent)); }
  Answer rotate(const Answer& key, const std::string& body, const std::string& token) {
    return post(path + "/" + key.text("key_id") + "/rotate", body, token);
  }

  AgentId agent = replica.add_agent_with({"read_weather"});
  std::string path = "/agents/" + agent.to_string() + "/keys";
};

TEST_F(RotationTest, BothKeysWorkUntilTheOverlapEndsAndThenTheNewOneOnly) {
  const Answer old = create(R"({"name":"laptop"})");
  const Answer fresh = rotate(old, R"({"overlap_seconds":60})", token_of(agent));
  ASSERT_EQ(fresh.status, 201) << fresh.body;
  EXPECT_EQ(fresh.header("Cache-Control"), "no-store");
  EXPECT_EQ(fresh.text("name"), "laptop");
  EXPECT_NE(fresh.text("kid"), old.text("kid"));
  clock.advance(58'999ms);
  const std::string token = log_in(old.text("api_key")).text("access_token");
  EXPECT_EQ(get("/data/weather", token).status, 200);
  clock.advance(1'000ms);
  EXPECT_EQ(log_in(old.text("api_key")).status, 200) << "to the end";
  EXPECT_EQ(log_in(fresh.text("api_key")).status, 200);
  clock.advance(1ms);
  EXPECT_EQ(log_in(old.text("api_key")).status, 401);
  EXPECT_EQ(get("/data/weather", token).status, 401) << "the token goes with its key";
  EXPECT_EQ(log_in(fresh.text("api_key")).status, 200);
}

TEST_F(RotationTest, NoOverlapEndsTheOldKeyNow) {
  const Answer old = create("{}");
  ASSERT_EQ(rotate(old, R"({"overlap_seconds":0})", token_of(agent)).status, 201);
  EXPECT_EQ(log_in(old.text("api_key")).status, 401);
}

TEST_F(RotationTest, AnOverlapDoesNotProlongAKeyThatEndsBefore) {
  const Answer old = create(R"({"expires_in":30})");
  ASSERT_EQ(rotate(old, R"({"overlap_seconds":3600})", token_of(agent)).status, 201);
  clock.advance(30s);
  EXPECT_EQ(log_in(old.text("api_key")).status, 401);
}

TEST_F(RotationTest, TheNewKeyLivesAsLongAsTheOldOneWasToCountedFromNow) {
  // The database's own clock stamps created_at: what the old one was given is expires_in and a bit.
  const Answer old = create(R"({"expires_in":3600})");
  clock.advance(1800s);
  const Answer fresh = rotate(old, "{}", token_of(agent));
  const auto end = parse_rfc3339(fresh.text("expires_at"));
  ASSERT_TRUE(end);
  EXPECT_NEAR(static_cast<double>((*end - clock.now()).count()), 3'600'000, 60'000);
  EXPECT_EQ(parse_rfc3339(rotate(create("{}"), "{}", token_of(agent)).text("expires_at")),
            std::nullopt);
}

TEST_F(RotationTest, AKeyMadeByOneWithAnEndIsNotRenewedBeyondThat) {
  const auto token_by = [&](const Answer& key) {
    return log_in(key.text("api_key")).text("access_token");
  };
  const Answer parent = create(R"({"expires_in":100})");
  const auto end_of_parent = parse_rfc3339(parent.text("expires_at"));
  Answer key = post(path, R"({"expires_in":90})", token_by(parent));
  ASSERT_EQ(key.status, 201) << key.body;
  for (int renewals = 0; renewals < 3; ++renewals) {
    clock.advance(30s);
    key = post("/auth/rotate", "{}", token_by(key));
    ASSERT_EQ(key.status, 201) << key.body;
    EXPECT_EQ(parse_rfc3339(key.text("expires_at")), end_of_parent) << renewals;
  }
  const Answer child = post(path, R"({"expires_in":5})", token_by(key));
  ASSERT_EQ(child.status, 201) << child.body;
  EXPECT_EQ(parse_rfc3339(post("/auth/rotate", "{}", token_by(child)).text("expires_at")),
            end_of_parent)
      << "nor a key that this one made";
  clock.advance(10s);
  EXPECT_EQ(log_in(key.text("api_key")).status, 401);
}

TEST_F(RotationTest, AKeyRotatedByOneWithAnEndIsNotRenewedBeyondThat) {
  const Answer caller = create(R"({"expires_in":100})");
  const Answer old = create(R"({"expires_in":60})");
  const Answer fresh = rotate(old, "{}", log_in(caller.text("api_key")).text("access_token"));
  ASSERT_EQ(fresh.status, 201) << fresh.body;
  clock.advance(50s);
  const std::string token = log_in(fresh.text("api_key")).text("access_token");
  EXPECT_EQ(parse_rfc3339(post("/auth/rotate", "{}", token).text("expires_at")),
            parse_rfc3339(caller.text("expires_at")));
}

TEST_F(RotationTest, AKeyThatHasEndedCannotBeRotated) {
  const std::string token = token_of(agent);
  const Answer expired = create(R"({"expires_in":1})");
  const Answer revoked = create("{}");
  call({.method = Method::delete_, .target = path + "/" + revoked.text("key_id"), .token = token});
  clock.advance(1s);
  const auto before = everything();
  for (const Answer& key : {expired, revoked}) {
    const Answer refused = rotate(key, "{}", token);
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.code(), "conflict");
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(RotationTest, ALoserOfTwoRotationsAtOnceChangesNothing) {
  const Answer old = create("{}");
  const std::string token = token_of(agent);
  const Answer loser =
      call({.method = Method::post,
            .target = path + "/" + old.text("key_id") + "/rotate",
            .body = R"({"overlap_seconds":0})",
            .token = token,
            .meanwhile = [&] { replica.revoke_key(agent, *KeyId::parse(old.text("key_id"))); }});
  EXPECT_EQ(loser.status, 409);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys WHERE hash <> 'no hash'"), 1);
}

TEST_F(RotationTest, AKeyRotatesItselfAndNoOther) {
  const Answer old = create(R"({"name":"laptop"})");
  const std::string token = log_in(old.text("api_key")).text("access_token");
  const Answer fresh = post("/auth/rotate", R"({"overlap_seconds":0})", token);
  ASSERT_EQ(fresh.status, 201) << fresh.body;
  EXPECT_EQ(fresh.text("name"), "laptop");
  EXPECT_EQ(fresh.text("agent_id"), agent.to_string());
  EXPECT_EQ(log_in(old.text("api_key")).status, 401);
  EXPECT_EQ(post("/auth/rotate", "{}", token).status, 401) << "the token ended with its key";
  EXPECT_EQ(log_in(fresh.text("api_key")).status, 200);
  EXPECT_EQ(get("/data/weather", token_of(agent)).status, 200) << "another key of the agent";
}

TEST_F(RotationTest, AKeyIsRotatedOnce) {
  const Answer old = create(R"({"expires_in":3600})");
  const std::string token = log_in(old.text("api_key")).text("access_token");
  const Answer fresh = post("/auth/rotate", R"({"overlap_seconds":60})", token);
  ASSERT_EQ(fresh.status, 201) << fresh.body;
  const auto before = everything();
  EXPECT_EQ(post("/auth/rotate", R"({"overlap_seconds":60})", token).status, 409);
  EXPECT_EQ(rotate(old, "{}", token_of(agent)).status, 409) << "whoever asks";
  EXPECT_EQ(everything(), before);
  const std::string by_new = log_in(fresh.text("api_key")).text("access_token");
  EXPECT_EQ(post("/auth/rotate", "{}", by_new).status, 201);
}

TEST_F(RotationTest, AKeyInItsOverlapMakesNoKeyThatCouldOutliveIt) {
  const Answer old = create("{}");
  const std::string token = log_in(old.text("api_key")).text("access_token");
  ASSERT_EQ(post("/auth/rotate", R"({"overlap_seconds":60})", token).status, 201);
  const auto before = everything();
  EXPECT_EQ(post(path, "{}", token).status, 403);
  const Answer refused = post(path, R"({"expires_in":10})", token);
  EXPECT_EQ(refused.status, 403) << "it could rotate itself";
  EXPECT_NE(refused.text("detail").find("The key you logged in with was rotated"),
            std::string::npos);
  EXPECT_EQ(everything(), before);
}

TEST_F(RotationTest, ARepeatUnderAnIdempotencyKeyMakesNoSecondKey) {
  const Answer old = create("{}");
  Call request{.method = Method::post,
               .target = path + "/" + old.text("key_id") + "/rotate",
               .body = "{}",
               .headers = {{"Idempotency-Key", "once"}},
               .token = token_of(agent)};
  const Answer first = call(request);
  ASSERT_EQ(first.status, 201);
  const Answer second = call(request);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.code(), "already_created");
  EXPECT_EQ(second.text("key_id"), first.text("key_id"));
}

TEST_F(RotationTest, TheKeyOfAnAgentThatHoldsMoreIsNotRotated) {
  const AgentId helper = replica.add_agent_with({"agentauth:keys:write"});
  const Answer old = create("{}");
  const auto before = everything();
  EXPECT_EQ(rotate(old, "{}", token_of(helper)).status, 403);
  EXPECT_EQ(everything(), before);
  replica.grant(helper, "read_weather");
  EXPECT_EQ(rotate(old, "{}", token_of(helper)).status, 201);
}

TEST_F(RotationTest, AnOverlapOutOfBoundsIsRefused) {
  const Answer old = create("{}");
  for (const char* overlap : {"-1", "2592001", "\"60\"", "1.5"})
    EXPECT_EQ(
        rotate(old, R"({"overlap_seconds":)" + std::string(overlap) + "}", token_of(agent)).status,
        422)
        << overlap;
}

}  // namespace
}  // namespace agentauth::api
