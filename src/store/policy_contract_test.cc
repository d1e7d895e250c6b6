// Grants, roles and attributes, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "store/testing/contract.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::must;
using ::testing::UnorderedElementsAre;

class PolicyContract : public testing::MigratedTest {
 protected:
  AgentId add_agent() {
    return must(write([](Transaction& tx) { return tx.agents().insert("Bot", "ops@example.com"); }))
        .agent_id;
  }
  Role add_role(const std::string& principal) {
    return *must(write([&](Transaction& tx) { return tx.roles().insert(principal, ""); }));
  }
  Grant grant(const GrantSubject& subject, const std::string& permission, const Terms& terms = {},
              std::optional<GrantId> id = {}) {
    return must(
        write([&](Transaction& tx) { return tx.grants().insert(subject, permission, terms, id); }));
  }
  static GrantSubject subject(AgentId agent) { return {subject_of(agent), agent, {}}; }
  static GrantSubject subject(const Role& role) { return {role.principal, {}, role.id}; }
  std::vector<std::string> permissions_of(const std::string& name) {
    std::vector<std::string> found;
    for (const Grant& grant :
         must(read([&](Transaction& tx) { return tx.grants().list(name, {}, 100); })))
      found.push_back(grant.permission);
    return found;
  }
  std::vector<std::string> rules() {
    std::vector<std::string> found;
    must(read([&](Transaction& tx) {
      return tx.grants().each_rule(
          [&](const Grant& grant) { found.push_back(grant.subject + ' ' + grant.permission); });
    }));
    return found;
  }
  bool is_member(const std::string& member, const std::string& of) {
    bool found = false;
    must(read([&](Transaction& tx) {
      return tx.roles().each_membership_of(
          member, [&](const auto& state) { found = found || state.of.principal == of; });
    }));
    return found;
  }
  Result<bool> spend(GrantId id, const std::string& use) {
    return database_->write_apart(
        [&](Transaction& tx) { return tx.grants().spend(id, use, Timestamp{1ms}); });
  }
};

INSTANTIATE_TEST_SUITE_P(Store, PolicyContract, testing::every_backend, testing::backend_name);

TEST_P(PolicyContract, TheSameGrantIsTheOneWithTheSameTerms) {
  const AgentId agent = add_agent();
  const Role role = add_role("role:reader");
  Terms narrow;
  narrow.resource = "city:berlin";
  narrow.when = "context.a == 1";
  narrow.not_before = Timestamp{5ms};
  narrow.expires_at = Timestamp{90ms};
  narrow.max_uses = 3;
  Terms denied;
  denied.effect = Effect::deny;
  const auto same = [&](const std::string& name, const std::string& permission,
                        const Terms& terms) -> std::optional<GrantId> {
    Grant wanted;
    static_cast<Terms&>(wanted) = terms;
    wanted.subject = name;
    wanted.permission = permission;
    const auto found = must(read([&](Transaction& tx) { return tx.grants().find_same(wanted); }));
    return found ? std::optional(found->id) : std::nullopt;
  };
  const Grant plain = grant(subject(agent), "read");
  const Grant first = grant(subject(role), "read", narrow);
  const Grant second = grant(subject(role), "read", narrow);  // perhaps of the same millisecond
  const Grant deny = grant(subject(role), "read", denied);
  EXPECT_EQ(same(subject_of(agent), "read", {}), plain.id);
  EXPECT_THAT(same(role.principal, "read", narrow),
              AnyOf(std::optional(first.id), std::optional(second.id)));
  EXPECT_EQ(same(role.principal, "read", denied), deny.id);
  EXPECT_EQ(same(role.principal, "read", {}), std::nullopt);
  EXPECT_EQ(same(subject_of(agent), "read", narrow), std::nullopt);
  EXPECT_EQ(same(role.principal, "write", narrow), std::nullopt);
  Terms other = narrow;
  other.expires_at = Timestamp{91ms};
  EXPECT_EQ(same(role.principal, "read", other), std::nullopt);
  other = narrow;
  other.max_uses.reset();
  EXPECT_EQ(same(role.principal, "read", other), std::nullopt);
  EXPECT_EQ(must(read([&](Transaction& tx) { return tx.grants().count_rules_of("role:reader"); })),
            3);
  EXPECT_EQ(must(read([&](Transaction& tx) { return tx.permissions().count_of(agent); })), 1);
}

