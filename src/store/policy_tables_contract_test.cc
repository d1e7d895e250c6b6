// Many rows of policy with each statement, on every database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing/contract.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;
using testing::Backend;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::must;
using testing::TestDatabase;

constexpr Timestamp now{1'700'000'000'000ms};
constexpr int many = 150;

class PolicyTablesContract : public ::testing::TestWithParam<Backend> {
 protected:
  template <class F>
  auto write(F work) {
    return database_->write(work);
  }
  static std::string number(int i) { return std::to_string(1000 + i); }
  AgentId add_agent() {
    return must(write([](Transaction& tx) { return tx.agents().insert("Bot", "ops@example.com"); }))
        .agent_id;
  }
  RoleId add_role(const std::string& principal) {
    return must(write([&](Transaction& tx) { return tx.roles().insert(principal, ""); }))->id;
  }
  std::int64_t count(Sql sql) {
    return must(database_->read([&](Transaction& tx) -> Result<std::int64_t> {
      return testing::integer(tx.session(), sql);
    }));
  }
  void put_members(const std::vector<PolicyTables::NewMember>& members) {
    must(write([&](Transaction& tx) { return tx.policies().put_members(members); }));
  }

  TestDatabase where_{GetParam(), testing::Begins::migrated};
  std::unique_ptr<Database> database_ = where_.open_migrated();
};

INSTANTIATE_TEST_SUITE_P(Store, PolicyTablesContract, testing::every_backend,
                         testing::backend_name);

TEST_P(PolicyTablesContract, RolesAreMadeOrDescribedAnew) {
  const RoleId first = add_role("role:" + number(0));
  std::vector<PolicyTables::NewRole> roles;
  std::vector<std::string> principals;
  for (int i = 0; i < many; ++i) {
    principals.push_back("role:" + number(i));
    roles.push_back({principals.back(), "About " + number(i)});
  }
  must(write([&](Transaction& tx) { return tx.policies().put_roles(roles); }));
  const auto listed = must(
      database_->read([](Transaction& tx) { return tx.roles().list(RoleKind::role, {}, 1000); }));
  EXPECT_EQ(listed.size(), 150U);
  const Role known =
      must(database_->read([&](Transaction& tx) { return tx.roles().find(principals[0]); }));
  EXPECT_EQ(known.id, first) << "it stays the same role";
  EXPECT_EQ(known.about, "About 1000");
  put_members({{"user:alice", {}, first, {}}, {"role:1001", {}, first, {}}});
  principals.emplace_back("role:none");
  EXPECT_EQ(must(write([&](Transaction& tx) { return tx.policies().erase_roles(principals); })),
            many);
  EXPECT_EQ(count("SELECT COUNT(*) FROM roles"), 0);
  EXPECT_EQ(count("SELECT COUNT(*) FROM memberships"), 0);
}

TEST_P(PolicyTablesContract, MembersAreMadeOrLastUntilAnotherTime) {
  const RoleId role = add_role("role:a");
  const AgentId agent = add_agent();
  put_members({{"user:alice", {}, role, now}, {subject_of(agent), agent, role, {}}});
  put_members({{"user:alice", {}, role, {}}, {"user:bob", {}, role, now + 1h}});
  std::vector<Membership> found;
  must(database_->read([&](Transaction& tx) {
    return tx.policies().each_membership_in(RoleKind::role,
                                            [&](const Membership& each) -> Result<void> {
                                              found.push_back(each);
                                              return {};
                                            });
  }));
  ASSERT_EQ(found.size(), 3U);
  std::vector<MembershipId> ids;
  for (const Membership& membership : found) {
    EXPECT_EQ(membership.of, "role:a");
    EXPECT_EQ(membership.expires_at.has_value(), membership.member == "user:bob");
    ids.push_back(membership.id);
  }
  must(write([&](Transaction& tx) { return tx.agents().erase(agent); }));
  EXPECT_EQ(must(write([&](Transaction& tx) { return tx.policies().erase_members(ids); })), 2)
      << "the agent's went with it";
  EXPECT_EQ(write([&](Transaction& tx) {
              return tx.policies().put_members(
                  std::vector<PolicyTables::NewMember>{{"user:eve", {}, RoleId{}, {}}});
            })
                .error()
                .code,
            Errc::conflict);
}

