// What a transaction sees and the directory has not heard of.
#include "directory/news.h"

#include <gtest/gtest.h>

#include "directory/testing/replica.h"
#include "policy/names.h"

namespace agentauth {
namespace {

class NewsTest : public ::testing::Test {
 protected:
  // As another node does it: committed, and not heard of here.
  template <class F>
  void elsewhere(F work) {
    value_of(replica.database().migrate([&](Transaction& tx) -> Result<void> { return work(tx); }));
  }
  template <class F>
  void here(F work) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> { return work(tx); }));
  }
  static Result<void> note(Transaction& tx, const std::string& subject) {
    if (const auto agent = agent_of(subject)) {
      TRY(tx.changes().append(ChangeKind::permission, *agent));
    } else {
      TRY(tx.changes().append_name(ChangeKind::principal, subject));
    }
    return {};
  }
  static Result<void> make(Transaction& tx, const std::string& role) {
    TRY(tx.roles().insert(role, ""));
    return note(tx, role);
  }
  static Result<void> allow(Transaction& tx, const std::string& to, const std::string& action) {
    GrantSubject subject{to};
    subject.agent_id = agent_of(to);
    if (policy::is_role_or_group(to)) subject.role_id = TRY(tx.roles().find(to)).id;
    Terms terms;
    terms.resource = "a:b";
    TRY(tx.grants().insert(subject, action, terms));
    return note(tx, to);
  }
  static Result<void> join(Transaction& tx, const std::string& member, const std::string& of) {
    TRY(tx.roles().put_member(member, agent_of(member), TRY(tx.roles().find(of)).id, {}));
    return note(tx, member);
  }
  static Result<void> know(Transaction& tx, const std::string& entity, const std::string& text) {
    const auto name = *policy::parse_entity(entity);
    TRY(tx.entities().put(std::string(name.type), std::string(name.id), text, {}));
    TRY(tx.changes().append_name(ChangeKind::entity, entity));
    return {};
  }

  static std::string actions_of(const Directory::View& view, const SubjectPolicy* policy) {
    if (policy == nullptr) return "nothing";
    std::string actions;
    for (const GrantRule& rule : policy->rules())
      actions.append(view.names().text(rule.action)).append(" ");
    return actions;
  }
  static std::string members_of(const JsonValue* properties) {
    if (properties == nullptr) return "nothing";
    std::string names;
    for (const auto& member : properties->members) names.append(member.name).append(" ");
    return names;
  }

  // What is known of the agent in a write.
  struct Seen {
    bool is_about_agent = false;
    std::string every_agent, role, above, properties;
  };
  Seen seen() {
    Seen seen;
    here([&](Transaction& tx) -> Result<void> {
      const Revision latest = TRY(tx.changes().lock());
      News news = TRY(News::read(replica.directory(), tx, latest));
      const Directory::View view(replica.directory(), &news);
      const auto committed = TRY(replica.directory().read_agent(tx, agent));
      if (committed) TRY(news.gather(tx, view, *committed));
      seen = {news.is_about(agent), actions_of(view, view.every_agents_policy()),
              actions_of(view, view.find_policy("role:r")),
              actions_of(view, view.find_policy("group:g")),
              members_of(view.find_properties(subject))};
      return {};
    });
    return seen;
  }

  Replica replica;
  const AgentId agent = replica.add_agent();
  const std::string subject = subject_of(agent);
};

TEST_F(NewsTest, ThereAreNoneOfWhatTheDirectoryKnows) {
  here([&](Transaction& tx) -> Result<void> {
    TRY(make(tx, "role:r"));
    TRY(allow(tx, "role:r", "x"));
    return join(tx, subject, "role:r");
  });
  const Seen known = seen();
  EXPECT_FALSE(known.is_about_agent);
  EXPECT_EQ(known.role, "x ");
  EXPECT_EQ(known.every_agent, "nothing");
}