TEST_P(PolicyContract, AGrantComesBackWithItsTerms) {
  Terms terms;
  terms.resource = "city:ber*";
  terms.effect = Effect::deny;
  terms.when = "context.amount > 500";
  terms.not_before = Timestamp{1s};
  terms.expires_at = Timestamp{2s};
  const Grant made = grant({"user:alice"}, "read_weather", terms);
  const Grant found = must(read([&](Transaction& tx) { return tx.grants().find(made.id); }));
  EXPECT_EQ(found.subject, "user:alice");
  EXPECT_EQ(found.permission, "read_weather");
  EXPECT_TRUE(found.terms() == terms);
  EXPECT_EQ(found.created_at, made.created_at);
}

TEST_P(PolicyContract, WhatHasNoTermsIsAPermissionAndOneOfTheGrantsAllTheSame) {
  const AgentId agent = add_agent();
  const Grant plain = grant(subject(agent), "a");
  Terms counted;
  counted.max_uses = 3;
  const Grant with_terms = grant(subject(agent), "a", counted);
  EXPECT_THAT(permissions_of(subject_of(agent)), UnorderedElementsAre("a", "a"));
  EXPECT_THAT(rules(), ElementsAre(subject_of(agent) + " a")) << "only those with terms";
  for (const Grant& made : {plain, with_terms}) {
    const Grant found = must(read([&](Transaction& tx) { return tx.grants().find(made.id); }));
    EXPECT_TRUE(found.terms() == made.terms());
    EXPECT_EQ(found.subject, subject_of(agent));
    must(write([&](Transaction& tx) { return tx.grants().erase(made.id); }));
    EXPECT_EQ(write([&](Transaction& tx) { return tx.grants().erase(made.id); }).error().code,
              Errc::not_found);
  }
  EXPECT_THAT(permissions_of(subject_of(agent)), IsEmpty());
}

