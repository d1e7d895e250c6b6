#include "app/role_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/testing/client_fixture.h"
#include "base/uuid.h"

namespace agentauth::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class RoleCommandsTest : public ClientFixture {};

TEST_F(RoleCommandsTest, AGrantIsSentWithItsTerms) {
  server_.answer("POST " + path("/permissions"), 201, "{}");
  EXPECT_TRUE(
      run({"permission", "grant", std::string(weather_id), "read_weather", "--resource", "city:*",
           "--effect", "deny", "--when", "context.amount < 5", "--not-before",
           "2030-01-01T00:00:00Z", "--expires-at", "2031-01-01T00:00:00Z", "--max-uses", "3"}));
  EXPECT_EQ(server_.bodies.back(),
            R"({"permission":"read_weather","resource":"city:*","effect":"deny",)"
            R"("when":"context.amount < 5","not_before":"2030-01-01T00:00:00Z",)"
            R"("expires_at":"2031-01-01T00:00:00Z","max_uses":3})");
}

TEST_F(RoleCommandsTest, ARevocationSaysWhichGrantsAreMeant) {
  server_.answer("DELETE " + path("/permissions/a:b"), 204, "");
  server_.answer("DELETE " + path("/permissions/a:b?resource=city:x%2Ay&effect=deny"), 204, "");
  EXPECT_TRUE(run({"permission", "revoke", std::string(weather_id), "a:b"}));
  server_.answer("POST /auth/login", 200, R"({"access_token":"jwt"})");
  EXPECT_TRUE(run({"permission", "revoke", std::string(weather_id), "a:b", "--resource", "city:x*y",
                   "--effect", "deny"}));
}

TEST_F(RoleCommandsTest, RolesAndGroupsAreTheSameAtTheirOwnPaths) {
  for (const std::string kind : {"role", "group"}) {
    const std::string one = "/" + kind + "s/a";
    server_.answer("GET /" + kind + "s?limit=1000", 200, page(R"({"name":"a","about":"b"})"));
    server_.answer("POST /" + kind + "s", 201, R"({"name":"a"})");
    server_.answer("POST " + one + "/permissions", 201, "{}");
    server_.answer("DELETE " + one + "/permissions/x", 204, "");
    server_.answer("POST " + one + "/members", 201, "{}");
    server_.answer("DELETE " + one + "/members/user:alice", 204, "");
    server_.answer("DELETE " + one, 204, "");
    const auto does = [&](std::vector<std::string> words) {
      words.insert(words.begin(), kind);
      server_.answer("POST /auth/login", 200, R"({"access_token":"jwt"})");
      EXPECT_EQ(run(words).value(), exit_done) << kind << ' ' << words[1];
    };
    does({"list"});
    does({"create", "a", "--about", "Reads"});
    EXPECT_EQ(server_.bodies.back(), R"({"name":"a","about":"Reads"})");
    does({"grant", "a", "x", "--max-uses", "2"});
    EXPECT_EQ(server_.bodies.back(), R"({"permission":"x","max_uses":2})");
    does({"revoke", "a", "x"});
    does({"add-member", "a", "user:alice", "--expires-at", "2030-01-01T00:00:00Z"});
    EXPECT_EQ(server_.bodies.back(),
              R"({"member":"user:alice","expires_at":"2030-01-01T00:00:00Z"})");
    does({"remove-member", "a", "user:alice"});
    does({"delete", "a"});
  }
}

TEST_F(RoleCommandsTest, AnAgentIsAMemberByItsName) {
  server_.answer("GET /agents?name=WeatherBot&limit=1000", 200,
                 page(agent(weather_id, "WeatherBot")));
  server_.answer("POST /roles/a/members", 201, "{}");
  EXPECT_TRUE(run({"role", "add-member", "a", "WeatherBot"}));
  EXPECT_EQ(server_.bodies.back(), R"({"member":"agent:)" + std::string(weather_id) + R"("})");
}

TEST_F(RoleCommandsTest, ARoleIsShownWithWhatItHoldsAndWhoIsAMember) {
  for (int i = 0; i < 2; ++i) {
    server_.answer("GET /roles/a", 200, R"({"name":"a"})");
    server_.answer("GET /roles/a/permissions?limit=1000", 200,
                   page(R"({"permission":"read_weather","effect":"allow"})"));
    server_.answer("GET /roles/a/members?limit=1000", 200, page(R"({"member":"user:alice"})"));
  }
  EXPECT_TRUE(run({"role", "show", "a"}));
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("name  a"), HasSubstr("read_weather"), HasSubstr("user:alice")));
  out_.str("");
  server_.answer("POST /auth/login", 200, R"({"access_token":"jwt"})");
  EXPECT_TRUE(run({"role", "show", "a", "--json"}));
  EXPECT_EQ(out_.str(), R"({"role":{"name":"a"},"permissions":[{"permission":"read_weather",)"
                        R"("effect":"allow"}],"members":[{"member":"user:alice"}]})"
                        "\n");
}

TEST_F(RoleCommandsTest, AGrantIsPutUnderTheIdThatIsSaidOrANewOne) {
  const std::string put = "PUT /grants/" + std::string(weather_id);
  server_.answer(put, 201, "{}");
  EXPECT_TRUE(run({"grant", "put", "user:alice", "read", "--id", std::string(weather_id),
                   "--resource", "city:berlin"}));
  EXPECT_EQ(server_.bodies.back(),
            R"({"subject":"user:alice","action":"read","resource":"city:berlin"})");
  server_.answer("POST /auth/login", 200, R"({"access_token":"jwt"})");
  EXPECT_FALSE(run({"grant", "put", "agent:*", "read"}));  // nobody answers
  const std::string id = server_.calls.back().substr(std::string("PUT /grants/").size());
  ASSERT_TRUE(Uuid::parse(id)) << server_.calls.back();
  EXPECT_EQ(id[14], '4');
}

TEST_F(RoleCommandsTest, GrantsAreListedAndDeletedOneByOne) {
  server_.answer("GET /grants?subject=user:alice&limit=1000", 200,
                 page(R"({"id":"1","subject":"user:alice","action":"read"})"));
  server_.answer("DELETE /grants/1", 204, "");
  EXPECT_TRUE(run({"grant", "list", "--subject", "user:alice"}));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("SUBJECT"), HasSubstr("user:alice  read")));
  server_.answer("POST /auth/login", 200, R"({"access_token":"jwt"})");
  EXPECT_TRUE(run({"grant", "delete", "1"}));
}

}  // namespace
}  // namespace agentauth::app
