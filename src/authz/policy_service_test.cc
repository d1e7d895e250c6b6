#include "authz/policy_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authz/authority.h"
#include "authz/testing/write_as.h"
#include "store/testing/watched_driver.h"

namespace agentauth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class PolicyServiceTest : public ::testing::Test {
 protected:
  Caller by_key(AgentId caller) { return {caller, 0, {}, replica.any_key_of(caller)}; }

  template <class F>
  auto write_as(AgentId caller, F work) {
    return testing::write_as(replica, by_key(caller), clock.now(), work);
  }
  Result<PolicyDiff> apply_as(AgentId caller, std::string_view text,
                              PolicyService::Unlisted unlisted = PolicyService::Unlisted::removed) {
    const std::string body = spell_out_policy(text);
    const auto document = decode<PolicyDocument>({.path = {}, .query = {}, .body = body});
    if (!document) return tl::unexpected(document.error());
    return write_as(caller, [&](Transaction& tx, Author& author) {
      return service.apply(tx, author, *document, unlisted);
    });
  }
  Result<PolicyDiff> keep_as(AgentId caller, std::string_view text) {
    return apply_as(caller, text, PolicyService::Unlisted::kept);
  }
  Result<PolicyDiff> apply(std::string_view text) { return apply_as(administrator, text); }
  // What a correct policy answers; a wrong one fails the test.
  PolicyDiff applied(std::string_view text) { return value_of(apply(text)); }

  std::string exported() {
    const auto document =
        value_of(replica.database().snapshot([&](Transaction& tx) { return service.read(tx); }));
    std::string text;
    JsonWriter out(text);
    write_policy(document, out);
    return text;
  }
  bool may(const std::string& subject, const std::string& action, std::string_view resource = "") {
    const Directory::View view(replica.directory());
    Question question = question_of(view, action, clock.now());
    question.resource = resource;
    return decide(view, Subject(subject), question).allowed();
  }
  bool is_member(const std::string& member) {
    bool found = false;
    value_of(replica.database().read([&](Transaction& tx) {
      return tx.roles().each_membership_of(
          member, [&](const RoleRepository::MembershipState&) { found = true; });
    }));
    return found;
  }
  std::vector<std::string> places(const Result<PolicyDiff>& refused) {
    std::vector<std::string> places;
    if (refused) return places;
    for (const FieldError& field : refused.error().fields) places.push_back(field.field);
    return places;
  }
  std::string own(std::string_view action = "agentauth:*") {
    return R"({"subject":")" + subject_of(administrator) + R"(","action":")" + std::string(action) +
           R"("})";
  }

  static std::unique_ptr<Database> watched_database(testing::Watched& watched) {
    auto database = std::make_unique<Database>(std::make_unique<testing::WatchedDriver>(
        value_of(open_driver("sqlite::memory:")), watched));
    value_of(apply_migrations(*database));
    return database;
  }

  testing::Watched watched;
  Replica replica{std::chrono::hours{1}, Replica::Agents::with_key, watched_database(watched)};
  ManualClock clock;
  PermissionService permissions{clock};
  RoleService roles;
  PolicyService service{{permissions, roles}};
  AgentId administrator = replica.add_agent_with({std::string(administrator_permission)});
  AgentId bot = replica.add_agent();
};

constexpr std::string_view readers =
    R"({"roles":[{"name":"reader","about":"Reads","permissions":["read_weather",)"
    R"({"permission":"read_stock","resource":"stock:*","when":"context.amount < 5"}],)"
    R"("members":["user:alice",{"member":"group:staff","expires_at":"2999-01-01T00:00:00.000Z"}]}],)"
    R"("groups":[{"name":"staff","permissions":[],"members":["user:bob"]}],)"
    R"("entities":[{"type":"record","id":"1","properties":{"a":1,"b":[true]}}]})";

TEST_F(PolicyServiceTest, ADocumentIsInForceOnceItIsApplied) {
  const PolicyDiff diff = applied(readers);
  EXPECT_THAT(diff.added,
              UnorderedElementsAre(
                  "role:reader", "group:staff", "role:reader: allow read_weather",
                  "role:reader: allow read_stock on stock:* when context.amount < 5",
                  "role:reader: member user:alice",
                  "role:reader: member group:staff until 2999-01-01T00:00:00.000Z",
                  "group:staff: member user:bob", R"(entity record:1 {"a":1,"b":[true]})"));
  EXPECT_THAT(diff.removed, IsEmpty());
  EXPECT_TRUE(may("user:alice", "read_weather"));
  EXPECT_TRUE(may("user:bob", "read_weather"));
  EXPECT_FALSE(may("user:carol", "read_weather"));
}