TEST_P(PolicyContract, AnIdIsTakenOnce) {
  const GrantId id = *GrantId::parse("0c5a7e4e-6d0f-4d62-9f6b-2f5c1f0e9a11");
  EXPECT_EQ(grant({"user:alice"}, "a", {}, id).id, id);
  const auto again =
      write([&](Transaction& tx) { return tx.grants().insert({"user:bob"}, "a", {}, id); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::conflict);
}

TEST_P(PolicyContract, AllGrantsAreListedByTheirIdsInPages) {
  const AgentId agent = add_agent();
  std::vector<GrantId> made;
  for (const char* permission : {"a", "b", "c"}) {
    made.push_back(grant(subject(agent), permission).id);
    made.push_back(grant({"user:alice"}, permission).id);
  }
  std::sort(made.begin(), made.end());
  std::vector<GrantId> listed;
  for (GrantId after{};;) {
    const auto page = must(read([&](Transaction& tx) { return tx.grants().list_all(after, 4); }));
    if (page.empty()) break;
    for (const Grant& grant : page) listed.push_back(grant.id);
    after = listed.back();
  }
  EXPECT_EQ(listed, made);
}

TEST_P(PolicyContract, WhatWasGrantedGoesWithWhomItWasGrantedTo) {
  const AgentId agent = add_agent();
  const Role role = add_role("role:reader");
  Terms denied;
  denied.effect = Effect::deny;
  grant(subject(agent), "a", denied);
  grant(subject(role), "b");
  must(write([&](Transaction& tx) {
    return tx.roles().put_member(subject_of(agent), agent, role.id, {});
  }));
  EXPECT_TRUE(is_member(subject_of(agent), "role:reader"));
  must(write([&](Transaction& tx) { return tx.agents().erase(agent); }));
  EXPECT_FALSE(is_member(subject_of(agent), "role:reader"));
  EXPECT_THAT(rules(), ElementsAre("role:reader b"));
  must(write([&](Transaction& tx) { return tx.roles().erase("role:reader"); }));
  EXPECT_THAT(rules(), IsEmpty());
}

TEST_P(PolicyContract, ARoleThatIsMadeAgainHasNoMembers) {
  const Role first = add_role("role:reader");
  const Role group = add_role("group:team");
  must(write(
      [&](Transaction& tx) { return tx.roles().put_member("group:team", {}, first.id, {}); }));
  must(write(
      [&](Transaction& tx) { return tx.roles().put_member("role:reader", {}, group.id, {}); }));
  must(write([&](Transaction& tx) { return tx.roles().erase("role:reader"); }));
  EXPECT_NE(add_role("role:reader").id, first.id);
  EXPECT_FALSE(is_member("group:team", "role:reader"));
  EXPECT_FALSE(is_member("role:reader", "group:team"));
}

TEST_P(PolicyContract, AMembershipIsMadeOnceAndMayGetAnotherEnd) {
  const Role role = add_role("role:reader");
  const auto put = [&](std::optional<Timestamp> expires_at) {
    return must(write([&](Transaction& tx) {
      return tx.roles().put_member("user:alice", {}, role.id, expires_at);
    }));
  };
  EXPECT_TRUE(put(std::nullopt));
  EXPECT_FALSE(put(Timestamp{5s}));
  const auto found =
      must(read([&](Transaction& tx) { return tx.roles().find_member("user:alice", role.id); }));
  EXPECT_EQ(found.expires_at, Timestamp{5s});
  EXPECT_TRUE(
      must(write([&](Transaction& tx) { return tx.roles().erase_member("user:alice", role.id); })));
  EXPECT_FALSE(
      must(write([&](Transaction& tx) { return tx.roles().erase_member("user:alice", role.id); })));
}

TEST_P(PolicyContract, MembersAndMembershipsAreListedInPages) {
  const Role role = add_role("role:reader");
  for (const char* member : {"user:a", "user:b", "user:c"}) {
    must(write([&](Transaction& tx) { return tx.roles().put_member(member, {}, role.id, {}); }));
    std::this_thread::sleep_for(2ms);
  }
  const auto first =
      must(read([&](Transaction& tx) { return tx.roles().list_members(role.id, {}, 2); }));
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[1].member, "user:b");
  const PageStart after{first[1].created_at, first[1].id.uuid};
  const auto rest =
      must(read([&](Transaction& tx) { return tx.roles().list_members(role.id, after, 2); }));
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].member, "user:c");
  EXPECT_EQ(
      must(read([](Transaction& tx) { return tx.roles().list_of_member("user:a", {}, 9); })).size(),
      1U);
}

TEST_P(PolicyContract, AGrantIsUsedSoOftenAndARequestUsesItOnce) {
  Terms twice;
  twice.max_uses = 2;
  const Grant made = grant({"user:alice"}, "a", twice);
  EXPECT_TRUE(must(spend(made.id, "r1")));
  EXPECT_TRUE(must(spend(made.id, "r1"))) << "the same request";
  EXPECT_TRUE(must(spend(made.id, "r2")));
  EXPECT_FALSE(must(spend(made.id, "r3")));
  EXPECT_TRUE(must(spend(made.id, "r1"))) << "which had it";
  EXPECT_EQ(must(read([&](Transaction& tx) { return tx.grants().count_uses(made.id); })), 2);
  EXPECT_FALSE(must(spend(GrantId{}, "r1"))) << "no such grant";
}

TEST_P(PolicyContract, AGrantIsNeverUsedTooOftenByManyAtOnce) {
  Terms few;
  few.max_uses = 10;
  const Grant made = grant({"user:alice"}, "a", few);
  std::atomic<int> used{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 10; ++i) {
          const auto spent = spend(made.id, std::to_string(thread) + "-" + std::to_string(i));
          if (spent && *spent) ++used;
        }
      });
  }
  EXPECT_EQ(used.load(), 10);
  EXPECT_EQ(must(read([&](Transaction& tx) { return tx.grants().count_uses(made.id); })), 10);
}

