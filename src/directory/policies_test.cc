// What the directory holds beside agents, keys and plain permissions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "directory/testing/allocations.h"
#include "directory/testing/replica.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class PoliciesTest : public ::testing::Test {
 protected:
  // Rows as a service writes them; `note` says what a node has to read again.
  template <class F>
  void write(F work) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> { return work(tx); }));
  }
  // The same as another node does it: this one hears of it by asking.
  template <class F>
  void write_elsewhere(F work) {
    value_of(replica.database().migrate([&](Transaction& tx) -> Result<void> { return work(tx); }));
  }
  static Result<void> note(Transaction& tx, const std::string& subject) {
    if (const auto agent = agent_of(subject)) {
      TRY(tx.changes().append(ChangeKind::permission, *agent));
    } else {
      TRY(tx.changes().append_name(ChangeKind::principal, subject));
    }
    return {};
  }
  static Result<void> make_role(Transaction& tx, const std::string& role) {
    TRY(tx.roles().insert(role, ""));
    return note(tx, role);
  }
  static Result<void> grant(Transaction& tx, const std::string& to, const std::string& permission,
                            const Terms& terms = {}) {
    GrantSubject subject{to};
    subject.agent_id = agent_of(to);
    if (policy::is_role_or_group(to)) subject.role_id = TRY(tx.roles().find(to)).id;
    TRY(tx.grants().insert(subject, permission, terms));
    return note(tx, to);
  }
  static Result<void> join(Transaction& tx, const std::string& member, const std::string& of) {
    TRY(tx.roles().put_member(member, agent_of(member), TRY(tx.roles().find(of)).id, {}));
    return note(tx, member);
  }
  static Result<void> erase_role(Transaction& tx, const std::string& role) {
    TRY(tx.roles().erase(role));
    return note(tx, role);
  }
  static Result<void> put_entity(Transaction& tx, const std::string& id, const std::string& text) {
    TRY(tx.entities().put("record", id, text, {}));
    TRY(tx.changes().append_name(ChangeKind::entity, "record:" + id));
    return {};
  }
  static Result<void> erase_entity(Transaction& tx, const std::string& id) {
    TRY(tx.entities().erase("record", id));
    TRY(tx.changes().append_name(ChangeKind::entity, "record:" + id));
    return {};
  }
  static Terms on(const std::string& resource) {
    Terms terms;
    terms.resource = resource;
    return terms;
  }

  std::unique_ptr<Directory> other_node() {
    auto node = std::make_unique<Directory>(replica.database(), 1h);
    value_of(node->load());
    return node;
  }

  static const SubjectPolicy* policy_of(const Directory::View& view, const std::string& subject) {
    const auto agent = agent_of(subject);
    if (!agent) return view.find_policy(std::string_view(subject));
    return view.find_policy(*agent);
  }
  static std::vector<std::string> granted(const Directory& directory, const std::string& subject) {
    const Directory::View view(directory);
    const SubjectPolicy* policy = policy_of(view, subject);
    if (policy == nullptr) return {"nothing known"};
    std::vector<std::string> names;
    for (const GrantRule& rule : policy->rules())
      names.push_back(std::string(view.names().text(rule.action)) + '@' + rule.resource);
    return names;
  }
  // Those that are still what they were when it became a member.
  static std::vector<std::string> memberships(const Directory& directory,
                                              const std::string& subject) {
    const Directory::View view(directory);
    std::vector<std::string> names;
    if (const SubjectPolicy* policy = policy_of(view, subject))
      for (const MembershipRule& membership : policy->memberships())
        if (view.find_policy(membership) != nullptr) names.push_back(membership.of);
    return names;
  }
  static std::string known_of(const Directory& directory, const std::string& entity) {
    const Directory::View view(directory);
    const JsonValue* properties = view.find_properties(entity);
    if (properties == nullptr) return "nothing";
    std::string text;
    for (const auto& member : properties->members) text += std::string(member.name) + ' ';
    return text;
  }
  static std::multiset<std::string> everything(const Directory& directory) {
    const Directory::View view(directory);
    std::multiset<std::string> all;
    const auto add = [&](const SubjectPolicy& policy) {
      for (const GrantRule& rule : policy.rules())
        all.insert(policy.name() + ' ' + std::string(view.names().text(rule.action)) + ' ' +
                   rule.resource + ' ' + std::to_string(static_cast<int>(rule.effect)));
      for (const MembershipRule& membership : policy.memberships())
        if (view.find_policy(membership) != nullptr)
          all.insert(policy.name() + " of " + membership.of);
    };
    view.each_principal(add);
    view.each_agent([&](const AgentRecord& record) {
      if (const auto* policy = policy_of(view, subject_of(record.id))) add(*policy);
    });
    view.each_entity([&](std::string_view name) {
      all.insert(std::string(name) + ' ' + known_of(directory, std::string(name)));
    });
    return all;
  }

  Replica replica;
  Directory& directory = replica.directory();
  const AgentId agent = replica.add_agent();
  const std::string subject = subject_of(agent);
};

