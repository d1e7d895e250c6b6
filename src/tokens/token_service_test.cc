#include "tokens/token_service.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/json.h"
#include "tokens/verified_tokens.h"

namespace agentauth {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view agent_text = "0b51b2a3-8f0e-4a4e-9d0a-5c1f6f0a7e11";
constexpr std::int64_t t0 = 1'700'000'000;
const Bytes secret(32, 0x42);

std::string text_of(std::string_view json) { return base64url_encode(as_bytes(json)); }

// Signs whatever it is given, as somebody who knows the key could.
std::string signed_token(std::string_view header, std::string_view payload, ByteView key = secret) {
  std::string token = text_of(header) + "." + text_of(payload);
  const Sha256 signature = HmacSha256(key).sign(token);
  return token + "." + base64url_encode(signature);
}

// A payload of good claims, some of them replaced. A replacement "" leaves the claim out.
std::string claims(std::initializer_list<std::pair<std::string, std::string>> changes = {}) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"iss", R"("agentauth")"},
      {"aud", R"("agentauth")"},
      {"sub", '"' + std::string(agent_text) + '"'},
      {"agent_id", '"' + std::string(agent_text) + '"'},
      {"iat", std::to_string(t0)},
      {"exp", std::to_string(t0 + 900)},
      {"key", R"("4fJx0Zk2QmP1")"},
      {"jti", R"("AAAA")"},
  };
  for (const auto& [name, value] : changes) {
    bool known = false;
    for (auto& claim : all)
      if (claim.first == name) claim.second = value, known = true;
    if (!known) all.emplace_back(name, value);
  }
  std::string json = "{";
  for (const auto& [name, value] : all)
    if (!value.empty()) json += (json.size() > 1 ? "," : "") + ('"' + name + "\":" + value);
  return json + "}";
}

constexpr std::string_view good_header = R"({"alg":"HS256","typ":"at+jwt","kid":"key1"})";

class TokenServiceTest : public testing::Test {
 protected:
  static SigningKeys keys() {
    std::vector<SigningKey> made;
    made.emplace_back("key1", secret);
    return SigningKeys(std::move(made));
  }
  std::string issue() {
    std::string token;
    service.issue({.agent_id = agent, .key = kid}, now, token);
    return token;
  }
  bool accepts(std::string_view token) {
    const auto verified = service.verify(token, now);
    if (!verified) {
      EXPECT_EQ(verified.error().code, Errc::unauthenticated);
      EXPECT_EQ(verified.error().message, "The access token is not valid");
    }
    return verified.has_value();
  }
  bool accepts_claims(std::initializer_list<std::pair<std::string, std::string>> changes) {
    return accepts(signed_token(good_header, claims(changes)));
  }
  bool accepts_header(std::string_view header) { return accepts(signed_token(header, claims())); }

  SystemRandom random;
  TokenService service{keys(), {}, random};
  Timestamp now{Seconds{t0}};
  AgentId agent = *AgentId::parse(agent_text);
  Kid kid = *parse_kid("4fJx0Zk2QmP1");
};