TEST_F(NewsTest, WhateverMembershipsLeadToIsReadAgain) {
  here([&](Transaction& tx) -> Result<void> {
    TRY(make(tx, "role:r"));
    TRY(make(tx, "group:g"));
    TRY(allow(tx, "group:g", "y"));
    return join(tx, "role:r", "group:g");
  });
  elsewhere([&](Transaction& tx) -> Result<void> {
    TRY(join(tx, subject, "role:r"));
    TRY(allow(tx, "group:g", "z"));
    TRY(allow(tx, "agent:*", "e"));
    return know(tx, subject, R"({"level":2})");
  });
  const Seen new_to_it = seen();
  EXPECT_TRUE(new_to_it.is_about_agent);
  EXPECT_EQ(new_to_it.above, "y z ") << "of a role that did not change, a group that did";
  EXPECT_EQ(new_to_it.every_agent, "e ");
  EXPECT_EQ(new_to_it.properties, "level ");
  EXPECT_EQ(actions_of(Directory::View(replica.directory()), nullptr), "nothing");
}

TEST_F(NewsTest, WhatIsGoneIsNotThereAndWhatWasMadeAgainIsAnother) {
  here([&](Transaction& tx) -> Result<void> {
    TRY(make(tx, "role:r"));
    TRY(allow(tx, "role:r", "x"));
    TRY(know(tx, subject, R"({"level":2})"));
    return join(tx, subject, "role:r");
  });
  elsewhere([&](Transaction& tx) -> Result<void> {
    TRY(tx.roles().erase("role:r"));
    TRY(note(tx, "role:r"));
    TRY(tx.entities().erase("agent", agent.to_string()));
    TRY(tx.changes().append_name(ChangeKind::entity, subject));
    return {};
  });
  here([&](Transaction& tx) -> Result<void> {
    const Revision latest = TRY(tx.changes().lock());
    Directory& directory = replica.directory();
    News news = TRY(News::read(directory, tx, latest));
    const Directory::View view(directory, &news), known(directory);
    EXPECT_NE(known.find_policy("role:r"), nullptr);
    TRY(news.gather(tx, view, agent));
    const SubjectPolicy* own = view.find_policy(agent);
    EXPECT_NE(own, nullptr) << "the directory's, as there is nothing new of the agent itself";
    for (const MembershipRule& membership : own->memberships())
      EXPECT_EQ(view.find_policy(membership), nullptr);
    EXPECT_EQ(view.find_properties(subject), nullptr);
    return {};
  });
}

// The log is cut off for whoever is far behind, and has a gap after a restore.
TEST_F(NewsTest, WhereTheLogDoesNotReachEverythingIsReadAgain) {
  here([&](Transaction& tx) -> Result<void> {
    TRY(make(tx, "role:r"));
    return join(tx, subject, "role:r");
  });
  elsewhere([&](Transaction& tx) { return allow(tx, "role:r", "x"); });
  replica.execute("DELETE FROM change_log");
  Seen cut_off;
  {
    // Not through a write of the replica's, which would be followed by reading everything.
    elsewhere([&](Transaction& tx) -> Result<void> {
      const Revision latest = TRY(tx.changes().lock());
      News news = TRY(News::read(replica.directory(), tx, latest));
      const Directory::View view(replica.directory(), &news);
      TRY(news.gather(tx, view, agent));
      cut_off = {news.is_about(agent), {}, actions_of(view, view.find_policy("role:r")), {}, {}};
      return {};
    });
  }
  EXPECT_TRUE(cut_off.is_about_agent);
  EXPECT_EQ(cut_off.role, "x ");
  elsewhere([&](Transaction& tx) -> Result<void> {
    TRY(tx.changes().leave_out(100));
    return allow(tx, "role:r", "y");
  });
  EXPECT_TRUE(seen().is_about_agent);
}

TEST_F(NewsTest, AStatusIsNoNewsOfWhatAnAgentHolds) {
  elsewhere([&](Transaction& tx) -> Result<void> {
    TRY(tx.agents().set_status(agent, AgentStatus::suspended, Timestamp{}));
    TRY(tx.changes().append(ChangeKind::status, agent));
    return {};
  });
  EXPECT_FALSE(seen().is_about_agent);
}

}  // namespace
}  // namespace agentauth