TEST_P(PolicyContract, GrantsThatAreUsedUpAreFoundBesideOneThatIs) {
  Terms once;
  once.max_uses = 1;
  const Grant first = grant({"user:alice"}, "a", once), second = grant({"user:alice"}, "a", once),
              fresh = grant({"user:alice"}, "a", once), other = grant({"user:alice"}, "b", once),
              of_bob = grant({"user:bob"}, "a", once);
  for (const Grant& used : {first, second, other, of_bob}) must(spend(used.id, "r1"));
  EXPECT_THAT(must(read([&](Transaction& tx) { return tx.grants().used_up_beside(first.id); })),
              UnorderedElementsAre(first.id, second.id));
  EXPECT_TRUE(must(spend(fresh.id, "r2")));
}

TEST_P(PolicyContract, WhatAMembershipLeadsToIsCounted) {
  const auto join = [&](const std::string& member, const Role& role) {
    must(write([&](Transaction& tx) { return tx.roles().put_member(member, {}, role.id, {}); }));
  };
  const Role low = add_role("role:low"), left = add_role("role:left"),
             right = add_role("group:right"), top = add_role("group:top");
  join("role:low", left);
  join("role:low", right);
  join("role:left", top);
  join("group:right", top);
  join("user:alice", low);
  join("user:alice", right);
  const Timestamp now{5s};
  must(read([&](Transaction& tx) -> Result<void> {
    EXPECT_EQ(TRY(tx.roles().count_above("user:alice", now)), 4);
    EXPECT_EQ(TRY(tx.roles().count_above("role:low", now)), 3);
    EXPECT_EQ(TRY(tx.roles().count_above("user:nobody", now)), 0);
    EXPECT_TRUE(TRY(tx.roles().is_within("role:low", "group:top")));
    EXPECT_TRUE(TRY(tx.roles().is_within("role:low", "role:low")));
    EXPECT_FALSE(TRY(tx.roles().is_within("group:top", "role:low")));
    EXPECT_EQ(TRY(tx.roles().levels_above("role:low", 16, now)), 2);
    EXPECT_EQ(TRY(tx.roles().levels_above("role:low", 1, now)), 1);
    EXPECT_EQ(TRY(tx.roles().levels_below("group:top", 16, now)), 2) << "a user is no level";
    // Counted by each way: four from role:low, two from group:right.
    EXPECT_THAT(TRY(tx.roles().maybe_above("group:top", 5, 9, now)), ElementsAre("user:alice"));
    EXPECT_THAT(TRY(tx.roles().maybe_above("group:top", 6, 9, now)), IsEmpty());
    EXPECT_EQ(TRY(tx.roles().maybe_above("group:top", 0, 2, now)).size(), 2U);
    return {};
  }));
}