TEST_F(TokenServiceTest, VerifiesWhatItIssuesUntilItExpires) {
  const std::string token = issue();
  const auto verified = service.verify(token, now);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->agent_id(), agent);
  EXPECT_EQ(verified->caller().key, kid);
  EXPECT_EQ(verified->expires_at(), now + 900s);
  EXPECT_TRUE(service.verify(token, now + 899'999ms));
  EXPECT_FALSE(service.verify(token, now + 900s));
}

TEST_F(TokenServiceTest, ATokenHasTheHeaderAndClaimsOfTheContract) {
  const std::string token = issue();
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  const Bytes header_bytes = *base64url_decode(token.substr(0, first));
  EXPECT_EQ(as_text(header_bytes), good_header);
  const Bytes payload = *base64url_decode(token.substr(first + 1, second - first - 1));
  const auto parsed = parse_json(as_text(payload));
  ASSERT_TRUE(parsed);
  for (const char* name : {"iss", "aud", "sub", "agent_id", "key", "gen", "iat", "exp", "jti"})
    EXPECT_NE(parsed->find(name), nullptr) << name;
  EXPECT_EQ(parsed->members.size(), 9U);
  EXPECT_EQ(parsed->find("sub")->text, agent_text);
  EXPECT_EQ(parsed->find("exp")->integer, t0 + 900);
}

TEST_F(TokenServiceTest, ATokenCarriesItsGeneration) {
  for (const std::uint32_t generation : {0U, 1U, 4'294'967'295U}) {
    std::string token;
    service.issue({agent, generation, {}, kid}, now, token);
    ASSERT_TRUE(service.verify(token, now));
    EXPECT_EQ(service.verify(token, now)->caller(), (Caller{agent, generation, {}, kid}));
  }
}

TEST_F(TokenServiceTest, ATokenWithoutAGenerationIsOfTheFirst) {
  const auto verified = service.verify(signed_token(good_header, claims()), now);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->caller().token_generation, 0U);
}

TEST_F(TokenServiceTest, AGenerationIsANumberInBounds) {
  for (const char* value :
       {"-1", "4294967296", "18446744073709551616", "1.5", R"("1")", "null", "true", "[1]", "{}"})
    EXPECT_FALSE(accepts_claims({{"gen", value}})) << value;
}

TEST_F(TokenServiceTest, ATokenCarriesItsFamilyIfItHasOne) {
  const FamilyId family = *FamilyId::parse("7e0c5a52-6c2f-4b53-8f0e-1f4b7a9d3c11");
  std::string token;
  service.issue({agent, 7, family, kid}, now, token);
  ASSERT_TRUE(service.verify(token, now));
  EXPECT_EQ(service.verify(token, now)->caller(), (Caller{agent, 7, family, kid}));
  EXPECT_EQ(service.verify(issue(), now)->caller().family, FamilyId{});
}

TEST_F(TokenServiceTest, AFamilyIsAnIdOrNotThere) {
  for (const char* value :
       {R"("")", R"("x")", "null", "7", "[]", R"("00000000-0000-0000-0000-000000000000")",
        R"("{7e0c5a52-6c2f-4b53-8f0e-1f4b7a9d3c11}")"})
    EXPECT_FALSE(accepts_claims({{"sid", value}})) << value;
  EXPECT_TRUE(accepts_claims({{"sid", R"("7e0c5a52-6c2f-4b53-8f0e-1f4b7a9d3c11")"}}));
}

TEST_F(TokenServiceTest, ATokenWithoutTheKeyItWasGotWithIsRefused) {
  for (const char* key : {"", "\"\"", "1", "null", "[\"4fJx0Zk2QmP1\"]", "\"4fJx0Zk2QmP\"",
                          "\"4fJx0Zk2QmP12\"", "\"4fJx0Zk2Qm_1\"", "\"4fJx0Zk2QmP1 \""})
    EXPECT_FALSE(accepts_claims({{"key", key}})) << key;
}

TEST_F(TokenServiceTest, EachTokenHasItsOwnIdentifier) { EXPECT_NE(issue(), issue()); }

TEST_F(TokenServiceTest, IssuerAndAudienceAreEscaped) {
  TokenService quoting(keys(), {.issuer = "a\"b\\", .audience = "x\n", .lifetime = 900s}, random);
  std::string token;
  quoting.issue({.agent_id = agent, .key = kid}, now, token);
  EXPECT_TRUE(quoting.verify(token, now));
}

TEST_F(TokenServiceTest, TheHarnessSignsTokensThatAreAccepted) {
  EXPECT_TRUE(accepts(signed_token(good_header, claims())));
}

TEST_F(TokenServiceTest, EveryFlippedBitOfTheSignatureIsNoticed) {
  const std::string token = issue();
  const std::size_t dot = token.rfind('.');
  const Bytes signature = *base64url_decode(token.substr(dot + 1));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    Bytes changed = signature;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
    EXPECT_FALSE(accepts(token.substr(0, dot + 1) + base64url_encode(changed))) << bit;
  }
}

TEST_F(TokenServiceTest, EveryChangedCharacterIsNoticed) {
  const std::string token = issue();
  for (std::size_t i = 0; i < token.size(); ++i)
    for (const char character : {'A', 'B', '.', '=', '\0', '-', '\xFF'}) {
      std::string changed = token;
      changed[i] = character;
      if (changed == token) continue;
      ASSERT_FALSE(accepts(changed)) << i << " as " << static_cast<int>(character);
    }
}

