#include "app/gateway_commands.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/testing/client_fixture.h"

namespace agentauth::app {
namespace {

class GatewayCommandsTest : public ClientFixture {
 protected:
  ~GatewayCommandsTest() override { std::filesystem::remove(file); }

  const std::string routes =
      R"({"routes":[{"methods":["GET"],"host":"*","path":"/a","permission":null},)"
      R"({"methods":["*"],"host":"*","path":"/b/**","permission":"b"}]})";
  const std::string file =
      std::filesystem::temp_directory_path() / ("routes-" + std::to_string(::getpid()) + ".json");
};

TEST_F(GatewayCommandsTest, WhatIsShownHasALineForEachRoute) {
  server_.answer("GET /gateway/routes", 200, routes);
  EXPECT_EQ(run({"gateway", "routes", "get"}).value_or(-1), exit_done);
  EXPECT_EQ(out_.str(),
            "{\"routes\": [\n"
            "  {\"methods\":[\"GET\"],\"host\":\"*\",\"path\":\"/a\",\"permission\":null},\n"
            "  {\"methods\":[\"*\"],\"host\":\"*\",\"path\":\"/b/**\",\"permission\":\"b\"}\n"
            "]}\n");
}

TEST_F(GatewayCommandsTest, AFileThatWasWrittenIsPutAsItIs) {
  server_.answer("GET /gateway/routes", 200, routes);
  EXPECT_EQ(run({"gateway", "routes", "get", file, "--json"}).value_or(-1), exit_done);
  EXPECT_EQ(out_.str(), "");
  server_.answer("POST /auth/login", 200,
                 R"({"access_token":"jwt","token_type":"bearer","expires_in":900})");
  server_.answer("PUT /gateway/routes", 200, routes);
  EXPECT_EQ(run({"gateway", "routes", "put", file}).value_or(-1), exit_done);
  EXPECT_EQ(server_.bodies.back(), routes + "\n");
  EXPECT_EQ(out_.str(), "2 routes in force\n");
}

TEST_F(GatewayCommandsTest, WhatIsToBePutMustBeSaid) {
  const auto done = run({"gateway", "routes", "put"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::invalid_argument);
  EXPECT_FALSE(parse_command_line(std::vector<std::string>{"gateway", "routes", "delete"}));
  EXPECT_FALSE(parse_command_line(std::vector<std::string>{"gateway", "routes"}));
}

}  // namespace
}  // namespace agentauth::app
