// Decisions that a second look must not change: other spellings, and changes of other nodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>

#include "api/testing/api_fixture.h"
#include "authz/testing/stated_policy.h"
#include "store/testing/test_database.h"
#include "store/testing/watched_driver.h"

namespace agentauth::api {
namespace {

using agentauth::testing::Backend;
using agentauth::testing::TestDatabase;
using agentauth::testing::Watched;
using agentauth::testing::WatchedDriver;
using http::Method;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class AccessTest : public ApiFixture {
 protected:
  // As others write it: the same id to whoever decodes it.
  static std::string encoded(AgentId id) {
    const std::string text = id.to_string();
    char first[4];
    std::snprintf(first, sizeof first, "%%%02X", static_cast<unsigned>(text[0]));
    return first + text.substr(1);
  }
  Answer as(AgentId agent, Method method, const std::string& target, const std::string& body = "") {
    return call({.method = method, .target = target, .body = body, .token = token_of(agent)});
  }
  // The same, when another node commits something before the change is made.
  Answer as_when(AgentId agent, const std::string& target, const std::string& body,
                 std::function<void()> meanwhile) {
    return call({.method = Method::post,
                 .target = target,
                 .body = body,
                 .token = token_of(agent),
                 .meanwhile = std::move(meanwhile)});
  }
  Answer create_key_when(AgentId agent, const std::string& token, std::function<void()> meanwhile) {
    return call({.method = Method::post,
                 .target = "/agents/" + agent.to_string() + "/keys",
                 .body = "{}",
                 .token = token,
                 .meanwhile = std::move(meanwhile)});
  }

  // A policy in words, and heard of here.
  void stated(std::string_view policy) { policy_.state(policy); }
  // Committed, and not heard of here.
  template <class F>
  void stated_elsewhere(F work) {
    value_of(replica.database().migrate([&](Transaction& tx) -> Result<void> { return work(tx); }));
  }
  static Result<void> join(Transaction& tx, const std::string& member, const std::string& of) {
    TRY(tx.roles().put_member(member, agent_of(member), TRY(tx.roles().find(of)).id, {}));
    return note_change(tx, member);
  }

  const AgentId administrator = replica.add_agent_with({"agentauth:*"});

 private:
  agentauth::testing::StatedPolicy policy_{replica};
};

// What the transaction of one write runs.
struct WatchedDatabase {
  std::unique_ptr<Database> open() {
    auto database = std::make_unique<Database>(
        std::make_unique<WatchedDriver>(value_of(open_driver("sqlite::memory:")), watched));
    value_of(apply_migrations(*database));
    return database;
  }

  Watched watched;
};
class AccessReadsTest : protected WatchedDatabase, public ApiFixture {
 protected:
  AccessReadsTest() : ApiFixture(Registration::closed, open()) {
    // Not what the directory reads afterwards, in a snapshot.
    watched.begin = [this](agentauth::Access access) {
      if (access == agentauth::Access::write) ran.clear(), is_open = true;
    };
    watched.statement = [this](Sql sql, std::span<const Param> params) {
      std::string text = sql.text();
      for (const Param& param : params)
        if (const auto value = param.value();
            const auto* part = std::get_if<std::string_view>(&value))
          text.append(" ").append(*part);
      if (is_open) ++ran[text];
    };
    watched.commit = [this](Session& inner) {
      is_open = false;
      return inner.commit();
    };
  }

  // Of what says who calls, by which credential, and what the ones and the others hold.
  std::vector<std::string> read_twice() const {
    std::vector<std::string> found;
    for (const auto& [text, times] : ran)
      for (const char* what :
           {" FROM agents ", " FROM permissions ", " FROM token_families ", "WHERE kid = "})
        if (times > 1 && (text + ' ').find(what) != text.npos) found.push_back(text);
    return found;
  }

  std::map<std::string, int> ran;
  bool is_open = false;
};

// On PostgreSQL, where another node's transaction may be open while this one's begins.
struct SharedDatabase {
  TestDatabase where{Backend::postgresql};
};
class AccessOfNodesTest : protected SharedDatabase, public ApiFixture {
 protected:
  AccessOfNodesTest() : ApiFixture(Registration::open, where.open_migrated()) {}

  // Returns once the call waits for what another node has not committed yet.
  void wait_for_blocked(const std::future<Answer>& answer) {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (replica.number("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = "
                          "current_database() AND wait_event_type = 'Lock'") == 0) {
      ASSERT_EQ(answer.wait_for(1ms), std::future_status::timeout) << "it did not wait";
      ASSERT_LT(std::chrono::steady_clock::now(), limit);
    }
  }