TEST_F(TokenServiceTest, TheSignatureIsWholeAndUnderOurKey) {
  const std::string input = text_of(good_header) + "." + text_of(claims());
  const Sha256 right = HmacSha256(secret).sign(input);
  EXPECT_FALSE(accepts(input + "."));
  for (const std::size_t size : {1U, 8U, 16U, 31U})
    EXPECT_FALSE(accepts(input + "." + base64url_encode(ByteView(right).first(size)))) << size;
  Bytes longer(right.begin(), right.end());
  longer.push_back(0);
  EXPECT_FALSE(accepts(input + "." + base64url_encode(longer)));
  EXPECT_FALSE(accepts(signed_token(good_header, claims(), ByteView{}))) << "the empty key";
  EXPECT_FALSE(accepts(signed_token(good_header, claims(), Bytes(32, 0x43))));
  EXPECT_FALSE(accepts(input + "." + hex_encode(right)));
}

// RFC 8725 3.1: the algorithm belongs to the key. CVE-2026-11800 and its kin.
TEST_F(TokenServiceTest, AlgorithmsThatTheKeyDoesNotHaveAreRefused) {
  for (const char* algorithm :
       {"none", "None", "NONE", "nOnE", "", "hs256", "Hs256", "HS256 ", "HS384", "HS512", "RS256",
        "ES256", "PS256", "EdDSA", "HS256\\u0000"}) {
    const std::string header =
        R"({"alg":")" + std::string(algorithm) + R"(","typ":"at+jwt","kid":"key1"})";
    EXPECT_FALSE(accepts_header(header)) << algorithm;
    EXPECT_FALSE(accepts(text_of(header) + "." + text_of(claims()) + ".")) << algorithm;
  }
}

TEST_F(TokenServiceTest, HeadersThatAreNotOursAreRefused) {
  for (const char* header : {
           R"({"typ":"at+jwt","kid":"key1"})",
           R"({"alg":["HS256"],"typ":"at+jwt","kid":"key1"})",
           R"({"alg":null,"typ":"at+jwt","kid":"key1"})",
           R"({"alg":"HS256","kid":"key1"})",
           R"({"alg":"HS256","typ":"JWT","kid":"key1"})",
           R"({"alg":"HS256","typ":"AT+JWT","kid":"key1"})",
           R"({"alg":"HS256","typ":"refresh+jwt","kid":"key1"})",
           R"({"alg":"HS256","typ":"at+jwt"})",
           R"({"alg":"HS256","typ":"at+jwt","kid":"key2"})",
           R"({"alg":"HS256","typ":"at+jwt","kid":"KEY1"})",
           R"({"alg":"HS256","typ":"at+jwt","kid":""})",
           R"({"alg":"HS256","typ":"at+jwt","kid":1})",
           R"({"alg":"HS256","typ":"at+jwt","kid":"../../dev/null"})",
           R"({"alg":"HS256","typ":"at+jwt","kid":"key1","crit":["b64"],"b64":false})",
           R"({"alg":"HS256","typ":"at+jwt","kid":"key1","crit":[]})",
           R"({"alg":"none","alg":"HS256","typ":"at+jwt","kid":"key1"})",
           R"({"alg":"HS256","alg":"none","typ":"at+jwt","kid":"key1"})",
           R"({"alg":"HS256","typ":"at+jwt","kid":"key2","kid":"key1"})",
           R"(["HS256"])",
           R"("HS256")",
           "{}",
           "",
           "{",
           R"({"alg":"HS256","typ":"at+jwt","kid":"key1"}x)",
       })
    EXPECT_FALSE(accepts_header(header)) << header;
}

TEST_F(TokenServiceTest, AKeyInTheHeaderIsNotUsed) {
  const Bytes theirs(32, 0x66);
  const std::string header =
      R"({"alg":"HS256","typ":"at+jwt","kid":"key1","jwk":{"kty":"oct","k":")" +
      base64url_encode(theirs) + R"("},"jku":"https://example.com/keys"})";
  EXPECT_FALSE(accepts(signed_token(header, claims(), theirs)));
}

TEST_F(TokenServiceTest, TheSameHeaderSpelledDifferentlyIsStillAHeader) {
  EXPECT_TRUE(accepts_header(R"({ "kid":"key1", "typ":"at+jwt", "alg":"HS256" })"));
}

TEST_F(TokenServiceTest, IssuerAndAudienceMustBeOurs) {
  for (const char* claim : {"iss", "aud"})
    for (const char* value :
         {"", R"("")", R"("other")", R"("AGENTAUTH")", R"("agentauth ")", R"("agentauth/")", "null",
          "7", "true", "{}", "[]", R"(["other"])", R"([["agentauth"]])", R"({"agentauth":1})"})
      EXPECT_FALSE(accepts_claims({{claim, value}})) << claim << " " << value;
  EXPECT_FALSE(accepts_claims({{"iss", R"(["agentauth"])"}}));
}