TEST_F(PolicyServiceTest, ApplyingTwiceChangesNothing) {
  applied(readers);
  const auto before = replica.revision();
  EXPECT_EQ(applied(readers).size(), 0U);
  EXPECT_EQ(replica.revision(), before);
}

TEST_F(PolicyServiceTest, WhatIsExportedIsCanonicalAndAppliesToNothing) {
  applied(readers);
  const std::string text = exported();
  EXPECT_THAT(text, HasSubstr(R"("roles":[{"name":"reader","about":"Reads","permissions":[)"
                              R"({"permission":"read_stock","resource":"stock:*",)"
                              R"("when":"context.amount < 5"},"read_weather"],)"));
  EXPECT_THAT(text, HasSubstr(R"("grants":[)" + own() + "]"));
  EXPECT_EQ(applied(text).size(), 0U);
}

TEST_F(PolicyServiceTest, AnExportRestoresThePolicyElsewhere) {
  applied(readers);
  const std::string kept = exported();
  applied(R"({"roles":[],"groups":[],"entities":[]})");
  EXPECT_FALSE(may("user:alice", "read_weather"));
  EXPECT_THAT(applied(kept).added, SizeIs(8));
  EXPECT_EQ(exported(), kept);
}

TEST_F(PolicyServiceTest, AKindThatIsNotNamedIsLeftAlone) {
  applied(readers);
  const PolicyDiff diff = applied(R"({"roles":[]})");
  EXPECT_THAT(diff.removed, SizeIs(5));  // the role, its permissions, its members
  EXPECT_THAT(exported(), HasSubstr("group"));
  EXPECT_THAT(exported(), HasSubstr("record"));
  EXPECT_THAT(exported(), HasSubstr("agentauth:*"));
}

TEST_F(PolicyServiceTest, ARoleHoldsExactlyWhatIsListed) {
  applied(readers);
  const PolicyDiff diff =
      applied(R"({"roles":[{"name":"reader","about":"Reads more","permissions":["read_wind"],)"
              R"("members":[{"member":"user:alice","expires_at":"2998-01-01T00:00:00Z"}]}]})");
  EXPECT_THAT(diff.added, ElementsAre("role:reader: allow read_wind"));
  EXPECT_THAT(diff.removed, SizeIs(3));
  EXPECT_THAT(diff.changed, ElementsAre(R"(role:reader: about "Reads more")",
                                        "role:reader: member user:alice until "
                                        "2998-01-01T00:00:00.000Z"));
  EXPECT_TRUE(may("user:alice", "read_wind"));
  EXPECT_FALSE(may("user:alice", "read_weather"));
}

TEST_F(PolicyServiceTest, PlainPermissionsOfAgentsAreGrantsToo) {
  replica.grant(bot, "read_weather");
  const std::string subject = subject_of(bot);
  EXPECT_THAT(exported(), HasSubstr(R"({"subject":")" + subject + R"(","action":"read_weather"})"));
  const PolicyDiff diff = applied(R"({"grants":[)" + own() + "," + R"({"subject":")" + subject +
                                  R"(","action":"read_stock"}]})");
  EXPECT_THAT(diff.added, ElementsAre(subject + ": allow read_stock"));
  EXPECT_THAT(diff.removed, ElementsAre(subject + ": allow read_weather"));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM permissions WHERE permission = 'read_stock'"), 1);
}

TEST_F(PolicyServiceTest, EverythingThatIsWrongIsNamedAtOnceAndNothingChanges) {
  const auto before = replica.revision();
  const auto refused =
      apply(R"({"roles":[{"name":"ok","permissions":["read_weather"]},)"
            R"({"name":"bad","permissions":[{"permission":"a","when":"context.amount < "},)"
            R"({"permission":"b","resource":"nocolon"},"b","b"]}],)"
            R"("grants":[{"subject":"role:ok","action":"a"}],)"
            R"("entities":[{"type":"record","id":"1","properties":{}},)"
            R"({"type":"record","id":"1","properties":{}}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_THAT(places(refused),
              ElementsAre("roles[1].permissions[0].when", "roles[1].permissions[1].resource",
                          "roles[1].permissions[3]", "grants[0].subject", "entities[1]"));
  EXPECT_THAT(refused.error().fields[0].message, HasSubstr("at character"));
  EXPECT_EQ(replica.revision(), before);
}