TEST_F(PoliciesTest, AChangeOnThisNodeIsThereBeforeItIsAnswered) {
  write([&](Transaction& tx) { return make_role(tx, "role:r"); });
  EXPECT_THAT(granted(directory, "role:r"), IsEmpty());
  write([&](Transaction& tx) { return grant(tx, "role:r", "read"); });
  EXPECT_THAT(granted(directory, "role:r"), ElementsAre("read@"));
  write([&](Transaction& tx) { return join(tx, subject, "role:r"); });
  EXPECT_THAT(memberships(directory, subject), ElementsAre("role:r"));
  write([&](Transaction& tx) { return grant(tx, subject, "write", on("city:b*")); });
  EXPECT_THAT(granted(directory, subject), ElementsAre("write@city:b"));
  EXPECT_THAT(memberships(directory, subject), ElementsAre("role:r")) << "as before";
  write([&](Transaction& tx) { return grant(tx, "agent:*", "see"); });
  EXPECT_THAT(granted(directory, "agent:*"), ElementsAre("see@"));
  write([&](Transaction& tx) { return grant(tx, "user:alice", "see"); });
  EXPECT_THAT(granted(directory, "user:alice"), ElementsAre("see@"));
  write([&](Transaction& tx) { return put_entity(tx, "1", R"({"open":true})"); });
  EXPECT_EQ(known_of(directory, "record:1"), "open ");
}

TEST_F(PoliciesTest, AChangeOfAnotherNodeIsThereAfterCatchingUp) {
  const auto role = [](Transaction& tx) -> Result<void> {
    TRY(make_role(tx, "role:r"));
    return grant(tx, "role:r", "read");
  };
  write_elsewhere(role);
  EXPECT_THAT(granted(directory, "role:r"), ElementsAre("nothing known"));
  ASSERT_TRUE(directory.catch_up());
  EXPECT_THAT(granted(directory, "role:r"), ElementsAre("read@"));
  write_elsewhere([&](Transaction& tx) -> Result<void> {
    TRY(join(tx, subject, "role:r"));
    return put_entity(tx, "1", R"({"open":true})");
  });
  EXPECT_THAT(memberships(directory, subject), IsEmpty());
  ASSERT_TRUE(directory.catch_up());
  EXPECT_THAT(memberships(directory, subject), ElementsAre("role:r"));
  EXPECT_EQ(known_of(directory, "record:1"), "open ");
  write_elsewhere([&](Transaction& tx) -> Result<void> {
    TRY(put_entity(tx, "1", R"({"shut":true})"));
    return erase_role(tx, "role:r");
  });
  ASSERT_TRUE(directory.catch_up());
  EXPECT_THAT(memberships(directory, subject), IsEmpty());
  EXPECT_EQ(known_of(directory, "record:1"), "shut ");
}

TEST_F(PoliciesTest, FollowingAndLoadingComeToTheSame) {
  const auto follower = other_node();
  for (const char* role : {"role:a", "role:b", "group:c"})
    write([&](Transaction& tx) { return make_role(tx, role); });
  write([&](Transaction& tx) -> Result<void> {
    TRY(grant(tx, "role:a", "read", on("city:*")));
    TRY(grant(tx, "agent:*", "see"));
    Terms deny;
    deny.effect = Effect::deny;
    TRY(grant(tx, subject, "write", deny));
    TRY(join(tx, "role:a", "group:c"));
    TRY(join(tx, subject, "role:a"));
    TRY(join(tx, subject, "role:b"));
    TRY(put_entity(tx, "1", R"({"open":true})"));
    return put_entity(tx, "2", R"({"shut":true})");
  });
  ASSERT_TRUE(follower->catch_up());
  write([&](Transaction& tx) -> Result<void> {
    TRY(erase_role(tx, "role:b"));
    return erase_entity(tx, "2");
  });
  ASSERT_TRUE(follower->catch_up());
  const auto fresh = other_node();
  EXPECT_EQ(everything(directory).size(), 6U);
  EXPECT_EQ(everything(directory), everything(*fresh));
  EXPECT_EQ(everything(*follower), everything(*fresh));
}