TEST_P(PolicyTablesContract, WhoIsInTooManyIsFound) {
  std::vector<PolicyTables::NewMember> members;
  RoleId inner{};
  for (int i = 0; i < 6; ++i) {
    const RoleId role = add_role("role:" + number(i));
    members.push_back({"user:five", {}, role, i == 0 ? std::optional(now) : std::nullopt});
    members.push_back({"user:ended", {}, role, now - 1h});
    if (i == 0) inner = role;
    if (i > 0) members.push_back({"role:1000", {}, role, {}});
  }
  members.push_back({"user:below", {}, inner, now + 1h});
  put_members(members);
  const std::vector<std::string> asked = {"user:five", "user:ended", "user:below", "user:none"};
  const auto crowded = must(database_->read(
      [&](Transaction& tx) { return tx.policies().members_of_many(asked, now, 4, 5); }));
  ASSERT_EQ(crowded.size(), 2U);
  for (const auto& each : crowded) {
    EXPECT_EQ(each.lasting, each.member == "user:five" ? 5 : 0);
    EXPECT_EQ(each.ended, each.member == "user:five" ? 1 : 6);
  }
  const auto far = [&](std::int64_t most, Timestamp at) {
    return must(database_->read(
        [&](Transaction& tx) { return tx.policies().members_far_above(asked, at, most); }));
  };
  EXPECT_THAT(far(5, now), ElementsAre("user:below"));
  EXPECT_THAT(far(6, now), IsEmpty());
  EXPECT_THAT(far(5, now + 2h), IsEmpty()) << "it ended";
}

TEST_P(PolicyTablesContract, GrantsGoWhereEachBelongs) {
  const AgentId agent = add_agent();
  const RoleId role = add_role("group:g");
  std::vector<Grant> wanted(many);
  std::vector<PolicyTables::NewGrant> grants;
  for (int i = 0; i < many; ++i) {
    Grant& grant = wanted[static_cast<std::size_t>(i)];
    grant.permission = "p" + number(i);
    if (i % 3 == 1) grant.resource = "city:" + number(i);
    if (i % 3 == 2) {
      grant.effect = Effect::deny;
      grant.expires_at = now;
      grant.when = "context.a == 1";
    }
    grants.push_back({i % 2 == 0 ? GrantSubject{subject_of(agent), agent, {}}
                                 : GrantSubject{"group:g", {}, role},
                      &grant});
  }
  must(write([&](Transaction& tx) { return tx.policies().insert_grants(grants); }));
  EXPECT_EQ(count("SELECT COUNT(*) FROM permissions"), many / 6);
  EXPECT_EQ(count("SELECT COUNT(*) FROM grants"), many - many / 6);
  std::size_t to_group = 0;
  must(database_->read([&](Transaction& tx) {
    return tx.policies().each_grant_to(RoleKind::group, [&](const Grant&) -> Result<void> {
      ++to_group;
      return {};
    });
  }));
  EXPECT_EQ(to_group, 75U);
  std::vector<GrantId> ids;
  for (const Grant& grant : must(database_->read(
           [](Transaction& tx) { return tx.grants().list_all(GrantId{}, 1000); }))) {
    const auto same = std::find_if(wanted.begin(), wanted.end(), [&](const Grant& each) {
      return each.permission == grant.permission;
    });
    EXPECT_EQ(grant.resource, same->resource);
    EXPECT_EQ(grant.when, same->when);
    EXPECT_EQ(grant.expires_at, same->expires_at);
    EXPECT_EQ(grant.decides(), same->decides());
    ids.push_back(grant.id);
  }
  const std::vector<std::string> subjects = {"group:g", subject_of(agent), "user:none"};
  std::int64_t rules = 0;
  std::int64_t plain = 0;
  must(database_->read([&](Transaction& tx) -> Result<void> {
    TRY(tx.policies().count_rules_of(
        subjects, [&](const std::string&, std::int64_t found) { rules += found; }));
    return tx.policies().count_permissions_of(std::vector{agent},
                                              [&](AgentId, std::int64_t found) { plain = found; });
  }));
  EXPECT_EQ(rules, many - many / 6);
  EXPECT_EQ(plain, many / 6);
  EXPECT_EQ(must(write([&](Transaction& tx) { return tx.policies().erase_grants(ids); })), many);
}

TEST_P(PolicyTablesContract, WhatIsAlikeIsFoundOnceAndNothingElse) {
  const AgentId agent = add_agent();
  const RoleId role = add_role("role:r");
  const GrantSubject to_agent{subject_of(agent), agent, {}};
  const GrantSubject to_role{"role:r", {}, role};
  std::vector<Grant> stored(many);
  std::vector<PolicyTables::NewGrant> grants;
  for (int i = 0; i < many; ++i) {
    Grant& grant = stored[static_cast<std::size_t>(i)];
    const GrantSubject& subject = i % 2 == 0 ? to_agent : to_role;
    grant.subject = subject.name;
    grant.permission = "p" + number(i);
    if (i % 3 == 1) grant.resource = "city:" + number(i);
    if (i % 3 == 2) grant.effect = Effect::deny;
    grants.push_back({subject, &grant});
  }
  must(write([&](Transaction& tx) { return tx.policies().insert_grants(grants); }));
  const auto alike = [&](const std::vector<Grant>& wanted) {
    std::vector<const Grant*> pointers;
    for (const Grant& grant : wanted) pointers.push_back(&grant);
    std::vector<std::string> found;
    must(database_->read([&](Transaction& tx) {
      return tx.policies().each_grant_alike(
          pointers, [&](const Grant& grant) { found.push_back(grant.permission); });
    }));
    return found;
  };
  EXPECT_EQ(alike(stored).size(), static_cast<std::size_t>(many));
  EXPECT_THAT(alike({}), IsEmpty());

  std::vector<Grant> others = stored;
  for (Grant& grant : others) grant.max_uses = 5;  // never without terms, on the same resources
  EXPECT_EQ(alike(others).size(), static_cast<std::size_t>(many - many / 6));
  for (Grant& grant : others) grant.resource = "city:other";
  EXPECT_THAT(alike(others), IsEmpty());
  others = stored;
  for (Grant& grant : others) grant.permission += "0";
  EXPECT_THAT(alike(others), IsEmpty());
  const std::vector<Grant> twice(70, stored[5]);
  EXPECT_THAT(alike(twice), ElementsAre("p1005"));
}