TEST_F(PolicyServiceTest, WhatIsOutOfItsBoundsHasItsPlace) {
  EXPECT_THAT(places(apply(R"({"groups":[{"name":"a b"},{"name":"x","members":["alice"]}]})")),
              ElementsAre("groups[0].name", "groups[1].members[0].member"));
  EXPECT_THAT(apply(R"({"roles":[{"name":"a","permisions":[]}]})").error().message,
              HasSubstr("roles[0].permisions"));
}

TEST_F(PolicyServiceTest, NamesOfNobodyAreRefusedTogether) {
  const std::string nobody = subject_of(AgentId{});
  const auto refused =
      apply(R"({"roles":[{"name":"a","members":["role:b","group:c",")" + nobody +
            R"("]}],"grants":[)" + own() + R"(,{"subject":")" + nobody + R"(","action":"x"}]})");
  EXPECT_THAT(places(refused), UnorderedElementsAre("roles[0].members[0]", "roles[0].members[1]",
                                                    "roles[0].members[2]", "grants[1]"));
}

TEST_F(PolicyServiceTest, ACycleIsRefusedAsAWhole) {
  const auto before = replica.revision();
  const auto refused =
      apply(R"({"roles":[{"name":"a","members":["role:b"]},{"name":"b","members":["role:a"]}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("roles["));
  EXPECT_EQ(replica.revision(), before);
}

TEST_F(PolicyServiceTest, TwoRolesMayChangePlaces) {
  applied(R"({"roles":[{"name":"a","members":["role:b"]},{"name":"b"}]})");
  EXPECT_EQ(applied(R"({"roles":[{"name":"a"},{"name":"b","members":["role:a"]}]})").size(), 2U);
}

TEST_F(PolicyServiceTest, NobodyAppliesMoreThanItHolds) {
  const AgentId helper = replica.add_agent_with({"agentauth:policy:write", "read_weather"});
  const auto before = replica.revision();
  const auto refused =
      apply_as(helper, R"({"roles":[{"name":"a","permissions":["read_weather","read_stock"]}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::permission_denied);
  EXPECT_EQ(refused.error().message, "Permission denied");
  EXPECT_THAT(places(refused), ElementsAre("roles[0].permissions[1]"));
  EXPECT_EQ(replica.revision(), before);
  EXPECT_TRUE(apply_as(helper, R"({"roles":[{"name":"a","permissions":["read_weather"]}]})"));
}

TEST_F(PolicyServiceTest, LiftingADenyTakesAsMuchAsGranting) {
  const AgentId helper = replica.add_agent_with({"agentauth:policy:write"});
  applied(R"({"roles":[{"name":"a","permissions":[{"permission":"x","effect":"deny"}]}]})");
  EXPECT_EQ(apply_as(helper, R"({"roles":[{"name":"a"}]})").error().code, Errc::permission_denied);
  EXPECT_EQ(apply_as(helper, R"({"roles":[]})").error().code, Errc::permission_denied);
}

TEST_F(PolicyServiceTest, NobodyButAnAdministratorAppliesWhatTakesItOffTheRecord) {
  const AgentId helper = replica.add_agent_with({"agentauth:policy:write", "x"});
  const std::string itself = subject_of(helper);
  const std::string audited = R"("permissions":[{"permission":"x","effect":"audit"}],"members":[")";
  applied(R"({"roles":[{"name":"a",)" + audited + R"(user:alice",")" + itself + R"("]}]})");
  const std::string ends =
      R"(user:alice",{"member":")" + itself + R"(","expires_at":"2999-01-01T00:00:00Z"}]}]})";
  for (const std::string& text : {std::string(R"({"roles":[]})"),
                                  R"({"roles":[{"name":"a",)" + audited + R"(user:alice"]}]})",
                                  R"({"roles":[{"name":"a","members":[")" + itself + R"("]}]})",
                                  R"({"roles":[{"name":"a",)" + audited + ends})
    EXPECT_EQ(apply_as(helper, text).error().code, Errc::permission_denied) << text;
  EXPECT_TRUE(apply_as(helper, R"({"roles":[{"name":"a",)" + audited + itself + R"("]}]})"))
      << "whoever else leaves";
  EXPECT_TRUE(apply(R"({"roles":[]})"));
}