TEST_F(PoliciesTest, ARoleThatIsMadeAgainIsAnotherOne) {
  write([&](Transaction& tx) -> Result<void> {
    TRY(make_role(tx, "role:r"));
    TRY(make_role(tx, "group:g"));
    TRY(grant(tx, "role:r", "read"));
    TRY(join(tx, "role:r", "group:g"));
    return join(tx, subject, "role:r");
  });
  const auto follower = other_node();
  write([&](Transaction& tx) { return erase_role(tx, "role:r"); });
  EXPECT_THAT(granted(directory, "role:r"), ElementsAre("nothing known"));
  write([&](Transaction& tx) -> Result<void> {
    TRY(make_role(tx, "role:r"));
    return grant(tx, "role:r", "write");
  });
  ASSERT_TRUE(follower->catch_up());  // never saw it gone
  for (const Directory* node :
       std::initializer_list<const Directory*>{&directory, follower.get()}) {
    EXPECT_THAT(granted(*node, "role:r"), ElementsAre("write@"));
    EXPECT_THAT(memberships(*node, subject), IsEmpty());
    EXPECT_THAT(memberships(*node, "role:r"), IsEmpty());
  }
}

TEST_F(PoliciesTest, WhatIsTakenAwayIsForgotten) {
  write([&](Transaction& tx) { return grant(tx, subject, "read", on("city:berlin")); });
  EXPECT_THAT(granted(directory, subject), ElementsAre("read@city:berlin"));
  write([&](Transaction& tx) -> Result<void> {
    for (const Grant& known : TRY(tx.grants().find_all(subject, "read")))
      TRY(tx.grants().erase(known.id));
    return note(tx, subject);
  });
  EXPECT_THAT(granted(directory, subject), ElementsAre("nothing known"));
  EXPECT_EQ(Directory::View(directory).find_agent(agent)->policy, nullptr);
  write([&](Transaction& tx) { return grant(tx, "agent:*", "see"); });
  write([&](Transaction& tx) -> Result<void> {
    for (const Grant& known : TRY(tx.grants().find_all("agent:*", "see")))
      TRY(tx.grants().erase(known.id));
    return note(tx, "agent:*");
  });
  EXPECT_EQ(Directory::View(directory).every_agents_policy(), nullptr);
  write([&](Transaction& tx) { return put_entity(tx, "1", R"({"open":true})"); });
  write([&](Transaction& tx) { return erase_entity(tx, "1"); });
  EXPECT_EQ(known_of(directory, "record:1"), "nothing");
}

TEST_F(PoliciesTest, AnAgentThatIsDeletedTakesItsPolicyAndItsAttributesAlong) {
  write([&](Transaction& tx) -> Result<void> {
    TRY(tx.entities().put("agent", agent.to_string(), R"({"level":2})", {}));
    TRY(tx.changes().append_name(ChangeKind::entity, subject));
    TRY(make_role(tx, "role:r"));
    TRY(join(tx, subject, "role:r"));
    return grant(tx, subject, "read", on("city:berlin"));
  });
  const auto follower = other_node();
  EXPECT_EQ(known_of(directory, subject), "level ");
  replica.erase(agent);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM entities"), 0);
  ASSERT_TRUE(follower->catch_up());
  for (const Directory* node :
       std::initializer_list<const Directory*>{&directory, follower.get()}) {
    const Directory::View view(*node);
    EXPECT_EQ(view.find_agent(agent), nullptr);
    EXPECT_EQ(view.find_policy(agent), nullptr);
    EXPECT_EQ(view.find_profile(agent), nullptr);
    EXPECT_EQ(view.find_properties(subject), nullptr);
  }
}

TEST_F(PoliciesTest, AChangeOfStatusAloneLeavesThePolicyAsItIs) {
  write([&](Transaction& tx) { return grant(tx, subject, "read", on("city:berlin")); });
  write([&](Transaction& tx) -> Result<void> {
    TRY(tx.agents().set_status(agent, AgentStatus::suspended, {}));
    TRY(tx.changes().append(ChangeKind::status, agent));
    return {};
  });
  EXPECT_EQ(Directory::View(directory).find_agent(agent)->status, AgentStatus::suspended);
  EXPECT_THAT(granted(directory, subject), ElementsAre("read@city:berlin"));
}

