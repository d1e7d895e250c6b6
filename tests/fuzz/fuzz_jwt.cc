// The verifier of access tokens. The input is taken four ways: as a token; as a header and a
// payload (its first line and the rest) signed with the right key, so that the claims are reached;
// as a payload behind our own header; and as an edit of a token that is valid.
#include <algorithm>
#include <string>

#include "base/json.h"
#include "tests/fuzz/fuzz.h"
#include "tokens/token_service.h"
#include "tokens/verified_tokens.h"

namespace agentauth {
namespace {

constexpr std::string_view secret = "fuzzing-secret-0123456789-abcdefghijklmnop";
constexpr std::int64_t now_seconds = 1'700'000'000;
constexpr std::int64_t lifetime_seconds = 900;
constexpr std::int64_t skew_seconds = 60;

class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 1;
};

struct World {
  CountingRandom random;
  SigningKeys keys{*configured_signing_keys(Secret{std::string(secret)})};
  HmacSha256 hmac{as_bytes(secret)};
  TokenService tokens{keys, {"agentauth", "agentauth", Seconds{lifetime_seconds}}, random};
  Timestamp now{Seconds{now_seconds}};
  AgentId agent = *AgentId::parse("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
  std::string valid;

  World() { tokens.issue({.agent_id = agent, .key = *parse_kid("4fJx0Zk2QmP1")}, now, valid); }

  std::string sign(std::string input) const {
    const Sha256 signature = hmac.sign(input);
    return std::move(input) + "." + base64url_encode(signature);
  }
};

World& world() {
  static World world;
  return world;
}

bool is_text(const JsonValue* value, std::string_view expected) {
  return value != nullptr && value->type == JsonValue::Type::text && value->text == expected;
}

void check_header(std::string_view encoded) {
  const auto bytes = base64url_decode(encoded);
  MUST(bytes && base64url_encode(*bytes) == encoded);
  const auto header = parse_json(as_text(*bytes));
  MUST(header);
  MUST(is_text(header->find("alg"), "HS256"));
  MUST(is_text(header->find("typ"), "at+jwt"));
  MUST(is_text(header->find("kid"), "configured"));
  MUST(header->find("crit") == nullptr);
}

void check_claims(std::string_view encoded, const VerifiedToken& token) {
  const auto bytes = base64url_decode(encoded);
  MUST(bytes && base64url_encode(*bytes) == encoded);
  const auto claims = parse_json(as_text(*bytes));
  MUST(claims);
  MUST(is_text(claims->find("iss"), "agentauth"));
  const JsonValue* expires = claims->find("exp");
  const JsonValue* issued = claims->find("iat");
  MUST(expires != nullptr && expires->type == JsonValue::Type::integer);
  MUST(issued != nullptr && issued->type == JsonValue::Type::integer);
  MUST(expires->integer > now_seconds);
  MUST(issued->integer >= 0 && issued->integer <= now_seconds + skew_seconds);
  MUST(expires->integer - issued->integer <= lifetime_seconds);
  MUST(unix_seconds(token.expires_at()) == expires->integer);
  const JsonValue* audience = claims->find("aud");
  MUST(audience != nullptr);
  MUST(is_text(audience, "agentauth") ||
       std::any_of(audience->items.begin(), audience->items.end(),
                   [](const JsonValue& item) { return is_text(&item, "agentauth"); }));
  MUST(AgentId::parse(claims->find("sub")->text) == token.agent_id());
  MUST(is_text(claims->find("agent_id"), claims->find("sub")->text));
  MUST(is_text(claims->find("key"), text_of(token.caller().key)));
}

// Verifies; whatever is accepted must be signed, canonical and within every bound.
bool accepts(std::string_view text) {
  World& w = world();
  const auto verified = w.tokens.verify(text, w.now);
  if (!verified) {
    MUST(verified.error().code == Errc::unauthenticated);
    MUST(verified.error().message == "The access token is not valid");
    return false;
  }
  MUST(text.size() <= token_bytes_max);
  MUST(std::count(text.begin(), text.end(), '.') == 2);
  const std::size_t first = text.find('.');
  const std::size_t second = text.rfind('.');
  MUST(w.sign(std::string(text.substr(0, second))) == text);
  check_header(text.substr(0, first));
  check_claims(text.substr(first + 1, second - first - 1), *verified);
  MUST(!w.tokens.verify(text, verified->expires_at()));

  static VerifiedTokens remembered(w.tokens);
  remembered.remember(text, *verified);
  MUST(remembered.find(text, w.now).has_value() == (text.size() <= 1024));
  MUST(!remembered.find(text, verified->expires_at()));
  return true;
}

// Four bytes each: where (two of them), how, and with what.
std::string edited(std::string text, std::string_view edits) {
  for (; edits.size() >= 4 && !text.empty(); edits.remove_prefix(4)) {
    const std::size_t high = static_cast<std::uint8_t>(edits[0]);
    const std::size_t at = (high << 8 | static_cast<std::uint8_t>(edits[1])) % text.size();
    switch (edits[2] % 3) {
      case 0:
        text[at] = edits[3];
        break;
      case 1:
        text.insert(at, 1, edits[3]);
        break;
      default:
        text.erase(at, 1 + static_cast<std::uint8_t>(edits[3]) % 8);
    }
  }
  return text;
}

FUZZ(std::string_view input) {
  World& w = world();
  accepts(input);

  std::string_view payload = input;
  const std::string_view header = fuzz::take_until(payload, '\n');
  accepts(w.sign(base64url_encode(as_bytes(header)) + "." + base64url_encode(as_bytes(payload))));
  accepts(w.sign(w.keys.signing_at(w.now).encoded_header() + base64url_encode(as_bytes(input))));

  MUST(accepts(w.valid));
  const std::string forged = edited(w.valid, input);
  MUST(accepts(forged) == (forged == w.valid));
}

}  // namespace
}  // namespace agentauth
