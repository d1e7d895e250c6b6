#include "keys/key_service.h"

#include <gtest/gtest.h>

#include <thread>

#include "crypto/bcrypt.h"
#include "directory/testing/replica.h"

namespace agentauth {
namespace {

using Outcome = KeyService::Check::Outcome;
using namespace std::chrono_literals;

class KeyServiceTest : public testing::Test {
 protected:
  struct Created {
    std::string text;
    KeyId key_id;
  };
  Created create(AgentId agent, std::optional<std::int64_t> expires_in = {}) {
    const MintedKey minted = value_of(service.mint());
    const ApiKey key = value_of(replica.database().write([&](Transaction& tx) {
      return service.store(tx, minted, {agent, "laptop", expires_in});
    }));
    return {std::string(minted.text.reveal()), key.key_id};
  }
  Result<void> revoke(AgentId agent, KeyId key) {
    return replica.database().write([&](Transaction& tx) {
      return service.revoke(tx, {agent, key});
    });
  }
  std::vector<KeyDescription> list(AgentId agent) {
    return value_of(replica.database().read([&](Transaction& tx) {
      return service.list(tx, {agent, {}, {}}, {}, 100);
    }));
  }
  Result<Caller> authenticate(const std::string& text) { return service.authenticate(text, here); }
  Outcome check(const std::string& text) { return service.check(text, here).outcome; }
  Error refusal(const std::string& text) {
    const auto agent = authenticate(text);
    return agent ? Error{Errc::internal, "not refused"} : agent.error();
  }
  // The right kid with another secret, correctly spelled.
  std::string with_other_secret(const std::string& text) {
    std::string covered = text.substr(0, key_text_length - key_checksum_length);
    covered.back() = covered.back() == '0' ? '1' : '0';
    return covered + base62_encode(crc32(covered), key_checksum_length);
  }
  // From now on whatever reaches bcrypt fails there, and with other words than before it.
  void break_hashes() { replica.execute("UPDATE api_keys SET hash = 'garbage'"); }

