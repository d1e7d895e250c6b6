#include "authz/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "authz/role_service.h"
#include "authz/testing/stated_policy.h"
#include "authz/testing/write_as.h"

namespace agentauth {
namespace {

using testing::StatedPolicy;
using testing::write_as;

const std::string too_deep = "Levels of nested roles and groups are at most 16";
const std::string too_far =
    "Roles and groups that one is a member of, by others too, are at most 254";

class SimulationTest : public ::testing::Test {
 protected:
  static std::string numbered(const std::string& name, std::int64_t i) {
    return "role:" + name + std::to_string(i);
  }
  // Past the service and its bounds.
  void put(const std::vector<std::string>& roles, const std::vector<SimulatedMember>& members) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      for (const std::string& role : roles) {
        TRY(tx.roles().insert(role, ""));
        TRY(note_change(tx, role));
      }
      for (const SimulatedMember& one : members) {
        TRY(tx.roles().put_member(one.member, agent_of(one.member), TRY(tx.roles().find(one.of)).id,
                                  {}));
        TRY(note_change(tx, one.member));
      }
      return {};
    }));
  }
  // So many empty roles, and all of them in the last one of them.
  std::string fan(const std::string& name, int size) {
    std::vector<std::string> roles;
    std::vector<SimulatedMember> members;
    for (int i = 0; i < size; ++i) roles.push_back(numbered(name, i));
    for (int i = 1; i < size; ++i)
      members.push_back({roles[0], roles[static_cast<std::size_t>(i)]});
    put(roles, members);
    return roles[0];
  }
  // Where it is refused and why, or nothing.
  std::string simulate(std::vector<SimulatedMember> joined,
                       std::vector<SimulatedMember> left = {}) {
    const Directory::View view(replica.directory());
    SimulatedChange change;
    change.joined = std::move(joined);
    change.left = std::move(left);
    const auto simulated = Simulation::of(view, change, now);
    if (simulated) return "";
    EXPECT_EQ(simulated.error().code, Errc::invalid_argument);
    return simulated.error().fields.at(0).field + ": " + simulated.error().fields.at(0).message;
  }
  std::string write(const SimulatedMember& member) {
    Membership wanted;
    wanted.member = member.member;
    wanted.of = member.of;
    const auto put = write_as(
        replica, {administrator, 0, {}, replica.any_key_of(administrator)}, now,
        [&](Transaction& tx, Author& author) { return service.put_member(tx, author, wanted); });
    return put ? "" : put.error().message;
  }

  Replica replica{std::chrono::hours{1}, Replica::Agents::with_key};
  const Timestamp now{Seconds{100}};
  RoleService service;
  StatedPolicy stated{replica};
  AgentId administrator = replica.add_agent_with({std::string(administrator_permission)});
  const std::string bot = subject_of(stated.agent("agent:bot"));
};

TEST_F(SimulationTest, RolesNestSoManyLevelsFromWhicheverEndTheyAreJoined) {
  std::vector<std::string> levels;
  std::vector<SimulatedMember> members;
  for (int i = 0; i <= 17; ++i) levels.push_back(numbered("l", i));
  for (std::size_t i = 0; i < 16; ++i) members.push_back({levels[i], levels[i + 1]});
  put(levels, members);
  EXPECT_EQ(simulate({{levels[16], levels[17]}}), "members.add[0]: " + too_deep);
  EXPECT_EQ(simulate({{bot, levels[0]}, {levels[17], levels[0]}}), "members.add[1]: " + too_deep);
  EXPECT_EQ(simulate({{bot, levels[0]}, {"user:alice", levels[0]}}), "") << "these are no levels";
  EXPECT_EQ(simulate({{levels[16], levels[17]}}, {{levels[8], levels[9]}}), "");
  EXPECT_EQ(simulate({{levels[15], levels[16]}}), "") << "it is there";
}

TEST_F(SimulationTest, LevelsCountTogetherWithThoseThatAreAddedBefore) {
  std::vector<std::string> levels;
  std::vector<SimulatedMember> members;
  for (int i = 0; i <= 17; ++i) levels.push_back(numbered("l", i));
  for (std::size_t i = 0; i < 17; ++i) members.push_back({levels[i], levels[i + 1]});
  put(levels, {});
  EXPECT_EQ(simulate(members), "members.add[16]: " + too_deep);
  members.pop_back();
  EXPECT_EQ(simulate(members), "");
}

TEST_F(SimulationTest, NobodyIsInMoreThanADecisionLooksAt) {
  const std::string hundred = fan("a", 100), other = fan("b", 100), rest = fan("c", 54);
  put({"role:one"}, {});
  for (const std::string& member : {bot, std::string("user:alice"), std::string("role:one")}) {
    EXPECT_EQ(simulate({{member, hundred}, {member, other}, {member, rest}}), "") << member;
    EXPECT_EQ(simulate({{member, hundred}, {member, other}, {member, rest}, {member, "role:last"}}),
              "members.add[3]: There is no role:last");
  }
  put({"role:last"}, {});
  for (const std::string& member : {bot, std::string("user:alice"), std::string("role:one")})
    EXPECT_EQ(simulate({{member, hundred}, {member, other}, {member, rest}, {member, "role:last"}}),
              "members.add[3]: " + too_far);
}