  const std::unique_ptr<Database> elsewhere = where.open();
};

TEST_F(AccessTest, AnotherSpellingOfAnIdGetsNoOtherDecision) {
  const AgentId helper = replica.add_agent_with(
      {"agentauth:permissions:write", "agentauth:agents:write", "agentauth:keys:write"});
  const std::string key = replica.add_key(administrator, "AAAAAAAAAAA1").key_id.to_string();
  const auto before = everything();
  for (const std::string& id : {administrator.to_string(), encoded(administrator)}) {
    const std::string path = "/agents/" + id;
    EXPECT_EQ(as(helper, Method::post, path + "/suspend").status, 403) << id;
    EXPECT_EQ(as(helper, Method::patch, path, R"({"agent_name":"Gone"})").status, 403) << id;
    EXPECT_EQ(as(helper, Method::delete_, path).status, 403) << id;
    EXPECT_EQ(as(helper, Method::delete_, path + "/permissions/agentauth:*").status, 403) << id;
    EXPECT_EQ(as(helper, Method::delete_, path + "/keys/" + key).status, 403) << id;
    EXPECT_EQ(as(helper, Method::post, path + "/keys", "{}").status, 403) << id;
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(AccessTest, OneIsOneselfInAnySpelling) {
  const AgentId agent = replica.add_agent();
  EXPECT_EQ(as(agent, Method::get, "/agents/" + encoded(agent) + "/keys").status, 200);
}

TEST_F(AccessTest, ASuspensionElsewhereIsNotUndoneByWhomItHits) {
  const AgentId agent = replica.add_agent_with({"agentauth:agents:write"});
  const auto suspend = [&] {
    replica.elsewhere(agent, [&](Transaction& tx) {
      return tx.agents().set_status(agent, AgentStatus::suspended, clock.now());
    });
  };
  EXPECT_EQ(as_when(agent, "/agents/" + agent.to_string() + "/resume", "", suspend).status, 401);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM agents WHERE status = 'suspended'"), 1);
}

TEST_F(AccessTest, APermissionTakenAwayElsewhereGrantsNothingMore) {
  const AgentId agent = replica.add_agent_with({"agentauth:permissions:write", "read_weather"});
  const AgentId other = replica.add_agent();
  const auto take_away = [&](const std::string& permission) {
    return [this, agent, permission] {
      replica.elsewhere(agent,
                        [&](Transaction& tx) { return tx.permissions().erase(agent, permission); });
    };
  };
  const std::string own = "/agents/" + agent.to_string() + "/permissions";
  const std::string others = "/agents/" + other.to_string() + "/permissions";
  EXPECT_EQ(
      as_when(agent, others, R"({"permission":"read_weather"})", take_away("read_weather")).status,
      403)
      << "it does not hold what it would grant";
  EXPECT_EQ(as_when(agent, own, R"({"permission":"agentauth:permissions:write"})",
                    take_away("agentauth:permissions:write"))
                .status,
            403)
      << "it may not grant at all";
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM permissions"), 1) << "the administrator's";
}

// A revocation that lies before a call's own write is in force for it, wherever it was made and by
// whatever the caller held it.
TEST_F(AccessTest, WhatARoleIsTakenElsewhereItsMembersPassOnNoMore) {
  stated("allow role:ops agentauth:*\nmember group:g of role:ops");
  const AgentId agent = replica.add_agent();
  stated_elsewhere([&](Transaction& tx) { return join(tx, subject_of(agent), "group:g"); });
  value_of(replica.directory().catch_up());
  const AgentId other = replica.add_agent();
  const std::string others = "/agents/" + other.to_string();
  ASSERT_EQ(as(agent, Method::post, others + "/permissions", R"({"permission":"w"})").status, 201);
  const auto revoke = [&] {
    stated_elsewhere([&](Transaction& tx) -> Result<void> {
      for (const Grant& grant : TRY(tx.grants().find_all("role:ops", "agentauth:*")))
        TRY(tx.grants().erase(grant.id));
      return note_change(tx, "role:ops");
    });
  };
  const std::string body = R"({"permission":"agentauth:*"})";
  EXPECT_EQ(as_when(agent, others + "/permissions", body, revoke).status, 403);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM permissions WHERE permission = 'agentauth:*'"), 1)
      << "the administrator's";
}

TEST_F(AccessTest, ARoleThatIsGoneElsewhereGivesNothingMore) {
  stated("allow role:ops agentauth:*");
  const AgentId agent = replica.add_agent();
  const auto join_ops = [&](Transaction& tx) { return join(tx, subject_of(agent), "role:ops"); };
  stated_elsewhere(join_ops);
  value_of(replica.directory().catch_up());
  const auto erase = [&] {
    stated_elsewhere([&](Transaction& tx) -> Result<void> {
      TRY(tx.roles().erase("role:ops"));
      return note_change(tx, "role:ops");
    });
  };
  const std::string path = "/agents/" + administrator.to_string() + "/keys";
  EXPECT_EQ(as_when(agent, path, "{}", erase).status, 403);
}

TEST_F(AccessTest, WhatIsDeniedElsewhereIsPassedOnNoMore) {
  for (const std::string& denied : {std::string("group:g"), std::string(policy::every_agent)}) {
    const AgentId agent = replica.add_agent_with({"agentauth:permissions:write", "secret:read"});
    stated("allow group:g x");
    stated_elsewhere([&](Transaction& tx) { return join(tx, subject_of(agent), "group:g"); });
    value_of(replica.directory().catch_up());
    const auto deny = [&] {
      stated_elsewhere([&](Transaction& tx) -> Result<void> {
        GrantSubject subject{denied};
        if (denied == "group:g") subject.role_id = TRY(tx.roles().find(denied)).id;
        Terms terms;
        terms.effect = Effect::deny;
        TRY(tx.grants().insert(subject, "secret:read", terms));
        return note_change(tx, denied);
      });
    };
    const std::string path = "/agents/" + replica.add_agent().to_string() + "/permissions";
    EXPECT_EQ(as_when(agent, path, R"({"permission":"secret:read"})", deny).status, 403) << denied;
  }
}

TEST_F(AccessTest, WhatARoleIsGivenElsewhereNobodyJoinsUnseen) {
  const AgentId agent = replica.add_agent_with({"agentauth:roles:write"});
  stated("member user:alice of role:r\nmember user:alice of group:above");
  const auto give = [&](const std::string& principal) {
    return [this, principal] {
      stated_elsewhere([&](Transaction& tx) -> Result<void> {
        TRY(tx.grants().insert({principal, {}, TRY(tx.roles().find(principal)).id}, "agentauth:*",
                               {}));
        return note_change(tx, principal);
      });
    };
  };
  const std::string members = "/roles/r/members";
  const std::string itself = R"({"member":")" + subject_of(agent) + R"("})";
  EXPECT_EQ(as_when(agent, members, itself, give("role:r")).status, 403);
  stated("member role:s of group:above");
  EXPECT_EQ(as_when(agent, "/roles/s/members", itself, give("group:above")).status, 403);
}

TEST_F(AccessTest, WhatConditionsSeeOfACallerIsWhatWasLastWritten) {
  stated("allow role:r agentauth:agents:write when subject.properties.trusted");
  const AgentId agent = replica.add_agent();
  const AgentId other = replica.add_agent();
  const auto know = [&](Transaction& tx, const std::string& text) -> Result<void> {
    TRY(tx.entities().put("agent", agent.to_string(), text, clock.now()));
    TRY(tx.changes().append_name(ChangeKind::entity, subject_of(agent)));
    return {};
  };
  stated_elsewhere([&](Transaction& tx) -> Result<void> {
    TRY(join(tx, subject_of(agent), "role:r"));
    return know(tx, R"({"trusted":true})");
  });
  value_of(replica.directory().catch_up());
  const std::string suspend = "/agents/" + other.to_string() + "/suspend";
  const auto distrust = [&] {
    stated_elsewhere([&](Transaction& tx) { return know(tx, R"({"trusted":false})"); });
  };
  EXPECT_EQ(as_when(agent, suspend, "", distrust).status, 403);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM agents WHERE status = 'suspended'"), 0);
}

// The kill switch stops nobody who has become an administrator meanwhile.
TEST_F(AccessTest, WhatTheNamedAgentIsGivenElsewhereKeepsItFromBeingManaged) {
  const AgentId helper = replica.add_agent_with({"agentauth:agents:write"});
  const AgentId other = replica.add_agent();
  stated("allow group:g read");
  stated_elsewhere([&](Transaction& tx) { return join(tx, subject_of(other), "group:g"); });
  value_of(replica.directory().catch_up());
  const auto promote = [&] {
    stated_elsewhere([&](Transaction& tx) -> Result<void> {
      TRY(tx.grants().insert({"group:g", {}, TRY(tx.roles().find("group:g")).id}, "agentauth:*",
                             {}));
      return note_change(tx, "group:g");
    });
  };
  const auto before = replica.number("SELECT COUNT(*) FROM agents WHERE status = 'active'");
  EXPECT_EQ(as_when(helper, "/owners/ops%40example.com/suspend", "", promote).status, 403);
  EXPECT_EQ(as_when(helper, "/agents/" + other.to_string() + "/suspend", "", [] {}).status, 403);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM agents WHERE status = 'active'"), before);
}

// However few rights it has, and whatever the deny's terms: an administrator stays one.
TEST_F(AccessTest, NobodyLocksAnAdministratorOut) {
  const AgentId mallory =
      replica.add_agent_with({"agentauth:grants:write", "agentauth:roles:write",
                              "agentauth:policy:write", "agentauth:agents:read"});
  const std::string root = subject_of(administrator);
  const std::string grant = "/grants/7e0c5a52-6c2f-4b53-8f0e-1f4b7a9d3c11";
  for (const char* terms : {"", R"(,"when":"1 == 2")", R"(,"resource":"no:thing")",
                            R"(,"not_before":"2999-01-01T00:00:00Z")"}) {
    const std::string deny = R"(,"effect":"deny")" + std::string(terms) + "}";
    for (const std::string& whom : {root, std::string("agent:*"), std::string("role:trap")}) {
      stated("member user:alice of role:trap");
      const std::string body =
          R"({"subject":")" + whom + R"(","action":"agentauth:agents:read")" + deny;
      EXPECT_EQ(as(mallory, Method::put, grant, body).status, 403) << body;
    }
    EXPECT_EQ(as(mallory, Method::post, "/roles/trap/permissions",
                 R"({"permission":"agentauth:agents:read")" + deny)
                  .status,
              403);
    EXPECT_EQ(as(mallory, Method::put, "/policy?keep=true",
                 R"({"grants":[{"subject":")" + root + R"(","action":"agentauth:agents:read")" +
                     deny + "]}")
                  .status,
              403);
  }
  stated("deny role:made agentauth:agents:read when 1 == 2");
  EXPECT_EQ(as(mallory, Method::put, "/roles/made/members/" + root, "{}").status, 403);
  const std::string own = "/agents/" + administrator.to_string() + "/permissions/agentauth:*";
  EXPECT_EQ(as(administrator, Method::delete_, own).status, 409) << "the last one stays";
  EXPECT_EQ(as(administrator, Method::put, "/policy", R"({"grants":[]})").status, 409);
  EXPECT_EQ(as(administrator, Method::put, "/policy?dry_run=true", R"({"grants":[]})").status, 409);
  EXPECT_EQ(as(administrator, Method::get, "/agents").status, 200);
  EXPECT_EQ(as(administrator, Method::post, "/agents/" + mallory.to_string() + "/suspend").status,
            200);
}

TEST_F(AccessTest, TokensRevokedElsewhereMakeNoKey) {
  const AgentId agent = replica.add_agent();
  const auto revoke = [&] {
    replica.elsewhere(agent, [&](Transaction& tx) { return tx.agents().revoke_tokens(agent); });
  };
  (void)token_of(agent);  // with a key of its own
  const auto keys_before = replica.number("SELECT COUNT(*) FROM api_keys");
  EXPECT_EQ(as_when(agent, "/agents/" + agent.to_string() + "/keys", "{}", revoke).status, 401);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys"), keys_before);
}

TEST_F(AccessTest, ALogoutElsewhereEndsACallUnderWay) {
  const AgentId agent = replica.add_agent();
  const FamilyId login{Uuid{random.bytes<16>()}};
  const auto log_out = [&] {
    replica.elsewhere(agent, [&](Transaction& tx) {
      return tx.token_families().revoke({login, agent, 0, clock.now() + 1h}, clock.now());
    });
  };
  const auto keys_before = replica.number("SELECT COUNT(*) FROM api_keys");
  EXPECT_EQ(create_key_when(agent, token_of(agent, login), log_out).status, 401);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys"), keys_before);
}

TEST_F(AccessTest, ALoginThatWasNeverRefreshedNorEndedStands) {
  const AgentId agent = replica.add_agent();
  const FamilyId login{Uuid{random.bytes<16>()}};
  EXPECT_EQ(create_key_when(agent, token_of(agent, login), [] {}).status, 201);
}

TEST_F(AccessTest, ARotationElsewhereEndsACallUnderWay) {
  const AgentId agent = replica.add_agent();
  const std::string token = token_of(agent);
  const Kid kid = replica.any_key_of(agent);
  const auto end_key = [&] {
    replica.elsewhere(agent, [&](Transaction& tx) -> Result<ApiKey> {
      const ApiKey key = TRY(tx.keys().find_by_kid(agent, text_of(kid)));
      return tx.keys().end_at(agent, key.key_id, clock.now(), clock.now());
    });
  };
  const auto keys_before = replica.number("SELECT COUNT(*) FROM api_keys");
  EXPECT_EQ(create_key_when(agent, token, end_key).status, 401);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys"), keys_before);
}

TEST_F(AccessTest, ASigningKeyWithdrawnElsewhereEndsACallUnderWay) {
  const AgentId agent = replica.add_agent();
  const std::string kid = "theNodesOwn1";
  std::vector<SigningKey> known;
  known.emplace_back(kid, as_bytes("jR4mX0v9Qz7Lw2Tt5Yb8Nc1Kd6Hf3Ga+"),
                     SigningKey::Times{.signs_from = clock.now()});
  tokens.use_keys(SigningKeys(std::move(known)));
  const auto write = [&](auto work) { value_of(replica.database().migrate(work)); };
  write([&](Transaction& tx) {
    return tx.signing_keys().insert({kid, "HS256", {}, clock.now(), clock.now(), 900s});
  });
  const std::string token = token_of(agent);
  EXPECT_EQ(create_key_when(agent, token, [] {}).status, 201);
  const auto keys_before = replica.number("SELECT COUNT(*) FROM api_keys");
  const auto withdraw = [&] {
    write([&](Transaction& tx) { return tx.signing_keys().erase(kid); });
  };
  EXPECT_EQ(create_key_when(agent, token, withdraw).status, 401);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys"), keys_before);
}

TEST_F(AccessReadsTest, WhatACallIsDecidedByIsReadOnceUnderOneLock) {
  const AgentId helper = replica.add_agent_with({"agentauth:*"});
  const AgentId other = replica.add_agent_with({"read_weather"});
  const std::string token = token_of(helper);
  for (const AgentId agent : {helper, other}) {
    const std::string path = "/agents/" + agent.to_string() + "/keys";
    const Answer made = post(path, "{}", token);
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(ran["UPDATE change_counter SET revision = revision RETURNING revision"], 1);
    EXPECT_THAT(read_twice(), IsEmpty());
    EXPECT_EQ(post(path + '/' + made.text("key_id") + "/rotate", "{}", token).status, 201);
    EXPECT_THAT(read_twice(), IsEmpty());
  }
  EXPECT_EQ(post("/agents/register", R"({"agent_name":"Bot","owner_email":"o@example.com"})", token)
                .status,
            201);
  EXPECT_THAT(read_twice(), IsEmpty());
  EXPECT_EQ(post("/owners/ops%40example.com/suspend", "", token).status, 200);
  EXPECT_EQ(ran["UPDATE change_counter SET revision = revision RETURNING revision"], 2)
      << "and that of the owner";
  EXPECT_THAT(read_twice(), IsEmpty());
}

TEST_F(AccessOfNodesTest, ASigningKeyThatIsBeingWithdrawnElsewhereIsWaitedFor) {
  const AgentId agent = replica.add_agent();
  const std::string kid = "theNodesOwn1";
  std::vector<SigningKey> known;
  known.emplace_back(kid, as_bytes("jR4mX0v9Qz7Lw2Tt5Yb8Nc1Kd6Hf3Ga+"),
                     SigningKey::Times{.signs_from = Timestamp{}});
  tokens.use_keys(SigningKeys(std::move(known)));
  value_of(elsewhere->write([&](Transaction& tx) {
    return tx.signing_keys().insert({kid, "HS256", {}, clock.now(), clock.now(), 900s});
  }));
  const std::string token = token_of(agent);
  const auto before = everything();
  std::future<Answer> answer;
  value_of(elsewhere->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.changes().lock());
    TRY(tx.signing_keys().erase(kid));
    answer = std::async(std::launch::async, [&] {
      return post("/agents/" + agent.to_string() + "/keys", "{}", token);
    });
    wait_for_blocked(answer);
    return {};
  }));
  EXPECT_EQ(answer.get().status, 401);
  EXPECT_EQ(everything(), before);
}

}  // namespace
}  // namespace agentauth::api