  const IpAddress here = *parse_ip_address("192.0.2.1");
  static constexpr Seconds expiry_notice{600};
  Replica replica;
  ManualClock clock;
  SystemRandom random;
  MasterKey master_key{Bytes(32, 7)};
  KeyService service{replica.database(),
                     replica.directory(),
                     master_key,
                     clock,
                     random,
                     {bcrypt_cost_min, expiry_notice}};
  AgentId weather_bot = replica.add_agent("WeatherBot");
};

TEST_F(KeyServiceTest, ASecretAuthenticatesUntilItExpires) {
  const auto created = create(weather_bot, 60);
  EXPECT_EQ(authenticate(created.text)->agent_id, weather_bot);
  clock.advance(59'999ms);
  EXPECT_EQ(authenticate(created.text)->agent_id, weather_bot);
  clock.advance(1ms);
  EXPECT_EQ(refusal(created.text).code, Errc::unauthenticated);
  EXPECT_EQ(check(created.text), Outcome::refused);
}

TEST_F(KeyServiceTest, AnUnknownSecretLooksLikeAnExpiredOne) {
  const auto expired = create(weather_bot, 1);
  const auto revoked = create(weather_bot);
  const AgentId suspended_agent = replica.add_agent();
  const auto suspended = create(suspended_agent);
  const AgentId erased_agent = replica.add_agent();
  const auto erased = create(erased_agent);
  clock.advance(2s);
  ASSERT_TRUE(revoke(weather_bot, revoked.key_id));
  replica.suspend(suspended_agent);
  replica.erase(erased_agent);

  const auto good = create(weather_bot);
  const std::string unknown(value_of(service.mint()).text.reveal());
  const std::string texts[] = {
      expired.text, revoked.text, suspended.text, erased.text,    with_other_secret(good.text),
      unknown,      "",           "not a key",    good.text + " "};
  for (const std::string& text : texts) {
    const Error error = refusal(text);
    EXPECT_EQ(error.code, Errc::unauthenticated) << text;
    EXPECT_EQ(error.message, "Invalid credentials") << text;
    EXPECT_TRUE(error.fields.empty() && error.extra.empty()) << text;
    EXPECT_EQ(check(text), Outcome::refused) << text;
  }
  EXPECT_EQ(authenticate(good.text)->agent_id, weather_bot);
}

// (3) of DESIGN "Keys and tokens": the tag stands before bcrypt.
TEST_F(KeyServiceTest, AWrongSecretNeverReachesBcrypt) {
  const auto created = create(weather_bot);
  break_hashes();
  EXPECT_EQ(refusal(created.text).detail, "the tag matches but the hash does not")
      << "the right secret does reach it";
  const std::string unknown(value_of(service.mint()).text.reveal());
  EXPECT_EQ(refusal(with_other_secret(created.text)).detail, "key_wrong_secret");
  EXPECT_EQ(refusal(unknown).detail, "key_unknown");
  EXPECT_EQ(refusal("noise").detail, "key_malformed");
}

TEST_F(KeyServiceTest, NeitherDoesASecretThatMayNotBeUsedAnyMore) {
  const auto revoked = create(weather_bot);
  const auto expired = create(weather_bot, 1);
  ASSERT_TRUE(revoke(weather_bot, revoked.key_id));
  clock.advance(1s);
  break_hashes();
  EXPECT_EQ(refusal(revoked.text).detail, "key_revoked");
  EXPECT_EQ(refusal(with_other_secret(revoked.text)).detail, "key_wrong_secret");
  EXPECT_EQ(refusal(expired.text).detail, "key_expired");
}

TEST_F(KeyServiceTest, ATagThatWasMovedToAnotherKeyDoesNotFit) {
  const auto first = create(weather_bot);
  const auto second = create(replica.add_agent());
  replica.execute("UPDATE api_keys SET tag = (SELECT MAX(tag) FROM api_keys)");
  ASSERT_TRUE(replica.directory().load());
  EXPECT_NE(check(first.text), check(second.text)) << "only the tag's own key is left";
}

TEST_F(KeyServiceTest, ATagMadeUnderAnotherMasterKeyDoesNotFit) {
  const auto created = create(weather_bot);
  const MasterKey stolen_database_only{Bytes(32, 8)};
  const KeyService other(replica.database(), replica.directory(), stolen_database_only, clock,
                         random, {bcrypt_cost_min});
  EXPECT_EQ(other.check(created.text, here).outcome, Outcome::refused);
}

TEST_F(KeyServiceTest, AKeyIsComputedOnceAndThenRemembered) {
  const auto created = create(weather_bot);
  EXPECT_EQ(check(created.text), Outcome::unverified);
  ASSERT_TRUE(authenticate(created.text));
  EXPECT_EQ(check(created.text), Outcome::verified);
  break_hashes();
  EXPECT_EQ(authenticate(created.text)->agent_id, weather_bot) << "from memory";
}

TEST_F(KeyServiceTest, WhatIsRememberedIsForgottenAfterAWhile) {
  const auto created = create(weather_bot);
  ASSERT_TRUE(authenticate(created.text));
  clock.advance(5min);
  EXPECT_EQ(check(created.text), Outcome::unverified);
}

TEST_F(KeyServiceTest, RevokingBitesAtTheNextUse) {
  const auto created = create(weather_bot);
  ASSERT_TRUE(authenticate(created.text));
  ASSERT_TRUE(revoke(weather_bot, created.key_id));
  EXPECT_EQ(check(created.text), Outcome::refused);
  EXPECT_FALSE(authenticate(created.text));
}

TEST_F(KeyServiceTest, SuspendingOrDeletingTheAgentBitesAtTheNextUse) {
  const auto created = create(weather_bot);
  ASSERT_TRUE(authenticate(created.text));
  replica.suspend(weather_bot);
  EXPECT_EQ(check(created.text), Outcome::refused);
  replica.set_status(weather_bot, AgentStatus::active);
  EXPECT_EQ(check(created.text), Outcome::verified);
  replica.erase(weather_bot);
  EXPECT_EQ(check(created.text), Outcome::refused);
}

TEST_F(KeyServiceTest, ARowOfANewGenerationIsVerifiedAnew) {
  const auto created = create(weather_bot);
  ASSERT_TRUE(authenticate(created.text));
  replica.execute("UPDATE api_keys SET generation = generation + 1, hash = 'garbage'");
  ASSERT_TRUE(replica.directory().load());
  EXPECT_EQ(check(created.text), Outcome::unverified);
  EXPECT_EQ(refusal(created.text).code, Errc::unauthenticated);
}

TEST_F(KeyServiceTest, VerificationsShareANameOnlyForTheSameKey) {
  const auto first = create(weather_bot);
  const auto second = create(weather_bot);
  EXPECT_EQ(service.check(first.text, here).name, service.check(first.text, here).name);
  EXPECT_NE(service.check(first.text, here).name, service.check(second.text, here).name);
  EXPECT_NE(service.check(first.text, here).name, Sha256{});
  EXPECT_EQ(service.check("noise", here).name, Sha256{});
}

TEST_F(KeyServiceTest, LoginsAtOnceAllSucceed) {
  const auto created = create(weather_bot);
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int login = 0; login < 3; ++login)
        if (authenticate(created.text)->agent_id != weather_bot) ++failed;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(KeyServiceTest, TheSecretIsStoredNowhere) {
  const auto created = create(weather_bot);
  const auto parts = parse_key(created.text);
  const std::string hash = value_of(replica.database().read(
      [&](Transaction& tx) { return tx.keys().find_hash(std::string(parts->kid)); }));
  EXPECT_TRUE(hash.starts_with("$2b$10$"));
  EXPECT_TRUE(bcrypt_matches(Secret{std::string(parts->secret)}, hash));
  value_of(replica.database().read([&](Transaction& tx) {
    return tx.session().query("SELECT kid || hash || hex(tag) || name FROM api_keys", {},
                              [&](const Row& row) -> Result<void> {
                                EXPECT_EQ(row.text(0).find(parts->secret), std::string::npos);
                                return {};
                              });
  }));
}

TEST_F(KeyServiceTest, AnAgentHasAnyNumberOfKeysAndRevokingOneLeavesTheOthers) {
  const auto first = create(weather_bot);
  const auto second = create(weather_bot);
  ASSERT_TRUE(revoke(weather_bot, first.key_id));
  EXPECT_EQ(check(first.text), Outcome::refused);
  EXPECT_EQ(authenticate(second.text)->agent_id, weather_bot);
  const auto keys = list(weather_bot);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].status,
            keys[0].key_id == first.key_id ? KeyStatus::revoked : KeyStatus::active);
  EXPECT_EQ(keys[0].name, "laptop");
}

TEST_F(KeyServiceTest, AKeyIsNarrowedToANewNameOnlyWhereThereIsRoomForIt) {
  Replica few(1h, Replica::Agents::bare, Replica::new_database(),
              {.by_keys = 2, .by_grants = 100, .stored = 100});
  KeyService keys{few.database(), few.directory(), master_key, clock, random, {bcrypt_cost_min}};
  const AgentId agent = few.add_agent_with({"a:*"});
  const auto narrowed_to = [&](std::vector<std::string> names) {
    CreateKey request{agent, "laptop", {}};
    request.permissions = std::move(names);
    return few.database().write(
        [&](Transaction& tx) { return keys.store(tx, value_of(keys.mint()), request); });
  };
  EXPECT_TRUE(narrowed_to({"a:b"}));
  const auto refused = narrowed_to({"a:b", "a:c"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_TRUE(narrowed_to({"a:b", "a:*"}));
}

TEST_F(KeyServiceTest, AListTellsWhatExpired) {
  create(weather_bot, 60);
  EXPECT_EQ(list(weather_bot)[0].status, KeyStatus::active);
  EXPECT_EQ(list(weather_bot)[0].expires_at, clock.now() + 60s);
  clock.advance(60s);
  EXPECT_EQ(list(weather_bot)[0].status, KeyStatus::expired);
}

TEST_F(KeyServiceTest, RevokingTwiceKeepsTheFirstTime) {
  const auto created = create(weather_bot);
  ASSERT_TRUE(revoke(weather_bot, created.key_id));
  const auto revoked_at = list(weather_bot)[0].revoked_at;
  EXPECT_EQ(revoked_at, clock.now());
  const auto revision = replica.revision();
  clock.advance(1h);
  ASSERT_TRUE(revoke(weather_bot, created.key_id));
  EXPECT_EQ(list(weather_bot)[0].revoked_at, revoked_at);
  EXPECT_EQ(replica.revision(), revision) << "nothing was changed";
  EXPECT_EQ(replica.number("SELECT generation FROM api_keys"), 2);
}

TEST_F(KeyServiceTest, AnAgentHasABoundedNumberOfKeysThatCanBeUsed) {
  const auto last = create(weather_bot);
  create(weather_bot, 60);
  value_of(replica.database().write([&](Transaction& tx) -> Result<void> {
    for (std::int64_t i = 2; i < usable_keys_max; ++i)
      TRY(tx.keys().insert({weather_bot, "kid" + std::to_string(100'000'000 + i), "", {}, "", {}}));
    return {};
  }));
  const MintedKey one_more = value_of(service.mint());
  const auto store = [&](AgentId agent) {
    return replica.database().write([&](Transaction& tx) {
      return service.store(tx, one_more, {agent, {}, {}});
    });
  };
  EXPECT_EQ(store(weather_bot).error().code, Errc::conflict);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys"), usable_keys_max);
  clock.advance(60s);
  EXPECT_TRUE(store(weather_bot)) << "one of them has expired";
  EXPECT_FALSE(replica.database().write([&](Transaction& tx) {
    return service.store(tx, value_of(service.mint()), {weather_bot, {}, {}});
  }));
  ASSERT_TRUE(revoke(weather_bot, last.key_id));
  create(weather_bot);
  create(replica.add_agent());
}

TEST_F(KeyServiceTest, AKeyIsRevokedThroughItsOwnAgentOnly) {
  const auto created = create(weather_bot);
  const AgentId other = replica.add_agent();
  const auto before = replica.revision();
  EXPECT_EQ(revoke(other, created.key_id).error().code, Errc::not_found);
  EXPECT_EQ(revoke(weather_bot, KeyId{}).error().code, Errc::not_found);
  EXPECT_EQ(replica.revision(), before);
  EXPECT_EQ(authenticate(created.text)->agent_id, weather_bot);
}

TEST_F(KeyServiceTest, AnAgentThatIsGoneGetsNoKey) {
  const MintedKey minted = value_of(service.mint());
  const auto stored = replica.database().write([&](Transaction& tx) {
    return service.store(tx, minted, {AgentId{}, {}, {}});
  });
  EXPECT_EQ(stored.error().code, Errc::not_found);
  EXPECT_EQ(replica.number("SELECT COUNT(*) FROM api_keys"), 0);
}

// SECURITY-CASES "revocation that lies": a storage error is not an answer about the key.
TEST_F(KeyServiceTest, ADatabaseThatFailsIsNotAWrongKey) {
  const auto created = create(weather_bot);
  replica.execute("ALTER TABLE api_keys RENAME TO elsewhere");
  EXPECT_NE(refusal(created.text).code, Errc::unauthenticated);
}

TEST_F(KeyServiceTest, AKeyWorksFromItsTimeOnAndFromItsNetworksOnly) {
  const MintedKey minted = value_of(service.mint());
  value_of(replica.database().write([&](Transaction& tx) {
    return service.store(tx, minted,
                         {.agent_id = weather_bot,
                          .not_before = clock.now() + 60s,
                          .allowed_cidrs = {{"10.0.0.0/8", "2001:db8::/32"}}});
  }));
  const std::string text(minted.text.reveal());
  const auto from = [&](std::string_view address) {
    return service.authenticate(text, *parse_ip_address(address)).has_value();
  };
  clock.advance(59'999ms);
  EXPECT_FALSE(from("10.1.2.3"));
  clock.advance(1ms);
  EXPECT_TRUE(from("10.1.2.3"));
  EXPECT_TRUE(from("::ffff:10.1.2.3"));
  EXPECT_TRUE(from("2001:db8::1"));
  EXPECT_FALSE(from("11.0.0.1")) << "also when it was verified a moment ago";
  EXPECT_FALSE(from("2001:db9::1"));
}

TEST_F(KeyServiceTest, NoNoticeIsDueOfAKeyThatWasMadeForNoLongerThanTheNoticeOrWasReplaced) {
  const auto due = [&] {
    return replica.number("SELECT COUNT(*) FROM api_keys WHERE expiry_notice IS NULL");
  };
  const auto brief = create(weather_bot, expiry_notice.count());
  EXPECT_EQ(due(), 0);
  const auto lasting = create(weather_bot, expiry_notice.count() + 1);
  EXPECT_EQ(due(), 1);
  replica.execute("UPDATE api_keys SET created_at = $1", {clock.now()});
  for (const auto& old : {brief, lasting}) {
    const MintedKey minted = value_of(service.mint());
    value_of(replica.database().write([&](Transaction& tx) {
      return service.rotate(tx, minted, {weather_bot, old.key_id, 60});
    }));
    EXPECT_EQ(due(), 1);
  }
}

TEST_F(KeyServiceTest, TimesThatMakeNoSenseAreRefusedByName) {
  const auto wrong = [&](const CreateKey& request) -> std::string {
    const MintedKey minted{Secret{}, "AAAAAAAAAAA1", "", {}};
    const auto key = replica.database().write(
        [&](Transaction& tx) { return service.store(tx, minted, request); });
    return key ? "" : key.error().fields.at(0).field;
  };
  const Timestamp now = clock.now();
  const AgentId id = weather_bot;
  EXPECT_EQ(wrong({.agent_id = id, .expires_at = now}), "expires_at");
  EXPECT_EQ(wrong({.agent_id = id, .expires_at = now + std::chrono::hours{24 * 366 * 11}}),
            "expires_at");
  EXPECT_EQ(wrong({.agent_id = id, .expires_in = 60, .expires_at = now + 60s}), "expires_at");
  EXPECT_EQ(wrong({.agent_id = id, .expires_at = now + 60s, .not_before = now + 60s}),
            "not_before");
  EXPECT_EQ(wrong({.agent_id = id, .expires_in = 60, .not_before = now + 61s}), "not_before");
  EXPECT_EQ(wrong({.agent_id = id, .expires_at = now + 60s, .not_before = now + 59s}), "");
}

}  // namespace
}  // namespace agentauth
