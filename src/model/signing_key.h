// Keys that sign access tokens, as everybody may know them: their secrets are elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

namespace agentauth {

// Letters and digits.
inline constexpr std::size_t signing_kid_length = 16;
// Of a secret that the operator configured: no key of the database, unless it was adopted.
inline constexpr std::string_view configured_signing_kid = "configured";

enum class SigningKeyState : std::uint8_t {
  published,  // known to all nodes, and not signing yet
  active,     // signs
  retired,    // signs no more, and verifies what it signed
};
std::string_view to_string(SigningKeyState state);
bool parse(std::string_view text, SigningKeyState& state);

}  // namespace agentauth
