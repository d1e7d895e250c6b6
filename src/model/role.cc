#include "model/role.h"

namespace agentauth {

std::string_view to_string(RoleKind kind) { return kind == RoleKind::role ? "role" : "group"; }

}  // namespace agentauth
