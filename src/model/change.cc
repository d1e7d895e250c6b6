#include "model/change.h"

namespace agentauth {

std::string_view to_string(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::agent:
      return "agent";
    case ChangeKind::key:
      return "key";
    case ChangeKind::permission:
      return "permission";
    case ChangeKind::token_family:
      return "token_family";
    case ChangeKind::status:
      return "status";
    case ChangeKind::setting:
      return "setting";
    case ChangeKind::signing_key:
      return "signing_key";
    case ChangeKind::principal:
      return "principal";
    case ChangeKind::entity:
      return "entity";
  }
  return "";
}

bool parse(std::string_view text, ChangeKind& kind) {
  for (const ChangeKind candidate :
       {ChangeKind::agent, ChangeKind::key, ChangeKind::permission, ChangeKind::token_family,
        ChangeKind::status, ChangeKind::setting, ChangeKind::signing_key, ChangeKind::principal,
        ChangeKind::entity}) {
    if (text != to_string(candidate)) continue;
    kind = candidate;
    return true;
  }
  return false;
}

}  // namespace agentauth
