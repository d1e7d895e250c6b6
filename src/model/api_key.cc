#include "model/api_key.h"

#include <algorithm>

namespace agentauth {

std::optional<Kid> parse_kid(std::string_view text) {
  Kid kid;
  if (text.size() != kid.size() || !is_base62(text)) return std::nullopt;
  std::copy(text.begin(), text.end(), kid.begin());
  return kid;
}

bool is_cidr(std::string_view text) { return Network::parse_exact(text).has_value(); }

std::string_view to_string(KeyStatus status) {
  switch (status) {
    case KeyStatus::active:
      return "active";
    case KeyStatus::revoked:
      return "revoked";
    case KeyStatus::expired:
      return "expired";
    case KeyStatus::pending:
      return "pending";
  }
  return "";
}

bool parse(std::string_view text, KeyStatus& status) {
  for (const KeyStatus candidate :
       {KeyStatus::active, KeyStatus::revoked, KeyStatus::expired, KeyStatus::pending}) {
    if (text != to_string(candidate)) continue;
    status = candidate;
    return true;
  }
  return false;
}

}  // namespace agentauth