TEST_F(PolicyServiceTest, AMembershipThatEndsIsAppliedByWhoHoldsItForThatLong) {
  const AgentId helper = replica.add_agent_with({"agentauth:policy:write"});
  const std::string start =
      R"({"roles":[{"name":"r","permissions":["x"]}],"groups":[{"name":"q"}],"grants":[)" + own() +
      R"(,{"subject":")" + subject_of(helper) +
      R"(","action":"agentauth:policy:write"},{"subject":")" + subject_of(helper) +
      R"(","action":"x","expires_at":"2999-01-01T00:00:00Z"}]})";
  const auto with = [](const std::string& member, const std::string& end) {
    return R"({"roles":[{"name":"r","permissions":["x"],"members":[{"member":")" + member +
           R"(","expires_at":")" + end + R"(T00:00:00Z"}]}]})";
  };
  for (const std::string member : {"user:q", "group:q"}) {
    applied(start);
    EXPECT_TRUE(apply_as(helper, with(member, "2998-01-01")));
    EXPECT_TRUE(apply_as(helper, with(member, "2998-06-01"))) << "longer, and not too long";
    EXPECT_EQ(apply_as(helper, with(member, "2999-01-02")).error().code, Errc::permission_denied);
    EXPECT_EQ(apply_as(helper, with(member, "2998-01-01")).error().code, Errc::permission_denied)
        << "to end it sooner is to take it away";
  }
  const auto until = [&](const std::string& last) {
    std::string members;
    for (const std::string& year : {std::string("2996"), std::string("2997"), last})
      members +=
          R"(,{"member":"user:)" + year + R"(","expires_at":")" + year + R"(-01-01T00:00:00Z"})";
    return R"({"roles":[{"name":"r","permissions":["x"],"members":[)" + members.substr(1) + "]}]}";
  };
  applied(start);
  EXPECT_THAT(places(apply_as(helper, until("3000"))), ElementsAre("roles[0].members[2]"));
  EXPECT_TRUE(apply_as(helper, until("2998"))) << "each by its own end";
}

TEST_F(PolicyServiceTest, TheLastAdministratorDoesNotShutItselfOut) {
  const auto before = replica.revision();
  const auto refused = apply(R"({"grants":[]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(apply(R"({"grants":[)" + own() + R"(,{"subject":")" + subject_of(administrator) +
                  R"(","action":"agentauth:agents:read","effect":"deny"}]})")
                .error()
                .code,
            Errc::conflict);
  EXPECT_EQ(replica.revision(), before);
}

// Whatever a document takes from its author or gives it, each change is decided by what was before.
TEST_F(PolicyServiceTest, ADenyOfItsAuthorsOwnKeepsItFromNothingInTheSameDocument) {
  const AgentId helper = replica.add_agent_with({"agentauth:policy:write", "x", "y"});
  const std::string itself = subject_of(helper);
  applied(R"({"roles":[{"name":"a","permissions":["x"],"members":["user:carol"]},)"
          R"({"name":"b","permissions":[{"permission":"y","effect":"deny"}]}],)"
          R"("groups":[{"name":"g","members":[")" +
          itself + R"("]}]})");
  const PolicyDiff diff = value_of(apply_as(
      helper,
      R"({"roles":[{"name":"a","permissions":["x","y"],"members":["user:alice"]},{"name":"b"}],)"
      R"("groups":[{"name":"g","permissions":[{"permission":"y","effect":"deny"}],"members":[")" +
          itself + R"("]}],"grants":[{"subject":")" + itself +
          R"(","action":"x","effect":"deny"},{"subject":"agent:*","action":"x","effect":"deny"},)" +
          own() + R"(,{"subject":"user:bob","action":"x"},{"subject":")" + itself +
          R"(","action":"agentauth:policy:write"}]})"));
  EXPECT_THAT(diff.added, SizeIs(6));
  EXPECT_THAT(diff.removed, ElementsAre("4 lines, which agentauth:policy:read shows"));
  EXPECT_TRUE(may("user:alice", "y"));
  EXPECT_TRUE(may("user:bob", "x"));
  EXPECT_EQ(apply_as(helper, R"({"roles":[{"name":"a","permissions":["x"]}]})").error().code,
            Errc::permission_denied)
      << "from then on it is denied them";
}

TEST_F(PolicyServiceTest, WhatADocumentGivesItsAuthorLetsItGiveNothing) {
  const AgentId helper = replica.add_agent_with({"agentauth:policy:write", "x"});
  applied(R"({"roles":[{"name":"a","permissions":["x"]},{"name":"b","permissions":["y"]}]})");
  const std::string itself = subject_of(helper);
  const auto before = replica.revision();
  EXPECT_EQ(apply_as(helper, R"({"roles":[{"name":"a","permissions":["x"],"members":[")" + itself +
                                 R"("]},{"name":"b","permissions":["y"],"members":["role:a"]}]})")
                .error()
                .code,
            Errc::permission_denied);
  EXPECT_EQ(replica.revision(), before);
}

