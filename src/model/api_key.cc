#include "model/api_key.h"

namespace agentauth {

std::string_view to_string(KeyStatus status) {
  switch (status) {
    case KeyStatus::active:
      return "active";
    case KeyStatus::revoked:
      return "revoked";
    case KeyStatus::expired:
      return "expired";
  }
  return "";
}

bool parse(std::string_view text, KeyStatus& status) {
  for (const KeyStatus candidate : {KeyStatus::active, KeyStatus::revoked, KeyStatus::expired}) {
    if (text != to_string(candidate)) continue;
    status = candidate;
    return true;
  }
  return false;
}

}  // namespace agentauth
