// What expressions get from the facts: subject.id, resource.properties.tags[0], context["a b"].
#pragma once

#include <string_view>

#include "base/result.h"
#include "policy/internal/checker.h"
#include "policy/internal/cursor.h"

namespace agentauth::policy::internal {

// subject, action, resource or context.
bool is_root(std::string_view name);

// REQUIRES: the cursor is at a root. Takes what follows it, but for the name of a method.
Result<NodeIndex> parse_path(Cursor& cursor, Checker& checker);

}  // namespace agentauth::policy::internal