TEST_F(PolicyServiceTest, NobodyButAnAdministratorAppliesADenyOfAdministration) {
  const AgentId helper =
      replica.add_agent_with({"agentauth:policy:write", "agentauth:agents:read"});
  const std::string root = subject_of(administrator);
  const auto before = replica.revision();
  const std::string direct = R"({"grants":[)" + own() + R"(,{"subject":")" + root +
                             R"(","action":"agentauth:agents:read","effect":"deny"}]})";
  const std::string trap =
      R"({"roles":[{"name":"trap","permissions":[{"permission":"agentauth:agents:read",)"
      R"("effect":"deny","when":"1 == 2"}],"members":[")" +
      root + R"("]}]})";
  for (const std::string& text : {direct, trap}) {
    const auto refused = apply_as(helper, text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::permission_denied);
    ASSERT_THAT(refused.error().fields, SizeIs(1));
    EXPECT_THAT(refused.error().fields[0].message,
                HasSubstr("agentauth:agents:read is for administrators alone to deny"));
    EXPECT_EQ(apply(text).error().code, Errc::conflict) << "it is the only one";
  }
  EXPECT_EQ(replica.revision(), before);
}

TEST_F(PolicyServiceTest, WhatIsMissingIsNamed) {
  const AgentId helper = replica.add_agent_with({"agentauth:policy:write", "agentauth:roles:read"});
  applied(R"({"roles":[{"name":"a","permissions":["read_stock"]}]})");
  const auto message = [](const Result<PolicyDiff>& refused) {
    return refused || refused.error().fields.empty() ? "" : refused.error().fields[0].message;
  };
  EXPECT_EQ(message(apply_as(helper, R"({"groups":[{"name":"g","permissions":["read_rain"]}]})")),
            "read_rain is more than the caller may give or take");
  EXPECT_EQ(message(apply_as(helper, R"({"roles":[{"name":"a","permissions":["read_stock"],)"
                                     R"("members":["user:alice"]}]})")),
            "role:a holds or denies read_stock, which the caller may not pass on");
}

TEST_F(PolicyServiceTest, EndsThatAreWrittenLieAheadAndThoseThatAreStoredMayHavePassed) {
  const std::string text =
      R"({"roles":[{"name":"a","permissions":[{"permission":"x","expires_at":"2023-11-14T22:14:20.000Z"}],)"
      R"("members":[{"member":"user:alice","expires_at":"2023-11-14T22:14:20.000Z"}]}]})";
  applied(text);
  clock.advance(std::chrono::hours{1});
  EXPECT_EQ(applied(text).size(), 0U) << "it ended where it stands";
  applied(R"({"roles":[]})");
  EXPECT_THAT(places(apply(text)),
              ElementsAre("roles[0].permissions[0].expires_at", "roles[0].members[0].expires_at"));
  const auto epoch =
      apply(R"({"grants":[)" + own() +
            R"(,{"subject":"user:a","action":"x","expires_at":"1970-01-01T00:00:00Z"},)"
            R"({"subject":"user:a","action":"x","expires_at":"1960-01-01T00:00:00Z"}]})");
  EXPECT_THAT(places(epoch), ElementsAre("grants[2].expires_at", "grants[1].expires_at"));
  EXPECT_EQ(epoch.error().fields[0].message, "must lie ahead");
}

TEST_F(PolicyServiceTest, AnAdministratorMayGoWhenAnotherRemains) {
  const std::string successor = subject_of(bot);
  const auto given = R"({"roles":[{"name":"boss","permissions":["agentauth:*"],"members":[")" +
                     successor + R"("]}],"grants":[]})";
  replica.suspend(bot);
  EXPECT_EQ(apply(given).error().code, Errc::conflict);
  replica.set_status(bot, AgentStatus::active);
  EXPECT_EQ(applied(given).removed.size(), 1U);
  EXPECT_TRUE(apply_as(bot, R"({"entities":[]})"));
}

TEST_F(PolicyServiceTest, WhatIsNotListedMayBeKept) {
  applied(readers);
  const std::string body = R"({"grants":[{"subject":"user:carol","action":"x"}],"roles":[]})";
  const auto document = value_of(decode<PolicyDocument>({.path = {}, .query = {}, .body = body}));
  const auto diff = value_of(write_as(administrator, [&](Transaction& tx, Author& author) {
    return service.apply(tx, author, document, PolicyService::Unlisted::kept);
  }));
  EXPECT_THAT(diff.added, ElementsAre("user:carol: allow x"));
  EXPECT_THAT(diff.removed, IsEmpty());
  EXPECT_TRUE(may("user:carol", "x"));
  EXPECT_TRUE(may("user:alice", "read_weather"));
}

