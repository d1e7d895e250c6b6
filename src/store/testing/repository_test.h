// What the suites of the repositories share: short ways to fill a database.
#pragma once

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "store/testing/contract.h"

namespace agentauth::testing {

class RepositoryTest : public MigratedTest {
 protected:
  Agent add_agent(const std::string& name = "Bot", const std::string& owner = "ops@example.com") {
    return must(write([&](Transaction& tx) { return tx.agents().insert(name, owner); }));
  }
  Result<ApiKey> add_key(AgentId agent, const std::string& kid,
                         std::optional<Timestamp> expires_at = {}) {
    return write([&](Transaction& tx) {
      return tx.keys().insert({agent, kid, "hash of " + kid, tag_of(kid), "CI", expires_at});
    });
  }
  Result<std::optional<Grant>> grant(AgentId agent, const std::string& permission) {
    return write([&](Transaction& tx) { return tx.permissions().insert(agent, permission); });
  }
  std::vector<Agent> list(const AgentFilter& filter, const PageStart& after = {},
                          std::int64_t limit = 100) {
    return must(read([&](Transaction& tx) { return tx.agents().list(filter, after, limit); }));
  }
  std::vector<KeyState> key_states(AgentId agent) {
    std::vector<KeyState> states;
    must(read([&](Transaction& tx) {
      return tx.keys().each_state_of(agent, [&](const KeyState& key) { states.push_back(key); });
    }));
    return states;
  }
  std::vector<std::string> permissions_of(AgentId agent) {
    std::vector<std::string> held;
    must(read([&](Transaction& tx) {
      return tx.permissions().each_of(
          agent, [&](std::string_view permission) { held.emplace_back(permission); });
    }));
    return held;
  }
  // Zeros included, because a tag may hold them.
  static KeyTagBytes tag_of(const std::string& kid) {
    KeyTagBytes tag{};
    std::copy_n(kid.begin(), std::min(kid.size(), tag.size() - 2), tag.begin() + 1);
    return tag;
  }
  static std::vector<std::string> names(const std::vector<Agent>& agents) {
    std::vector<std::string> found;
    for (const Agent& agent : agents) found.push_back(agent.agent_name);
    return found;
  }
  // The databases' clocks have milliseconds; what must differ in age waits for the next.
  static void let_time_pass() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

  SystemClock clock_;
};

}  // namespace agentauth::testing