TEST_F(PoliciesTest, WhatNoServiceCanHaveWrittenAllowsNothing) {
  replica.execute(
      "INSERT INTO grants (subject, permission, resource, condition) VALUES "
      "('user:a', 'not a permission', NULL, NULL), ('user:a', 'read', 'no pattern', NULL), "
      "('user:a', 'see', NULL, 'no condition')");
  replica.execute(
      "INSERT INTO entities (type, id, properties) VALUES ('record', '1', 'no object')");
  ASSERT_TRUE(directory.load());
  EXPECT_THAT(granted(directory, "user:a"), UnorderedElementsAre("read@no pattern", "see@"));
  EXPECT_EQ(known_of(directory, "record:1"), "nothing");
  const Directory::View view(directory);
  for (const GrantRule& rule : view.find_policy(std::string_view("user:a"))->rules()) {
    if (rule.resource.empty()) {
      EXPECT_EQ(rule.when, GrantRule::When::unreadable);
    } else {
      EXPECT_FALSE(rule.matches("city:berlin"));
    }
  }
}

TEST_F(PoliciesTest, ADenyThatCannotBeReadIsADenyOfWhateverItCouldBeAbout) {
  std::vector<std::string> reported;
  directory.report_unreadable_by([&](const Grant& grant, std::string_view part) {
    reported.push_back(grant.permission + ' ' + std::string(part));
  });
  replica.execute(
      "INSERT INTO grants (subject, permission, resource, effect, condition) VALUES "
      "('user:a', 'read when raining', 'city:berlin', 'deny', 'true'), "
      "('user:a', 'read', 'no pattern', 'deny', NULL), "
      "('user:a', 'see', 'city:berlin', 'deny', 'no condition'), "
      "('user:a', 'not an action', NULL, 'allow', NULL), "
      "('user:a', 'not an action', NULL, 'audit', NULL)");
  ASSERT_TRUE(directory.load());
  EXPECT_THAT(granted(directory, "user:a"), UnorderedElementsAre("*@", "read@", "see@city:berlin"));
  EXPECT_THAT(reported,
              UnorderedElementsAre("read when raining action", "read resource", "see when",
                                   "not an action action", "not an action action"));
  const Directory::View view(directory);
  for (const GrantRule& rule : view.find_policy(std::string_view("user:a"))->rules())
    EXPECT_EQ(rule.effect, Effect::deny);
}

// Its database holds more names than it takes: it follows all the same, and allows less.
TEST_F(PoliciesTest, NamesThatItHasNoRoomForKeepItFromNothingButAllowing) {
  Directory node(replica.database(), 1h, {.by_keys = 1, .by_grants = 1, .stored = 2});
  std::vector<std::string> reported;
  node.report_unreadable_by([&](const Grant& grant, std::string_view part) {
    reported.push_back(grant.subject + ' ' + grant.permission + ' ' + std::string(part));
  });
  const AgentId bot = replica.add_agent_with({"one", "two"});
  const auto put = [&](const std::string& to, const std::string& permission, Effect effect) {
    Terms terms;
    terms.effect = effect;
    write([&](Transaction& tx) { return grant(tx, to, permission, terms); });
  };
  ASSERT_TRUE(node.load());
  EXPECT_THAT(reported, IsEmpty());
  replica.grant(bot, "three");
  ASSERT_TRUE(node.catch_up());
  EXPECT_THAT(reported, UnorderedElementsAre(subject_of(bot) + " three name"));
  EXPECT_EQ(node.revision(), replica.revision());
  EXPECT_TRUE(node.is_fresh(std::chrono::steady_clock::now()));
  {
    const Directory::View view(node);
    EXPECT_EQ(view.find_agent(bot)->held().size(), 2U);
  }
  reported.clear();
  put("user:a", "four", Effect::allow);
  put("user:b", "four", Effect::deny);
  put("user:c", "two", Effect::deny);
  ASSERT_TRUE(node.catch_up());
  EXPECT_THAT(reported, UnorderedElementsAre("user:a four name", "user:b four name"));
  EXPECT_THAT(granted(node, "user:a"), ElementsAre("nothing known"));
  EXPECT_THAT(granted(node, "user:b"), UnorderedElementsAre("*@")) << "denied whatever it is";
  EXPECT_THAT(granted(node, "user:c"), UnorderedElementsAre("two@"));
  replica.revoke(bot, "one");
  ASSERT_TRUE(node.catch_up());
  const Directory::View view(node);
  EXPECT_EQ(view.find_agent(bot)->held().size(), 1U);
  // A new process knows only what is stored.
  Directory again(replica.database(), 1h, {.by_keys = 1, .by_grants = 1, .stored = 3});
  reported.clear();
  again.report_unreadable_by(
      [&](const Grant& grant, std::string_view) { reported.push_back(grant.permission); });
  ASSERT_TRUE(again.load());
  EXPECT_THAT(reported, IsEmpty());
}