TEST_F(SimulationTest, NorIsWhoeverIsAMemberBelow) {
  const std::string hundred = fan("a", 100), other = fan("b", 100), rest = fan("c", 52);
  put({"role:inner", "role:outer", "role:last"}, {{"role:inner", "role:outer"}});
  for (const std::string& member : {bot, std::string("user:alice")}) {
    put({}, {{member, "role:inner"}, {member, hundred}, {member, other}});
    EXPECT_EQ(simulate({{"role:outer", rest}}), "") << member;
    EXPECT_EQ(simulate({{"role:outer", rest}, {"role:outer", "role:last"}}),
              "members.add[1]: " + too_far)
        << member;
    EXPECT_EQ(simulate({{"role:outer", rest}, {"role:outer", "role:last"}}, {{member, hundred}}),
              "")
        << member;
    EXPECT_EQ(simulate({{"role:outer", rest}, {member, "role:last"}}), "members.add[1]: " + too_far)
        << "who joins is looked at as it would be";
    EXPECT_EQ(simulate({{member, "role:last"}, {"role:outer", rest}}),
              "members.add[1]: " + too_far);
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
      TRY(tx.roles().erase_member(member, TRY(tx.roles().find("role:inner")).id));
      return note_change(tx, member);
    }));
  }
  EXPECT_EQ(simulate({{"role:outer", rest}, {"role:outer", "role:last"}}), "") << "nobody is below";
}

TEST_F(SimulationTest, WhatSeveralMembershipsLeadToCountsOnceAndWhatHasEndedNotAtAll) {
  const std::string hundred = fan("a", 100), other = fan("b", 153);
  put({"role:x", "role:y", "role:z", "role:old"},
      {{"role:x", hundred}, {"role:y", hundred}, {bot, "role:x"}, {bot, "role:y"}});
  EXPECT_EQ(simulate({{"role:z", hundred}, {bot, "role:z"}}), "");
  EXPECT_EQ(simulate({{"role:x", other}}), "members.add[0]: " + too_far) << "153, 100, x and y";
  stated.state("member user:old of role:x until 90\nmember user:old of role:y");
  EXPECT_EQ(simulate({{"role:x", other}}, {{bot, "role:y"}}), "");
}

// As it is when one is written.
TEST_F(SimulationTest, WhereTooManyMembersWouldHaveToBeLookedAtTheBoundIsPassed) {
  const std::string hundred = fan("a", 200);
  put({"role:x", "role:y", "role:z", "role:top"}, {{"role:x", hundred}, {"role:y", hundred}});
  std::vector<SimulatedMember> members;
  for (int i = 0; i <= RoleService::doubtful_max; ++i) {
    const std::string user = "user:u" + std::to_string(i);
    members.push_back({user, "role:x"});
    members.push_back({user, "role:y"});
  }
  put({}, members);
  for (int i = 0; i < 60; ++i) put({numbered("more", i)}, {});
  EXPECT_EQ(simulate({{"role:x", "role:top"}}), "members.add[0]: " + too_far);
  EXPECT_EQ(simulate({{"role:x", "role:top"}}, {{"user:u7", "role:y"}}), "");
  EXPECT_EQ(write({"role:x", "role:top"}), too_far);
}

// What a simulation says of a change is what the change, one after the other, comes to.
TEST_F(SimulationTest, ItRefusesWhatIsRefusedAndNothingElse) {
  std::mt19937 random(1);
  const auto pick = [&](std::size_t below) { return random() % below; };
  std::map<std::string, int> rounds;  // that ended with it
  for (int round = 0; round < 12; ++round) {
    std::vector<std::string> fans, names, members{bot, "user:r" + std::to_string(round)};
    for (int i = 0; i < 4; ++i) {
      const std::string name = std::to_string(round) + "f" + std::to_string(i) + "-";
      fans.push_back(fan(name, static_cast<int>(40 + pick(45))));
    }
    const bool is_deep = round % 3 == 0;
    const int count = is_deep ? 20 : 8;
    // As many digits each, so that their order is that of the numbers.
    for (int i = 0; i < count; ++i) names.push_back(numbered(std::to_string(round) + "n", 10 + i));
    put(names, {});
    members.insert(members.end(), names.begin(), names.end());
    std::vector<SimulatedMember> joined;
    for (std::size_t i = 1; is_deep && i < names.size(); ++i)
      joined.push_back({names[i - 1], names[i]});
    std::shuffle(joined.begin(), joined.end(), random);
    for (int i = 0; i < 40; ++i) {
      const std::string member = members[pick(members.size())];
      const bool is_fan = pick(2) == 0;
      const std::string of = is_fan ? fans[pick(4)] : names[pick(names.size())];
      // Later names are above earlier ones: no cycles.
      if (!is_fan && policy::is_role_or_group(member) && member >= of) continue;
      joined.push_back({member, of});
    }
    std::string expected = "";
    for (std::size_t i = 0; i < joined.size() && expected.empty(); ++i) {
      const std::string alone = simulate({joined[i]});
      const std::string refused = write(joined[i]);
      EXPECT_EQ(alone, refused.empty() ? "" : "members.add[0]: " + refused);
      if (!refused.empty()) expected = refused;
    }
    for (const SimulatedMember& one : joined)
      value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
        TRY(tx.roles().erase_member(one.member, TRY(tx.roles().find(one.of)).id));
        return note_change(tx, one.member);
      }));
    const std::string whole = simulate(joined);
    EXPECT_EQ(whole.empty() ? "" : whole.substr(whole.find(": ") + 2), expected) << round;
    ++rounds[expected];
  }
  EXPECT_GT(rounds[""], 0);
  EXPECT_GT(rounds[too_far], 0);
  EXPECT_GT(rounds[too_deep], 0);
}

}  // namespace
}  // namespace agentauth