TEST_P(PolicyTablesContract, WhatRolesAreAboutIsFoundOfThoseThatAreThere) {
  std::vector<PolicyTables::NewRole> roles;
  std::vector<std::string> asked = {"role:none"};
  for (int i = 0; i < many; ++i) {
    roles.push_back({"group:" + number(i), "About " + number(i)});
    if (i < many / 2) asked.push_back(roles.back().principal);
  }
  must(write([&](Transaction& tx) { return tx.policies().put_roles(roles); }));
  std::size_t found = 0;
  must(database_->read([&](Transaction& tx) {
    return tx.policies().each_about_of(asked,
                                       [&](const std::string& principal, const std::string& about) {
                                         ++found;
                                         EXPECT_EQ("group:" + about.substr(6), principal);
                                       });
  }));
  EXPECT_EQ(found, static_cast<std::size_t>(many / 2));
}

TEST_P(PolicyTablesContract, EntitiesArePutInThePlaceOfThoseThatWereThere) {
  std::vector<EntityRepository::State> entities;
  std::vector<EntityRepository::Name> names;
  for (int i = 0; i < many; ++i) {
    entities.push_back({i % 2 == 0 ? "record" : "city", number(i / 2), R"({"a":1})", now});
    names.push_back({entities.back().type, entities.back().id});
  }
  must(write([&](Transaction& tx) { return tx.policies().put_entities(entities); }));
  entities.resize(3);
  for (auto& entity : entities) entity.properties = "{}";
  must(write([&](Transaction& tx) { return tx.policies().put_entities(entities); }));
  std::size_t empty = 0;
  std::size_t found = 0;
  must(database_->read([&](Transaction& tx) {
    return tx.entities().each_of(names, [&](const EntityRepository::State& state) {
      ++found;
      if (state.properties == "{}") ++empty;
    });
  }));
  EXPECT_EQ(found, 150U);
  EXPECT_EQ(empty, 3U);
  names.resize(100);
  EXPECT_EQ(must(write([&](Transaction& tx) { return tx.policies().erase_entities(names); })), 100);
  EXPECT_EQ(count("SELECT COUNT(*) FROM entities"), 50);
}

TEST_P(PolicyTablesContract, ManyChangesAreInTheLogInTheirOrder) {
  std::vector<Change> changes;
  const AgentId agent = add_agent();
  const FamilyId family = FamilyId::parse("00112233-4455-4677-8899-aabbccddeeff").value();
  changes.push_back({.kind = ChangeKind::permission, .agent_id = agent});
  changes.push_back({.kind = ChangeKind::token_family, .agent_id = agent, .family = family});
  for (int i = 0; i < many; ++i)
    changes.push_back({.kind = ChangeKind::principal, .agent_id = {}, .name = "user:" + number(i)});
  must(write([&](Transaction& tx) -> Result<void> {
    TRY(tx.changes().append(ChangeKind::agent, agent));
    TRY(tx.changes().append_all(changes));
    TRY(tx.changes().append_all({}));
    TRY(tx.changes().append(ChangeKind::agent, agent));
    return {};
  }));
  const auto logged =
      must(database_->read([](Transaction& tx) { return tx.changes().after(0, 1000); }));
  ASSERT_EQ(logged.size(), changes.size() + 2);
  for (std::size_t i = 0; i < logged.size(); ++i)
    EXPECT_EQ(logged[i].revision, static_cast<Revision>(i + 1));
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(logged[i + 1].kind, changes[i].kind);
    EXPECT_EQ(logged[i + 1].agent_id, changes[i].agent_id);
    EXPECT_EQ(logged[i + 1].family, changes[i].family);
    EXPECT_EQ(logged[i + 1].name, changes[i].name);
  }
}

}  // namespace
}  // namespace agentauth
