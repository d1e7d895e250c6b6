#include "model/api_key.h"

#include <algorithm>

namespace agentauth {

std::optional<Kid> parse_kid(std::string_view text) {
  Kid kid;
  if (text.size() != kid.size() || !is_base62(text)) return std::nullopt;
  std::copy(text.begin(), text.end(), kid.begin());
  return kid;
}

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
