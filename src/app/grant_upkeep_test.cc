#include "app/grant_upkeep.h"

#include <gtest/gtest.h>

#include "audit/chain.h"
#include "directory/testing/replica.h"

namespace agentauth::app {
namespace {

TEST(GrantUpkeep, UsesAreForgottenADayAfterwardsAndStayCounted) {
  Replica replica;
  const AgentId agent = replica.add_agent();
  const GrantId id = value_of(replica.database().write([&](Transaction& tx) -> Result<GrantId> {
    Terms terms;
    terms.max_uses = 3;
    return TRY(tx.grants().insert({subject_of(agent), agent}, "pay", terms)).id;
  }));
  const Timestamp used_at{std::chrono::hours{1000}};
  const auto use = [&](const std::string& name) {
    return value_of(replica.database().write_apart(
        [&](Transaction& tx) { return tx.grants().spend(id, name, used_at); }));
  };
  const auto sweep = [&](Timestamp now) {
    return value_of(sweep_grant_uses(replica.database(), now));
  };
  EXPECT_TRUE(use("one"));
  EXPECT_TRUE(use("two"));
  EXPECT_FALSE(sweep(used_at + grant_uses_kept));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM grant_uses"), 2);
  EXPECT_FALSE(sweep(used_at + grant_uses_kept + std::chrono::milliseconds{1}));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM grant_uses"), 0);
  EXPECT_TRUE(use("three"));
  EXPECT_FALSE(use("four"));
}

TEST(GrantUpkeep, SweepsInBatchesAndSaysWhetherThereIsMore) {
  Replica replica;
  replica.execute(
      "INSERT INTO grants (id, subject, permission) "
      "VALUES ('7e0c5a52-6c2f-4b53-8f0e-1f4b7a9d3c11', 'user:a', 'pay')");
  replica.execute(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 501) "
      "INSERT INTO grant_uses (grant_id, request_id, used_at) "
      "SELECT grants.id, n.i, 0 FROM n, grants");
  const Timestamp now{std::chrono::hours{1000}};
  EXPECT_TRUE(value_of(sweep_grant_uses(replica.database(), now)));
  EXPECT_FALSE(value_of(sweep_grant_uses(replica.database(), now)));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM grant_uses"), 0);
}

TEST(GrantUpkeep, WhatEndedLongAgoIsErasedAndOnRecord) {
  Replica replica;
  replica.database().append_audit_by(audit::append);
  const AgentId agent = replica.add_agent();
  const Timestamp end{std::chrono::hours{1000}};
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    const auto role = TRY(tx.roles().insert("role:reader", ""));
    Terms terms;
    terms.expires_at = end;
    TRY(tx.grants().insert({"role:reader", {}, role->id}, "pay", terms));
    TRY(tx.grants().insert({"role:reader", {}, role->id}, "read", {}));
    TRY(tx.roles().put_member(subject_of(agent), agent, role->id, end));
    TRY(tx.roles().put_member("user:alice", {}, role->id, {}));
    return {};
  }));
  const AuditText node = AuditText::of_node("test/1");
  const auto left = [&] {
    return std::pair(replica.number("SELECT COUNT(*) FROM grants"),
                     replica.number("SELECT COUNT(*) FROM memberships"));
  };
  int told = 0;
  const auto sweep = [&](Timestamp now) {
    return value_of(sweep_ended(replica.database(), node, now, [&](const AuditEvent&) { ++told; }));
  };
  EXPECT_FALSE(sweep(end + ended_kept));
  EXPECT_EQ(left(), std::pair(std::int64_t{2}, std::int64_t{2}));
  const auto before = replica.revision();
  EXPECT_FALSE(sweep(end + ended_kept + std::chrono::milliseconds{1}));
  EXPECT_EQ(told, 2);
  EXPECT_EQ(left(), std::pair(std::int64_t{1}, std::int64_t{1}));
  EXPECT_EQ(replica.revision(), before + 2) << "the role and the agent";
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM audit_log WHERE reason = 'schedule' AND "
                           "action IN ('permission.revoke', 'member.remove')"),
            2);
}

}  // namespace
}  // namespace agentauth::app
