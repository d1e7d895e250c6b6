// The bounds of memberships, in the words of who passes one.
#pragma once

#include <string>
#include <string_view>

#include "authz/role_service.h"

namespace agentauth::internal {

inline std::string at_most(std::string_view what, std::int64_t most) {
  return std::string(what) + " at most " + std::to_string(most);
}
inline std::string direct_rule() {
  return at_most("Direct memberships in roles and groups are", RoleService::memberships_max);
}
inline std::string closure_rule() {
  return at_most("Roles and groups that one is a member of, by others too, are",
                 RoleService::closure_max);
}
inline std::string levels_rule() {
  return at_most("Levels of nested roles and groups are", RoleService::depth_max);
}

}  // namespace agentauth::internal
