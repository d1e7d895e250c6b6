// The table of tokens that other verifiers took, and what holds for every token there can be.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "base/encoding.h"
#include "tests/cases/jws.h"
#include "tokens/token_service.h"

namespace agentauth {
namespace {

constexpr std::int64_t t0 = 1'700'000'000;

TokenService service_with(Random& random) {
  std::vector<SigningKey> keys;
  keys.emplace_back("key1", Bytes(32, 0x42));
  return TokenService(SigningKeys(std::move(keys)), {}, random);
}

TEST(JwsCasesTest, EachIsRefusedForItsOwnReason) {
  SystemRandom random;
  const TokenService service = service_with(random);
  std::set<std::string_view> names;
  for (const cases::JwsCase& row : cases::jws_cases) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " is there twice";
    const auto verified = service.verify(row.token, Timestamp{Seconds{t0}});
    EXPECT_EQ(verified ? "" : verified.error().detail, row.why) << row.name;
    if (!verified) {
      EXPECT_EQ(verified.error().code, Errc::unauthenticated) << row.name;
      EXPECT_EQ(verified.error().message, "The access token is not valid") << row.name;
    }
  }
  EXPECT_GT(names.size(), 100U);
}

struct Issued {
  SystemRandom random;
  TokenService service = service_with(random);
  AgentId agent;
  Timestamp now;
  std::string token;

  Issued() {
    for (std::uint8_t& byte : agent.uuid.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
    // From the epoch to the year 2200, to the millisecond.
    now =
        Timestamp{std::chrono::milliseconds{*rc::gen::inRange<std::int64_t>(0, 7'258'118'400'000)}};
    service.issue({.agent_id = agent, .key = *parse_kid("4fJx0Zk2QmP1")}, now, token);
  }
};

RC_GTEST_PROP(Token, VerifiesForItsAgentUntilItExpires, ()) {
  const Issued issued;
  const auto later = std::chrono::milliseconds{*rc::gen::inRange<std::int64_t>(0, 2'000'000)};
  const auto verified = issued.service.verify(issued.token, issued.now + later);
  // exp is in whole seconds, counted from the second it was issued in.
  const auto end = std::chrono::floor<Seconds>(issued.now) + Seconds{900};
  RC_ASSERT(verified.has_value() == (issued.now + later < end));
  if (verified) RC_ASSERT(verified->agent_id() == issued.agent);
}

RC_GTEST_PROP(Token, AnyByteThatIsChangedIsNoticed, ()) {
  const Issued issued;
  std::string changed = issued.token;
  const auto at = *rc::gen::inRange<std::size_t>(0, changed.size());
  changed[at] = static_cast<char>(changed[at] ^ *rc::gen::inRange(1, 256));
  RC_ASSERT(!issued.service.verify(changed, issued.now));
}

RC_GTEST_PROP(Token, AnyByteThatIsPutInOrTakenOutIsNoticed, ()) {
  const Issued issued;
  const auto at = *rc::gen::inRange<std::size_t>(0, issued.token.size());
  std::string longer = issued.token;
  longer.insert(at, 1, *rc::gen::arbitrary<char>());
  RC_ASSERT(!issued.service.verify(longer, issued.now));
  std::string shorter = issued.token;
  shorter.erase(at, 1);
  RC_ASSERT(!issued.service.verify(shorter, issued.now));
}

RC_GTEST_PROP(Token, TwoTokensDoNotMakeAThird, ()) {
  const Issued one;
  const Issued other;
  RC_PRE(one.agent != other.agent);
  const auto split = [](const std::string& token) {
    const std::size_t dot = token.rfind('.');
    return std::pair{token.substr(0, dot), token.substr(dot)};
  };
  RC_ASSERT(!one.service.verify(split(one.token).first + split(other.token).second, one.now));
}

}  // namespace
}  // namespace agentauth