TEST_P(PolicyContract, WhatHasEndedIsNotCountedAndIsSwept) {
  const auto join = [&](const std::string& member, const Role& role, Timestamp until) {
    must(write([&](Transaction& tx) { return tx.roles().put_member(member, {}, role.id, until); }));
  };
  const Role low = add_role("role:low"), high = add_role("role:high"), top = add_role("role:top");
  join("role:low", high, Timestamp{10s});
  join("role:high", top, Timestamp{20s});
  join("user:alice", low, Timestamp{30s});
  const auto counts = [&](Timestamp now) {
    return must(read([&](Transaction& tx) -> Result<std::vector<std::int64_t>> {
      return std::vector<std::int64_t>{
          TRY(tx.roles().count_of_member("user:alice", now)),
          TRY(tx.roles().count_above("user:alice", now)),
          TRY(tx.roles().levels_above("role:low", 16, now)),
          TRY(tx.roles().levels_below("role:top", 16, now)),
          static_cast<std::int64_t>(TRY(tx.roles().maybe_above("role:top", 0, 9, now)).size())};
    }));
  };
  EXPECT_THAT(counts(Timestamp{9s}), ElementsAre(1, 3, 2, 2, 3));
  EXPECT_THAT(counts(Timestamp{10s}), ElementsAre(1, 1, 0, 1, 1)) << "an end is the first moment";
  EXPECT_THAT(counts(Timestamp{30s}), ElementsAre(0, 0, 0, 0, 0));
  EXPECT_TRUE(must(read([](Transaction& tx) {
    return tx.roles().is_within("role:low", "role:top");
  }))) << "it may be made to last again";

  Terms terms;
  terms.expires_at = Timestamp{10s};
  grant(subject(low), "read", terms);
  grant(subject(low), "write");
  const auto has_ended = [&](Timestamp before) {
    return must(read([&](Transaction& tx) -> Result<std::vector<bool>> {
      return std::vector<bool>{TRY(tx.roles().has_ended(before)),
                               TRY(tx.grants().has_ended(before))};
    }));
  };
  EXPECT_THAT(has_ended(Timestamp{10s}), ElementsAre(false, false));
  EXPECT_THAT(has_ended(Timestamp{11s}), ElementsAre(true, true));
  const auto swept =
      must(write([](Transaction& tx) { return tx.roles().sweep_ended(Timestamp{25s}, 1); }));
  ASSERT_EQ(swept.size(), 1U);
  EXPECT_EQ(swept[0].member, "role:low");
  EXPECT_EQ(swept[0].of, "role:high");
  EXPECT_FALSE(is_member("role:low", "role:high"));
  EXPECT_TRUE(is_member("role:high", "role:top"));
  EXPECT_EQ(
      must(write([](Transaction& tx) { return tx.roles().sweep_ended(Timestamp{25s}, 9); })).size(),
      1U);
  EXPECT_TRUE(is_member("user:alice", "role:low"));
  const auto grants =
      must(write([](Transaction& tx) { return tx.grants().sweep_ended(Timestamp{25s}, 9); }));
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(grants[0].permission, "read");
  EXPECT_THAT(permissions_of("role:low"), ElementsAre("write"));
}

TEST_P(PolicyContract, UsesAreSweptOnceTheyAreOld) {
  Terms few;
  few.max_uses = 10;
  const Grant made = grant({"user:alice"}, "a", few);
  must(spend(made.id, "r1"));
  const auto sweep = [&](Timestamp before) {
    return must(write([&](Transaction& tx) { return tx.grants().sweep_uses(before, 100); }));
  };
  const auto has_uses = [&](Timestamp before) {
    return must(read([&](Transaction& tx) { return tx.grants().has_uses(before); }));
  };
  EXPECT_FALSE(has_uses(Timestamp{1ms}));
  EXPECT_TRUE(has_uses(Timestamp{2ms}));
  EXPECT_EQ(sweep(Timestamp{1ms}), 0);
  EXPECT_EQ(sweep(Timestamp{2ms}), 1);
  EXPECT_EQ(must(read([&](Transaction& tx) { return tx.grants().count_uses(made.id); })), 1);
}

TEST_P(PolicyContract, AttributesAreReplacedAndForgotten) {
  const auto put = [&](const std::string& properties) {
    return must(write([&](Transaction& tx) {
      return tx.entities().put("record", "1", properties, Timestamp{1s});
    }));
  };
  EXPECT_TRUE(put(R"({"a":1})"));
  EXPECT_FALSE(put(R"({"b":2})"));
  const auto found = must(read([](Transaction& tx) { return tx.entities().find("record", "1"); }));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->properties, R"({"b":2})");
  EXPECT_EQ(found->updated_at, Timestamp{1s});
  must(write([](Transaction& tx) { return tx.entities().erase("record", "1"); }));
  EXPECT_FALSE(must(read([](Transaction& tx) { return tx.entities().find("record", "1"); })));
  EXPECT_EQ(write([](Transaction& tx) { return tx.entities().erase("record", "1"); }).error().code,
            Errc::not_found);
}

TEST_P(PolicyContract, AChangeOfAPrincipalNamesIt) {
  const auto revision = must(write([](Transaction& tx) {
    return tx.changes().append_name(ChangeKind::principal, "role:reader");
  }));
  const auto changes =
      must(read([&](Transaction& tx) { return tx.changes().after(revision - 1, 9); }));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, ChangeKind::principal);
  EXPECT_EQ(changes[0].name, "role:reader");
}

}  // namespace
}  // namespace agentauth
