// Tokens and API keys: what proving who calls costs.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/micro/population.h"
#include "crypto/bcrypt.h"
#include "keys/key_service.h"
#include "tokens/token_service.h"
#include "tokens/verified_tokens.h"

namespace agentauth::bench {
namespace {

using benchmark::State;

constexpr std::size_t population_grants = 10'000;
constexpr std::size_t token_count = 1024;
constexpr std::size_t key_count = 8;  // each costs two computations of bcrypt

struct Tokens {
  SystemRandom random;
  ManualClock clock;
  TokenService service{
      must(configured_signing_keys(Secret("a benchmark's own secret, known to everybody"))),
      {},
      random};
  Kid kid = *parse_kid("4fJx0Zk2QmP1");
  std::vector<std::string> texts;

  Tokens() {
    const auto& agents = Population::of(population_grants).drawn();
    for (std::size_t i = 0; i < token_count; ++i)
      service.issue({.agent_id = agents[i], .key = kid}, clock.now(), texts.emplace_back());
  }
  static Tokens& instance() {
    static Tokens tokens;
    return tokens;
  }
};

void verify_token(State& state) {
  Tokens& tokens = Tokens::instance();
  const Timestamp now = tokens.clock.now();
  std::size_t next = 0;
  for (auto _ : state) {
    const auto verified = tokens.service.verify(tokens.texts[next++ % token_count], now);
    if (!verified) return state.SkipWithError("a token was refused");
    benchmark::DoNotOptimize(verified->agent_id());
  }
}
BENCHMARK(verify_token);

void verify_token_remembered(State& state) {
  Tokens& tokens = Tokens::instance();
  const Timestamp now = tokens.clock.now();
  VerifiedTokens remembered(tokens.service);
  std::vector<std::string_view> texts;
  for (const std::string& text : tokens.texts)
    remembered.remember(text, must(tokens.service.verify(text, now)));
  // Of two that fall on one place the later one stays.
  for (const std::string& text : tokens.texts)
    if (remembered.find(text, now)) texts.push_back(text);
  std::size_t next = 0;
  for (auto _ : state) {
    const auto found = remembered.find(texts[next], now);
    if (!found) return state.SkipWithError("a token was forgotten");
    benchmark::DoNotOptimize(found->agent_id());
    if (++next == texts.size()) next = 0;
  }
}
BENCHMARK(verify_token_remembered);

void issue_token(State& state) {
  Tokens& tokens = Tokens::instance();
  const auto& agents = Population::of(population_grants).drawn();
  std::string text;
  std::size_t next = 0;
  for (auto _ : state) {
    text.clear();
    tokens.service.issue({.agent_id = agents[next++ % token_count], .key = tokens.kid},
                         tokens.clock.now(), text);
    benchmark::DoNotOptimize(text.data());
  }
}
BENCHMARK(issue_token);

// Keys of agents in the directory, verified once and remembered.
struct Keys {
  SystemRandom random;
  ManualClock clock;
  MasterKey master_key{random.bytes<master_key_bytes>()};
  Population& population = Population::of(population_grants);
  KeyService service{population.database(), population.directory(), master_key, clock, random,
                     {bcrypt_cost_min}};
  std::vector<std::string> texts;

  Keys() {
    for (std::size_t i = 0; i < key_count; ++i) {
      const MintedKey minted = must(service.mint());
      const CreateKey request{population.drawn()[i], std::nullopt, std::nullopt};
      must(population.database().write(
          [&](Transaction& tx) { return service.store(tx, minted, request); }));
      texts.emplace_back(minted.text.reveal());
    }
    must(population.directory().catch_up());
    for (const std::string& text : texts) must(service.authenticate(text, IpAddress{}));
  }
};

// What a login with a remembered key costs before its token is made.
void parse_key_and_tag(State& state) {
  static Keys keys;
  std::size_t next = 0;
  for (auto _ : state) {
    const KeyService::Check check = keys.service.check(keys.texts[next++ % key_count], IpAddress{});
    if (check.outcome != KeyService::Check::Outcome::verified)
      return state.SkipWithError("a key was refused");
    benchmark::DoNotOptimize(check.caller);
  }
}
BENCHMARK(parse_key_and_tag);

}  // namespace
}  // namespace agentauth::bench