TEST_F(PoliciesTest, WithoutMemoryItKeepsWhatItKnewAndIsNotFresh) {
  write([&](Transaction& tx) -> Result<void> {
    TRY(make_role(tx, "role:r"));
    TRY(grant(tx, "role:r", "read"));
    return join(tx, subject, "role:r");
  });
  const auto node = other_node();
  write([&](Transaction& tx) -> Result<void> {
    TRY(grant(tx, "role:r", "write", on("city:berlin")));
    TRY(grant(tx, subject, "see", on("city:berlin")));
    TRY(grant(tx, "agent:*", "list"));
    return put_entity(tx, "1", R"({"open":true})");
  });
  int failed = 0;
  for (;; ++failed) {
    agentauth::testing::allocations_left = failed;
    const bool caught_up = node->catch_up().has_value();
    agentauth::testing::allocations_left = -1;
    if (caught_up) break;
    ASSERT_FALSE(failed > 10 && node->is_fresh(std::chrono::steady_clock::now())) << failed;
    ASSERT_THAT(memberships(*node, subject), ElementsAre("role:r")) << failed;
    ASSERT_THAT(granted(*node, "role:r"), ::testing::Contains("read@")) << failed;
  }
  EXPECT_GT(failed, 10) << "allocations of ours that failed";
  EXPECT_EQ(everything(*node), everything(*other_node()));
}

// Readers walk from member to role while both are replaced, and what is committed together they see
// together. For ThreadSanitizer as well.
TEST_F(PoliciesTest, ReadersSeeAllOfAWriteOrNothingOfIt) {
  write([&](Transaction& tx) -> Result<void> {
    TRY(make_role(tx, "role:steady"));
    TRY(grant(tx, "role:steady", "always"));
    TRY(make_role(tx, "role:r"));
    return join(tx, subject, "role:steady");
  });
  std::atomic<bool> done{false};
  std::atomic<std::int64_t> looks{0};
  std::atomic<int> torn{0};
  const auto look = [&](const Directory::View& view) {
    const SubjectPolicy* own = policy_of(view, subject);
    if (own == nullptr || own->name() != subject) return ++torn, void();
    bool always = false;
    for (const MembershipRule& membership : own->memberships()) {
      const SubjectPolicy* role = view.find_policy(membership);
      if (role == nullptr) continue;
      if (role->name() != membership.of || role->role_id() != membership.role_id) ++torn;
      for (const GrantRule& rule : role->rules())
        always = always || view.names().text(rule.action) == "always";
    }
    if (!always) ++torn;
    const JsonValue* known = view.find_properties("record:1");
    const SubjectPolicy* role = view.find_policy(std::string_view("role:r"));
    const SubjectPolicy* every = view.every_agents_policy();
    const bool is_member =
        std::any_of(own->memberships().begin(), own->memberships().end(),
                    [&](const MembershipRule& membership) {
                      return membership.of == "role:r" && view.find_policy(membership) != nullptr;
                    });
    if (role == nullptr || is_member != (known != nullptr) ||
        role->rules().empty() != (known == nullptr))
      return ++torn, void();
    if (known == nullptr) return;
    // The round is named in three places.
    const auto round = std::to_string(known->members.front().value.integer);
    if (view.names().text(role->rules().front().action) != "read" + round) ++torn;
    if (every == nullptr || std::to_string(every->rules().size() - 1) != round) ++torn;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!done) {
        look(Directory::View(directory));
        looks.fetch_add(1, std::memory_order_relaxed);
      }
    });
  for (int round = 0; round < 12; ++round) {
    write([&](Transaction& tx) -> Result<void> {
      TRY(join(tx, subject, "role:r"));
      TRY(grant(tx, "role:r", "read" + std::to_string(round)));
      TRY(grant(tx, "agent:*", "see" + std::to_string(round)));
      return put_entity(tx, "1", R"({"round":)" + std::to_string(round) + "}");
    });
    if (round % 4 == 3) value_of(directory.load());
    write([&](Transaction& tx) -> Result<void> {
      TRY(erase_role(tx, "role:r"));
      TRY(make_role(tx, "role:r"));
      return erase_entity(tx, "1");
    });
  }
  while (looks < 1000) std::this_thread::yield();
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace agentauth
