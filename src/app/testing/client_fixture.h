// What the tests of commands that speak HTTP stand on: a server that answers as it is told.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "app/client_commands.h"

namespace agentauth::app {

inline constexpr std::string_view weather_id = "0b6f4f5e-8a2f-4c58-9f0e-1d2c3b4a5968";

// Answers as the table says, once each in order, and keeps what it was asked.
class FakeServer final : public Transport {
 public:
  void answer(const std::string& call, int status, std::string body) {
    answers_[call].push_back({status, std::move(body), "header-id"});
  }
  Result<HttpAnswer> send(const HttpRequest& request) override {
    const std::string call = request.method + ' ' + request.target;
    calls.push_back(call);
    bodies.push_back(request.body);
    bearers.push_back(request.bearer);
    auto& left = answers_[call];
    if (left.empty()) return failure(Errc::unavailable, "could not reach the fake: " + call);
    HttpAnswer next = left.front();
    left.erase(left.begin());
    return next;
  }

  std::vector<std::string> calls;
  std::vector<std::string> bodies;
  std::vector<std::string> bearers;

 private:
  std::map<std::string, std::vector<HttpAnswer>> answers_;
};

class ClientFixture : public testing::Test {
 protected:
  ClientFixture() {
    options_.api_key = Secret("the-key");
    server_.answer("POST /auth/login", 200,
                   R"({"access_token":"jwt","token_type":"bearer","expires_in":900})");
  }
  Result<int> run(const std::vector<std::string>& words) {
    const auto line = parse_command_line(words);
    EXPECT_TRUE(line) << (line ? "" : line.error().message);
    return run_client_command(*line, options_, server_, out_);
  }
  std::string agent(std::string_view id, std::string_view name) {
    return R"({"agent_id":")" + std::string(id) + R"(","agent_name":")" + std::string(name) +
           R"(","owner_email":"o@example.com","status":"active","labels":{"team":"sky"},)" +
           R"("created_at":"2026-01-31T12:00:00.000Z"})";
  }
  std::string page(const std::string& items, const std::string& next = "null") {
    return R"({"items":[)" + items + R"(],"next_cursor":)" + next + "}";
  }
  std::string path(std::string_view rest = "") {
    return "/agents/" + std::string(weather_id) + std::string(rest);
  }

  Options options_;
  FakeServer server_;
  std::ostringstream out_;
};

}  // namespace agentauth::app