TEST_F(PolicyServiceTest, OneApplyIsBounded) {
  std::string text = R"({"grants":[)" + own();
  for (std::size_t i = 0; i <= PolicyService::changes_max; ++i)
    text += R"(,{"subject":"user:u","action":"p)" + std::to_string(i) + R"("})";
  const auto refused = apply(text + "]}");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("10001 changes"));
}

TEST_F(PolicyServiceTest, MoreThanADocumentHoldsIsRefusedAndNotCutOff) {
  replica.execute(
      "INSERT INTO grants (subject, permission, effect) WITH RECURSIVE number(i) AS "
      "(SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 50000) "
      "SELECT 'user:u', 'p' || i, 'allow' FROM number");
  const auto document = replica.database().snapshot(
      [&](Transaction& tx) { return service.read(tx); });  // one more is the administrator's own
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().code, Errc::conflict);
  EXPECT_THAT(document.error().message, HasSubstr("at most 50000 grants"));
  EXPECT_THAT(document.error().message, HasSubstr("in parts, each with keep=true"));
  EXPECT_EQ(apply(R"({"grants":[]})").error().code, Errc::conflict);
  EXPECT_TRUE(apply(R"({"roles":[]})")) << "of another kind there are few";
}

// A part of a policy is compared with what it names, and with nothing else that is stored.
TEST_F(PolicyServiceTest, APartIsAppliedHoweverMuchIsStored) {
  applied(readers);
  const std::string root = subject_of(administrator);
  replica.execute(
      "INSERT INTO grants (subject, permission, effect) WITH RECURSIVE number(i) AS "
      "(SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 50001) "
      "SELECT 'user:u', 'p' || i, 'allow' FROM number");
  replica.execute(
      "INSERT INTO memberships (member, role_id) WITH RECURSIVE number(i) AS "
      "(SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 50001) SELECT 'user:u' || i, "
      "(SELECT id FROM roles WHERE principal = 'role:reader') FROM number");
  replica.execute(
      "INSERT INTO entities (type, id, properties) WITH RECURSIVE number(i) AS "
      "(SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 50001) "
      "SELECT 'city', i, '{}' FROM number");
  const std::string part =
      R"({"roles":[{"name":"reader","about":"Reads on","permissions":["read_weather","new",)"
      R"({"permission":"read_weather","effect":"deny"}],"members":["user:alice","user:u9","user:new"]},)"
      R"({"name":"other"}],"groups":[{"name":"staff","members":["user:alice","user:bob"]}],)"
      R"("grants":[)" +
      own() + R"(,{"subject":"user:u","action":"p7"},{"subject":")" + root +
      R"(","action":"x"},{"subject":")" + root +
      R"(","action":"x","resource":"r:1"}],"entities":[{"type":"city","id":"5","properties":{}},)"
      R"({"type":"city","id":"6","properties":{"a":1}},{"type":"city","id":"n","properties":{}}]})";
  EXPECT_EQ(apply(part).error().code, Errc::conflict) << "as the whole of it";
  watched.rows = 0;
  const PolicyDiff diff = value_of(keep_as(administrator, part));
  EXPECT_LT(watched.rows, 100);
  EXPECT_THAT(
      diff.added,
      UnorderedElementsAre("role:other", "role:reader: allow new", "role:reader: deny read_weather",
                           "role:reader: member user:new", "group:staff: member user:alice",
                           root + ": allow x", root + ": allow x on r:1", "entity city:n {}"));
  EXPECT_THAT(diff.removed, IsEmpty());
  EXPECT_THAT(diff.changed,
              UnorderedElementsAre(R"(role:reader: about "Reads on")", R"(entity city:6 {"a":1})"));
  EXPECT_EQ(value_of(keep_as(administrator, part)).size(), 0U);
}

TEST_F(PolicyServiceTest, AMembershipThatIsKeptMayEndAtAnotherTime) {
  applied(readers);
  const std::string part = R"({"roles":[{"name":"reader","members":["group:staff"]}]})";
  EXPECT_THAT(value_of(keep_as(administrator, part)).changed,
              ElementsAre("role:reader: member group:staff"));
  EXPECT_EQ(value_of(keep_as(administrator, part)).size(), 0U);
}

