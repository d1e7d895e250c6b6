#include "api/idempotency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace agentauth::api {
namespace {

using http::Method;
using testing::HasSubstr;
using testing::Not;

constexpr const char* bot = R"({"agent_name":"Bot","owner_email":"ops@example.com"})";

class IdempotencyTest : public ApiFixture {
 protected:
  Answer keyed(const std::string& key, const std::string& target, const std::string& body,
               const std::string& token = "") {
    return call({.method = Method::post,
                 .target = target,
                 .body = body,
                 .headers = {{"Idempotency-Key", key}},
                 .token = token});
  }
  Answer grant(const std::string& key, const std::string& permission) {
    return keyed(key, "/agents/" + agent.to_string() + "/permissions",
                 "{\"permission\":\"" + permission + "\"}", administrator);
  }
  std::int64_t agents_count() { return replica.number("SELECT COUNT(*) FROM agents"); }

  std::string administrator = token_with({"agentauth:*"});
  AgentId agent = replica.add_agent();
};

TEST_F(IdempotencyTest, ARepeatedGrantGivesTheSameAnswer) {
  const Answer first = grant("key", "read_weather");
  const auto after_first = everything();
  const Answer second = grant("key", "read_weather");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(everything(), after_first);
  EXPECT_EQ(call({.method = Method::post,
                  .target = "/agents/" + agent.to_string() + "/permissions",
                  .body = R"({"permission":"read_weather"})",
                  .token = administrator})
                .status,
            200)
      << "without the key it is held already";
}

TEST_F(IdempotencyTest, ARepeatedRegistrationNamesWhatWasMadeAndMakesNothing) {
  const Answer first = keyed("key", "/agents/register", bot);
  ASSERT_EQ(first.status, 201);
  const auto count = agents_count();
  const Answer second = keyed("key", "/agents/register", bot);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.code(), "already_created");
  EXPECT_EQ(second.text("agent_id"), first.text("agent_id"));
  EXPECT_THAT(second.body, Not(HasSubstr("aa_")));
  EXPECT_EQ(agents_count(), count);
}

TEST_F(IdempotencyTest, ARepeatedKeyCreationNamesTheKeyAndMakesNone) {
  const std::string path = "/agents/" + agent.to_string() + "/keys";
  const Answer first = keyed("key", path, R"({"name":"laptop"})", administrator);
  ASSERT_EQ(first.status, 201);
  const Answer second = keyed("key", path, R"({"name":"laptop"})", administrator);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.text("key_id"), first.text("key_id"));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys WHERE hash <> 'no hash'"), 1);
}

TEST_F(IdempotencyTest, TheSecretOfWhatWasMadeIsNotKept) {
  const std::string secret = keyed("key", "/agents/register", bot).text("api_key").substr(16, 64);
  value_of(replica.database().read([&](Transaction& tx) {
    return tx.session().query("SELECT body || scope || agent_id || key_id FROM idempotency_keys",
                              {}, [&](const Row& row) -> Result<void> {
                                EXPECT_THAT(std::string(row.text(0)), Not(HasSubstr(secret)));
                                return {};
                              });
  }));
}

TEST_F(IdempotencyTest, TheSameKeyWithAnotherRequestIsAnError) {
  grant("key", "read_weather");
  const auto before = everything();
  const Answer other = grant("key", "read_stock");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.code(), "idempotency_key_reused");
  EXPECT_EQ(keyed("key", "/agents/" + replica.add_agent().to_string() + "/permissions",
                  R"({"permission":"read_weather"})", administrator)
                .code(),
            "idempotency_key_reused")
      << "another agent in the path";
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM permissions"), before[6]);
}

TEST_F(IdempotencyTest, AnotherCallersKeyIsAnotherKey) {
  const Answer first = grant("key", "read_weather");
  const Answer other = keyed("key", "/agents/" + agent.to_string() + "/permissions",
                             R"({"permission":"read_stock"})", token_with({"agentauth:*"}));
  EXPECT_EQ(other.status, 201);
  EXPECT_NE(other.body, first.body);
}

TEST_F(IdempotencyTest, AStrangersKeyIsAnotherKey) {
  const std::string other_name = R"({"agent_name":"Other","owner_email":"ops@example.com"})";
  const std::string other_owner = R"({"agent_name":"Bot","owner_email":"dev@example.com"})";
  EXPECT_EQ(keyed("1", "/agents/register", bot).status, 201);
  EXPECT_EQ(keyed("1", "/agents/register", other_owner).status, 201);
  EXPECT_EQ(keyed("1", "/agents/register", other_name).code(), "idempotency_key_reused")
      << "no stranger: the same address and owner";
  EXPECT_EQ(keyed("1", "/agents/register", bot).code(), "already_created");
  peer = *parse_ip_address("192.0.2.8");
  EXPECT_EQ(keyed("1", "/agents/register", other_name).status, 201);
}

TEST_F(IdempotencyTest, ARepeatIsDeniedOnceThePermissionIsGone) {
  const AgentId caller = replica.add_agent_with({"agentauth:permissions:write", "read_weather"});
  const std::string path = "/agents/" + agent.to_string() + "/permissions";
  const std::string body = R"({"permission":"read_weather"})";
  EXPECT_EQ(keyed("key", path, body, token_of(caller)).status, 201);
  replica.revoke(caller, "agentauth:permissions:write");
  EXPECT_EQ(keyed("key", path, body, token_of(caller)).status, 403);
}

TEST_F(IdempotencyTest, AfterADayTheKeyIsForgotten) {
  ASSERT_EQ(keyed("key", "/agents/register", bot).status, 201);
  clock.advance(std::chrono::hours{24});
  EXPECT_EQ(keyed("key", "/agents/register", bot).status, 409);
  clock.advance(std::chrono::seconds{1});
  EXPECT_EQ(keyed("key", "/agents/register", bot).status, 201);
}

TEST_F(IdempotencyTest, AFailedRequestDoesNotUseTheKeyUp) {
  EXPECT_EQ(keyed("key", "/agents/register", "{}").status, 422);
  EXPECT_EQ(keyed("key", "/agents/00000000-0000-4000-8000-000000000000/permissions",
                  R"({"permission":"read_weather"})", administrator)
                .status,
            404);
  EXPECT_EQ(keyed("key", "/agents/register", bot).status, 201);
  EXPECT_EQ(grant("key", "read_weather").status, 201);
}

TEST_F(IdempotencyTest, AKeyIsOneTo255VisibleCharacters) {
  const auto count = agents_count();
  for (const std::string& bad : {std::string(), std::string(256, 'k'), std::string("a b"),
                                 std::string("\xC3\xA9"), std::string("a\tb")})
    EXPECT_EQ(keyed(bad, "/agents/register", bot).status, 400) << bad;
  const Answer twice = call({.method = Method::post,
                             .target = "/agents/register",
                             .body = bot,
                             .headers = {{"Idempotency-Key", "a"}, {"idempotency-key", "a"}}});
  EXPECT_EQ(twice.status, 400);
  EXPECT_EQ(agents_count(), count);
  EXPECT_EQ(keyed(std::string(255, '~'), "/agents/register", bot).status, 201);
}

}  // namespace
}  // namespace agentauth::api
