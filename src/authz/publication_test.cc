// What is committed together is decided by together, on the node that wrote it and on one that
// follows: between two policies neither of which allows something, nobody is allowed it.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "authz/decision.h"
#include "authz/permission_service.h"
#include "directory/testing/database_file.h"

namespace agentauth {
namespace {

class PublicationTest : public ::testing::Test {
 protected:
  void SetUp() override { value_of(follower.load()); }

  using Write = std::function<Result<void>(Transaction&)>;

  void write(const Write& work) {
    value_of(replica.database().write([&](Transaction& tx) -> Result<void> { return work(tx); }));
  }
  // Rows as a service writes them.
  static Result<void> grant(Transaction& tx, const std::string& to, const std::string& permission,
                            const Terms& terms = {}) {
    GrantSubject subject{to};
    subject.agent_id = agent_of(to);
    if (policy::is_role_or_group(to)) subject.role_id = TRY(tx.roles().find(to)).id;
    TRY(tx.grants().insert(subject, permission, terms));
    return note_change(tx, to);
  }
  static Result<void> revoke_all(Transaction& tx, const std::string& from,
                                 const std::string& permission) {
    for (const Grant& known : TRY(tx.grants().find_all(from, permission)))
      TRY(tx.grants().erase(known.id));
    return note_change(tx, from);
  }
  static Terms denying() {
    Terms terms;
    terms.effect = Effect::deny;
    return terms;
  }

  bool allows(const Directory& node, std::string_view action) const {
    const Directory::View view(node);
    const Actor actor(view.find_agent(agent));
    return decide(view, actor, question_of(view, action, Timestamp{})).allowed();
  }

  // How often x was allowed while the changes were made in turn, each in one transaction, and both
  // nodes were asked without a pause.
  std::int64_t wrong_answers(const std::vector<Write>& changes) {
    std::atomic<bool> done{false};
    std::atomic<int> lost{0};
    std::atomic<std::int64_t> asked{0};
    std::atomic<std::int64_t> wrong{0};
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      for (; !done; std::this_thread::yield())
        if (!follower.catch_up()) ++lost;
    });
    for (const Directory* node : {&replica.directory(), &follower})
      threads.emplace_back([&, node] {
        for (; !done; ++asked)
          if (allows(*node, "x")) ++wrong;
      });
    for (int round = 0; round < 60; ++round)
      for (const Write& change : changes) write(change);
    while (asked < 20'000) std::this_thread::yield();
    done = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(lost, 0);
    EXPECT_TRUE(replica.directory().is_fresh(std::chrono::steady_clock::now()));
    return wrong;
  }

  const testing::DatabaseFile file;
  Replica replica{std::chrono::hours{1}, Replica::Agents::bare, file.open()};
  const AgentId agent = replica.add_agent();
  const std::string subject = subject_of(agent);
  // Another node.
  const std::unique_ptr<Database> database = file.open();
  Directory follower{*database, std::chrono::hours{1}};
};

TEST_F(PublicationTest, ADenyThatMovesFromARoleToAnAgentDeniesAllTheWhile) {
  write([&](Transaction& tx) -> Result<void> {
    TRY(tx.roles().insert("role:r", ""));
    TRY(tx.roles().put_member(subject, agent, TRY(tx.roles().find("role:r")).id, {}));
    TRY(grant(tx, subject, "x"));
    return grant(tx, "role:r", "x", denying());
  });
  const auto move = [&](const std::string& from, const std::string& to) {
    return [=](Transaction& tx) -> Result<void> {
      for (const Grant& known : TRY(tx.grants().find_all(from, "x")))
        if (known.decides() == Effect::deny) TRY(tx.grants().erase(known.id));
      TRY(note_change(tx, from));
      return grant(tx, to, "x", denying());
    };
  };
  EXPECT_EQ(wrong_answers({move("role:r", subject), move(subject, "role:r")}), 0);
}

// The agent's record and its policy are two things to publish.
TEST_F(PublicationTest, WhatAnAgentHoldsAndWhatDeniesItChangeTogether) {
  const auto denied = [&](Transaction& tx) -> Result<void> {
    TRY(revoke_all(tx, subject, "y"));
    TRY(grant(tx, subject, "x"));
    return grant(tx, subject, "x", denying());
  };
  const auto unheld = [&](Transaction& tx) -> Result<void> {
    TRY(revoke_all(tx, subject, "x"));
    Terms terms;
    terms.resource = "z:1";
    return grant(tx, subject, "y", terms);
  };
  write(denied);
  EXPECT_EQ(wrong_answers({unheld, denied}), 0);
}

TEST_F(PublicationTest, TheMembershipThatBringsADenyIsSeenWithTheRole) {
  const auto by_member = [&](Transaction& tx) -> Result<void> {
    TRY(revoke_all(tx, subject, "x"));
    TRY(revoke_all(tx, "agent:*", "x"));
    TRY(tx.roles().insert("role:r", ""));
    TRY(tx.roles().put_member(subject, agent, TRY(tx.roles().find("role:r")).id, {}));
    TRY(grant(tx, "role:r", "x", denying()));
    return grant(tx, subject, "x");
  };
  const auto by_everybody = [&](Transaction& tx) -> Result<void> {
    TRY(tx.roles().erase("role:r"));
    TRY(note_change(tx, "role:r"));
    return grant(tx, "agent:*", "x", denying());
  };
  write(by_member);
  EXPECT_EQ(wrong_answers({by_everybody, by_member}), 0);
}

// What is asked for is made numbers before it is decided: not before what it is decided by.
TEST_F(PublicationTest, AQuestionIsReadAndDecidedByOneMoment) {
  const Directory::View before(replica.directory());
  const Actor actor(before.find_agent(agent));
  const Question question = question_of(before, "new", Timestamp{});
  write([&](Transaction& tx) -> Result<void> {
    TRY(grant(tx, "agent:*", "new", denying()));
    return grant(tx, "agent:*", "*");
  });
  EXPECT_EQ(decide(before, actor, question).reason, Reason::not_granted);
  // Views of one thread nest, and each has its own moment.
  const auto reason = [&](const Directory::View& view) {
    return decide(view, Actor(view.find_agent(agent)), question_of(view, "new", {})).reason;
  };
  const Directory::View after(replica.directory());
  EXPECT_EQ(reason(after), Reason::denied);
  EXPECT_EQ(reason(before), Reason::not_granted);
}

}  // namespace
}  // namespace agentauth