TEST_F(PolicyServiceTest, WhatIsStoredTwiceIsOneLineAndGoesAsOne) {
  for (int i = 0; i < 2; ++i)
    replica.execute(
        "INSERT INTO grants (subject, permission, effect) VALUES ('user:a', 'x', 'allow')");
  EXPECT_EQ(applied(exported()).size(), 0U);
  EXPECT_THAT(applied(R"({"grants":[)" + own() + "]}").removed, ElementsAre("user:a: allow x"));
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM grants"), 0);
}

// What takes long holds up everybody who writes.
TEST_F(PolicyServiceTest, WhatTakesTooLongIsRefusedAndChangesNothing) {
  const auto document = decode<PolicyDocument>(
      {.path = {}, .query = {}, .body = R"({"roles":[{"name":"reader","about":"Reads"}]})"});
  ASSERT_TRUE(document);
  const Revision before = replica.revision();
  PolicyService hurried({permissions, roles}, std::chrono::milliseconds{0});
  const auto refused = write_as(administrator, [&](Transaction& tx, Author& author) {
    return hurried.apply(tx, author, *document);
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("takes too long"));
  EXPECT_EQ(replica.revision(), before);
}

class LargePolicyTest : public PolicyServiceTest {
 protected:
  static constexpr int lines = 8000;

  static std::string document_of(const std::string& subject, std::string_view action,
                                 std::string_view effect = "allow") {
    std::string text = R"({"grants":[)";
    for (int i = 0; i < lines; ++i) {
      if (i > 0) text += ',';
      text.append(R"({"subject":")").append(subject).append(R"(","action":")").append(action);
      if (action.ends_with(':')) text += std::to_string(i);
      text.append(R"(","effect":")").append(effect).append(R"(","resource":"r:)");
      text.append(std::to_string(i)).append(R"("})");
    }
    return text + "]}";
  }
  // For each line a few rows at most, however many lines there are before it, and far less than a
  // statement.
  void expect_bounded(AgentId caller, const std::string& document, int names = 1) {
    watched.statements = 0;
    watched.rows = 0;
    const Revision before = replica.revision();
    const auto diff = keep_as(caller, document);
    ASSERT_TRUE(diff) << diff.error().message;
    EXPECT_EQ(diff->size(), static_cast<std::size_t>(lines));
    EXPECT_LE(replica.revision(), before + names) << "each name is in the log once";
    EXPECT_LT(watched.statements, lines / 5);
    EXPECT_LT(watched.rows, 5 * lines);
  }

  AgentId holder =
      replica.add_agent_with({"x:*", "agentauth:policy:write", "agentauth:grants:write"});
};

TEST_F(LargePolicyTest, GrantsToTheCallerItselfAreWorkInProportionToThem) {
  expect_bounded(holder, document_of(subject_of(holder), "x:"));
}

TEST_F(LargePolicyTest, DeniesOfTheCallerItselfAreWorkInProportionToThem) {
  expect_bounded(holder, document_of(subject_of(holder), "x:", "deny"));
}

TEST_F(LargePolicyTest, GrantsOfOneActionAreWorkInProportionToThem) {
  expect_bounded(holder, document_of("user:alice", "x:one"));
}

TEST_F(LargePolicyTest, GrantsToARoleAreWorkInProportionToThem) {
  std::string held;
  for (int i = 0; i + 1 < lines; ++i)
    held += std::string(i > 0 ? "," : "") + R"({"permission":"x:one","resource":"r:)" +
            std::to_string(i) + R"("})";
  expect_bounded(holder, R"({"roles":[{"name":"large","permissions":[)" + held + "]}]}");
}

TEST_F(LargePolicyTest, MembersOfARoleAreWorkInProportionToThem) {
  std::string members;
  for (int i = 0; i + 1 < lines; ++i)
    members += std::string(i > 0 ? "," : "") + R"("user:u)" + std::to_string(i) + '"';
  const std::string document =
      R"({"roles":[{"name":"large","permissions":[],"members":[)" + members + "]}]}";
  expect_bounded(administrator, document, lines);
  EXPECT_TRUE(is_member("user:u7998"));
  watched.statements = 0;
  EXPECT_THAT(applied(R"({"roles":[{"name":"large"}]})").removed, SizeIs(lines - 1));
  EXPECT_LT(watched.statements, lines / 5);
  EXPECT_FALSE(is_member("user:u7998"));
}

TEST_F(LargePolicyTest, EntitiesAreWorkInProportionToThem) {
  std::string entities;
  for (int i = 0; i < lines; ++i)
    entities += std::string(i > 0 ? "," : "") + R"({"type":"record","id":")" + std::to_string(i) +
                R"(","properties":{"a":1}})";
  expect_bounded(administrator, R"({"entities":[)" + entities + "]}", lines);
  watched.statements = 0;
  EXPECT_THAT(applied(R"({"entities":[]})").removed, SizeIs(lines));
  EXPECT_LT(watched.statements, lines / 5);
}