// RFC 7519 4.1.3. CVE-2026-9097's cousin: a list is looked through, exactly.
TEST_F(TokenServiceTest, AListOfAudiencesMustNameOurs) {
  EXPECT_TRUE(accepts_claims({{"aud", R"(["other","agentauth"])"}}));
  EXPECT_FALSE(accepts_claims({{"aud", R"(["other","agentauth2"])"}}));
}

TEST_F(TokenServiceTest, TimesMustBeThereAndMakeSense) {
  const auto at = [](std::int64_t offset) { return std::to_string(t0 + offset); };
  struct Times {
    std::string issued_at;
    std::string expires_at;
    bool accepted;
  };
  const Times cases[] = {
      {at(0), at(900), true},
      {at(-899), at(1), true},
      {at(-900), at(0), false},               // expired this second
      {at(-10'000), at(-9'100), false},       // long ago
      {at(60), at(960), true},                // another node's clock is ahead
      {at(61), at(961), false},               // issued in the future
      {at(0), at(901), false},                // lives longer than tokens may
      {at(-1), at(900), false},               // the same, by an older iat
      {at(0), at(1'000'000'000), false},      // stretched
      {"0", at(900), false},                  //
      {"-1", at(900), false},                 //
      {at(0), "9223372036854775807", false},  // the largest number
      {"-9223372036854775808", at(900), false},
      {"-9223372036854775808", "9223372036854775807", false},
      {at(0), "18446744073709551615", false},
      {"", at(900), false},
      {at(0), "", false},
      {"", "", false},
      {at(0), at(900) + ".5", false},
      {at(0), "1e300", false},
      {at(0), '"' + at(900) + '"', false},
      {at(0), "null", false},
      {at(0), "true", false},
      {at(0), "[" + at(900) + "]", false},
      {'"' + at(0) + '"', at(900), false},
  };
  for (const Times& row : cases)
    EXPECT_EQ(accepts_claims({{"iat", row.issued_at}, {"exp", row.expires_at}}), row.accepted)
        << row.issued_at << " to " << row.expires_at;
}

TEST_F(TokenServiceTest, ANotBeforeIsKept) {
  EXPECT_TRUE(accepts_claims({{"nbf", std::to_string(t0)}}));
  EXPECT_FALSE(accepts_claims({{"nbf", std::to_string(t0 + 1)}}));
  EXPECT_FALSE(accepts_claims({{"nbf", R"("soon")"}}));
  EXPECT_FALSE(accepts_claims({{"nbf", "null"}}));
}

TEST_F(TokenServiceTest, TheSubjectIsOneAgentNamedTwice) {
  const std::string other = R"("1b51b2a3-8f0e-4a4e-9d0a-5c1f6f0a7e11")";
  for (const std::string& value : {std::string(), other, std::string("null"), std::string("7"),
                                   std::string(R"("admin")"), std::string("\"\"")}) {
    EXPECT_FALSE(accepts_claims({{"sub", value}})) << value;
    EXPECT_FALSE(accepts_claims({{"agent_id", value}})) << value;
  }
  EXPECT_FALSE(accepts_claims({{"sub", R"("admin")"}, {"agent_id", R"("admin")"}}));
  EXPECT_FALSE(accepts_claims({{"sub", "7"}, {"agent_id", "7"}}));
  EXPECT_FALSE(accepts_claims({{"sub", "[]"}, {"agent_id", R"("")"}}));
}

TEST_F(TokenServiceTest, ATokenWithoutAnIdentifierIsRefused) {
  for (const char* value : {"", "null", "7", R"("")"})
    EXPECT_FALSE(accepts_claims({{"jti", value}})) << value;
}

// RFC 8725 2.x: two readers of one payload must not see two tokens.
TEST_F(TokenServiceTest, AClaimThatIsThereTwiceIsRefused) {
  for (const char* claim :
       {R"("exp":1700000001)", R"("iss":"agentauth")", R"("x":1,"x":2)", R"("sub":"admin")"}) {
    std::string payload = claims();
    payload.insert(1, std::string(claim) + ",");
    EXPECT_FALSE(accepts(signed_token(good_header, payload))) << claim;
  }
}

TEST_F(TokenServiceTest, ClaimsWeDoNotKnowAreIgnored) {
  EXPECT_TRUE(accepts_claims({{"scope", R"("read")"}, {"permissions", R"(["*"])"}}));
}

TEST_F(TokenServiceTest, APayloadThatIsNotAnObjectIsRefused) {
  for (const char* payload : {"", "{", "[]", "null", "7", "\"x\"", "{}", "{\"iss\":\"agentauth\"}"})
    EXPECT_FALSE(accepts(signed_token(good_header, payload))) << payload;
  std::string deep(100, '[');
  EXPECT_FALSE(accepts(signed_token(good_header, deep + std::string(100, ']'))));
}

TEST_F(TokenServiceTest, OnlyTheCompactFormOfThreePartsIsRead) {
  const std::string token = issue();
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  for (const std::string& text : {std::string(),
                                  std::string("."),
                                  std::string(".."),
                                  std::string("..."),
                                  token.substr(0, second),
                                  token.substr(0, first),
                                  token + ".",
                                  token + ".x",
                                  "." + token,
                                  token.substr(first),
                                  token + " ",
                                  " " + token,
                                  token + "\n",
                                  token + '\0',
                                  token + "=",
                                  token.substr(0, second) + "=" + token.substr(second),
                                  "Bearer " + token,
                                  token + "." + token,
                                  std::string(R"({"payload":"","signatures":[]})"),
                                  token.substr(0, first) + ".." + token.substr(second + 1)})
    EXPECT_FALSE(accepts(text)) << text;
}

TEST_F(TokenServiceTest, ATokenLongerThan8KiBIsRefusedBeforeItIsLookedAt) {
  const std::string long_claim = '"' + std::string(7'000, 'x') + '"';
  EXPECT_FALSE(accepts_claims({{"x", long_claim}}));
  EXPECT_TRUE(accepts_claims({{"x", '"' + std::string(5'000, 'x') + '"'}}));
  EXPECT_FALSE(accepts(std::string(10'000'000, '.')));
}

// 32 bytes leave two bits unused in the last of 43 characters: one value, one spelling.
TEST_F(TokenServiceTest, ASignatureHasOneSpelling) {
  const std::string token = issue();
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int accepted = 0;
  for (const char last : alphabet) {
    std::string changed = token;
    changed.back() = last;
    accepted += accepts(changed) ? 1 : 0;
  }
  EXPECT_EQ(accepted, 1);
}

TEST_F(TokenServiceTest, ATokenOfAServiceWithAnotherKeyIsRefused) {
  std::vector<SigningKey> made;
  made.emplace_back("key1", Bytes(32, 0x11));
  TokenService other(SigningKeys(std::move(made)), {}, random);
  std::string token;
  other.issue({.agent_id = agent, .key = kid}, now, token);
  EXPECT_FALSE(accepts(token));
}

class RotatingKeysTest : public TokenServiceTest {
 protected:
  static SigningKey key(const std::string& kid, const SigningKey::Times& times) {
    return {kid, sha256(kid), times};
  }
  void use(std::vector<SigningKey> keys) { service.use_keys(SigningKeys(std::move(keys))); }
  std::string kid_of(const std::string& token) {
    const auto header = base64url_decode(token.substr(0, token.find('.')));
    return std::string(parse_json(as_text(*header))->find("kid")->text);
  }
};

TEST_F(RotatingKeysTest, AKeySignsFromItsTimeOnAndVerifiesBeforeThat) {
  use({key("next", {.signs_from = now + 60s}), key("first", {.signs_from = now - 24h})});
  EXPECT_EQ(kid_of(issue()), "first");
  now += 59s;
  EXPECT_EQ(kid_of(issue()), "first");
  now += 1s;
  const std::string token = issue();
  EXPECT_EQ(kid_of(token), "next");
  // To a clock that is a minute behind.
  now -= 60s;
  EXPECT_TRUE(accepts(token));
}

TEST_F(RotatingKeysTest, AClockThatIsBehindAllKeysSignsWithTheFirst) {
  use({key("next", {.signs_from = now + 120s}), key("first", {.signs_from = now + 60s})});
  const std::string token = issue();
  EXPECT_EQ(kid_of(token), "first");
  EXPECT_TRUE(accepts(token));
}

TEST_F(RotatingKeysTest, AKeyVerifiesUntilItsTimeIsOverHoweverLongItsTokensLive) {
  use({key("old", {.verifies_until = now + 60s})});
  const std::string token = issue();
  EXPECT_EQ(service.verify(token, now)->expires_at(), now + 60s);
  EXPECT_TRUE(service.verify(token, now + 59'999ms));
  EXPECT_EQ(service.verify(token, now + 60s).error().detail, "its key was retired");
}

TEST_F(RotatingKeysTest, WhatAKeyThatIsGoneSignedIsRefused) {
  const std::string token = issue();
  use({key("other", {})});
  EXPECT_EQ(service.verify(token, now).error().detail, "unknown kid");
  EXPECT_TRUE(accepts(issue()));
}

class VerifiedTokensTest : public TokenServiceTest {
 protected:
  VerifiedTokens remembered{service};
};

TEST_F(VerifiedTokensTest, FindsWhatItRemembersAndNothingElse) {
  const std::string token = issue();
  EXPECT_FALSE(remembered.find(token, now));
  remembered.remember(token, *service.verify(token, now));
  ASSERT_TRUE(remembered.find(token, now));
  EXPECT_EQ(remembered.find(token, now)->agent_id(), agent);
  EXPECT_FALSE(remembered.find(issue(), now));
  EXPECT_FALSE(remembered.find("", now));
}

TEST_F(VerifiedTokensTest, NeverPastItsExpiry) {
  const std::string token = issue();
  remembered.remember(token, *service.verify(token, now));
  EXPECT_TRUE(remembered.find(token, now + 899'999ms));
  EXPECT_FALSE(remembered.find(token, now + 900s));
  EXPECT_FALSE(remembered.find(token, now + 24h));
}

TEST_F(VerifiedTokensTest, NeverPastItsKey) {
  const std::string token = issue();
  const auto verified = *service.verify(token, now);
  remembered.remember(token, verified);
  ASSERT_TRUE(remembered.find(token, now));
  service.use_keys(keys());
  EXPECT_FALSE(remembered.find(token, now));
  // Verified with the keys of before, remembered after they were replaced.
  remembered.remember(token, verified);
  EXPECT_FALSE(remembered.find(token, now));
  remembered.remember(token, *service.verify(token, now));
  EXPECT_TRUE(remembered.find(token, now));
}

// CVE-2021-32701: a cache must compare the whole token, not what it is found by.
TEST_F(VerifiedTokensTest, NeverBeforeItsBeginWhenTheClockGoesBack) {
  const std::string text = issue();
  remembered.remember(text, *service.verify(text, now));
  EXPECT_TRUE(remembered.find(text, now - 60s));
  EXPECT_FALSE(remembered.find(text, now - 61s));
  EXPECT_FALSE(service.verify(text, now - 61s));
}

TEST_F(VerifiedTokensTest, EveryCharacterCounts) {
  const std::string token = issue();
  remembered.remember(token, *service.verify(token, now));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(remembered.find(changed, now)) << i;
  }
  EXPECT_FALSE(remembered.find(token.substr(1), now));
  EXPECT_FALSE(remembered.find(token + "A", now));
}

TEST_F(VerifiedTokensTest, AVeryLongTokenIsNotRemembered) {
  const std::string token =
      signed_token(good_header, claims({{"x", '"' + std::string(2'000, 'x') + '"'}}));
  const auto verified = service.verify(token, now);
  ASSERT_TRUE(verified);
  remembered.remember(token, *verified);
  EXPECT_FALSE(remembered.find(token, now));
}

TEST_F(VerifiedTokensTest, ManyTokensPushOutOthersAndNeverMixThem) {
  std::vector<std::pair<std::string, AgentId>> issued;
  for (int i = 0; i < 6000; ++i) {
    AgentId id = agent;
    id.uuid.bytes[0] = static_cast<std::uint8_t>(i);
    id.uuid.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    std::string token;
    service.issue({.agent_id = id, .key = kid}, now, token);
    remembered.remember(token, *service.verify(token, now));
    issued.emplace_back(token, id);
  }
  std::size_t found = 0;
  for (const auto& [token, id] : issued)
    if (const auto known = remembered.find(token, now)) {
      ++found;
      ASSERT_EQ(known->agent_id(), id);
    }
  EXPECT_LE(found, 4096U);
  EXPECT_GT(found, 1000U);
}

TEST_F(TokenServiceTest, ATokenEndsNoLaterThanItsKey) {
  std::string token;
  service.issue({.agent_id = agent, .key = kid}, now, token, now + 60'999ms);
  now += 59s;
  EXPECT_TRUE(accepts(token));
  now += 1s;
  EXPECT_FALSE(accepts(token));
}

}  // namespace
}  // namespace agentauth
