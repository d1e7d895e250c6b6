// Decisions that a second look must not change: other spellings, and changes of other nodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>

#include "api/testing/api_fixture.h"
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

  const AgentId administrator = replica.add_agent_with({"agentauth:*"});
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
    watched.begin = [this](agentauth::Access) { ran.clear(), is_open = true; };
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
    EXPECT_EQ(ran["UPDATE change_counter SET revision = revision"], 1);
    EXPECT_THAT(read_twice(), IsEmpty());
    EXPECT_EQ(post(path + '/' + made.text("key_id") + "/rotate", "{}", token).status, 201);
    EXPECT_THAT(read_twice(), IsEmpty());
  }
  EXPECT_EQ(post("/agents/register", R"({"agent_name":"Bot","owner_email":"o@example.com"})", token)
                .status,
            201);
  EXPECT_THAT(read_twice(), IsEmpty());
  EXPECT_EQ(post("/owners/ops%40example.com/suspend", "", token).status, 200);
  EXPECT_EQ(ran["UPDATE change_counter SET revision = revision"], 2) << "and that of the owner";
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
