// Who was granted a permission, whoever it is.
#pragma once

#include <string>
#include <vector>

#include "model/grant.h"
#include "store/session.h"

namespace agentauth {

// All grants of exactly that permission, with terms or without, in no order. Reads the whole table.
Result<std::vector<Grant>> find_holders(Session& session, const std::string& permission);

}  // namespace agentauth