TEST_F(LargePolicyTest, RolesAreWorkInProportionToThem) {
  std::string text;
  for (int i = 0; i < lines; ++i)
    text += std::string(i > 0 ? "," : "") + R"({"name":"r)" + std::to_string(i) + R"("})";
  expect_bounded(administrator, R"({"roles":[)" + text + "]}", lines);
  watched.statements = 0;
  EXPECT_THAT(applied(R"({"roles":[]})").removed, SizeIs(lines));
  EXPECT_LT(watched.statements, lines / 5);
}

// However they are written: the bounds of one membership hold for many.
TEST_F(PolicyServiceTest, AMemberOfTooManyIsRefusedAtItsLine) {
  const auto before = replica.revision();
  const auto roles_of_alice = [](std::int64_t count) {
    std::string text;
    for (std::int64_t i = 0; i < count; ++i)
      text += std::string(i > 0 ? "," : "") + R"({"name":"r)" + std::to_string(100 + i) +
              R"(","members":["user:alice","user:bob"]})";
    return text;
  };
  const auto refused =
      apply(R"({"roles":[)" + roles_of_alice(RoleService::memberships_max + 1) + "]}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(refused.error().message,
            "roles[64].members[0]: Direct memberships in roles and groups are at most 64");
  EXPECT_EQ(replica.revision(), before);
  applied(R"({"roles":[)" + roles_of_alice(RoleService::memberships_max) + "]}");

  // Four, and by each of those 63 others.
  std::string nested;
  for (const char* inner : {"a", "b", "c", "d"}) {
    nested += std::string(R"({"name":")") + inner + R"(","members":["user:carol"]},)";
    for (int i = 0; i < 63; ++i)
      nested += std::string(R"({"name":")") + inner + std::to_string(i) + R"(","members":["role:)" +
                inner + R"("]},)";
  }
  nested.pop_back();
  const auto far = keep_as(administrator, R"({"roles":[)" + nested + "]}");
  ASSERT_FALSE(far);
  EXPECT_EQ(far.error().code, Errc::conflict);
  EXPECT_EQ(
      far.error().message,
      "roles[192].members[0]: Roles and groups that one is a member of, by others too, are at "
      "most 254");
}

TEST_F(PolicyServiceTest, WhatOfAMemberHasEndedIsNotPiledUp) {
  const auto until = [&](std::int64_t count) {
    std::string text;
    for (std::int64_t i = 0; i < count; ++i)
      text += std::string(i > 0 ? "," : "") + R"({"name":"r)" + std::to_string(100 + i) +
              R"(","members":[{"member":"user:alice","expires_at":"2023-11-14T22:14:20.000Z"}]})";
    return R"({"roles":[)" + text + "]}";
  };
  applied(until(RoleService::memberships_max));
  clock.advance(std::chrono::hours{1});
  value_of(keep_as(administrator, R"({"roles":[{"name":"more"},{"name":"still"}]})"));
  replica.execute(
      "INSERT INTO memberships (member, role_id, expires_at) SELECT 'user:alice', id, "
      "'2023-11-14T22:14:10.000Z' FROM roles WHERE principal = 'role:more'");
  const auto diff =
      value_of(keep_as(administrator, R"({"roles":[{"name":"still","members":["user:alice"]}]})"));
  EXPECT_EQ(diff.changes.back().action, AuditAction::member_remove);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM memberships WHERE member = 'user:alice'"), 65);
}

TEST_F(PolicyServiceTest, WhatIsKeptKeepsWhatItIsAboutUnlessThatIsListed) {
  applied(readers);
  const auto kept = value_of(keep_as(administrator, R"({"roles":[{"name":"reader"}]})"));
  EXPECT_EQ(kept.size(), 0U);
  EXPECT_THAT(exported(), HasSubstr(R"("about":"Reads")"));
  const auto described =
      value_of(keep_as(administrator, R"({"roles":[{"name":"reader","about":""}]})"));
  EXPECT_THAT(described.changed, ElementsAre(R"(role:reader: about "")"));
  EXPECT_THAT(applied(R"({"roles":[{"name":"reader","about":"Read"}]})").changed, SizeIs(1));
  EXPECT_THAT(applied(R"({"roles":[{"name":"reader"}]})").changed,
              ElementsAre(R"(role:reader: about "")"));
}

}  // namespace
}  // namespace agentauth
