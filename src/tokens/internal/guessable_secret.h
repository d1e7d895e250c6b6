// Which secrets whoever tries secrets would try.
#pragma once

#include <string_view>

namespace agentauth {

// Whether `secret`, long as it may be, is one that everybody has read (without regard to case), a
// template's placeholder, a text repeated, a walk along the alphabet or the keyboard, or made of
// very few characters. Sixteen random bytes or more, in hexadecimal or base64, never are.
bool is_guessable(std::string_view secret);

}  // namespace agentauth
