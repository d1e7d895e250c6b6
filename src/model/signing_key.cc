#include "model/signing_key.h"

namespace agentauth {

std::string_view to_string(SigningKeyState state) {
  switch (state) {
    case SigningKeyState::published:
      return "published";
    case SigningKeyState::active:
      return "active";
    case SigningKeyState::retired:
      return "retired";
  }
  return "";
}

bool parse(std::string_view text, SigningKeyState& state) {
  for (const SigningKeyState candidate :
       {SigningKeyState::published, SigningKeyState::active, SigningKeyState::retired}) {
    if (text != to_string(candidate)) continue;
    state = candidate;
    return true;
  }
  return false;
}

}  // namespace agentauth
