// Credentials that somebody put where none belongs: what is logged or recorded must not pass them
// on.
#pragma once

#include <cstddef>
#include <string_view>

namespace agentauth {

// Whether there is an API key, a refresh token or a JWT in the text, right or wrong. Two searches
// for a character in a text without '_' and '.', as most are.
bool holds_credential(std::string_view text);

inline constexpr std::size_t request_id_characters_max = 128;
// Printable, short, nothing that could break a log line or a header, and no credential.
bool is_request_id(std::string_view text);

}  // namespace agentauth
