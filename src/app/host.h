// Host names, as --listen takes them.
#pragma once

#include <string>

#include "base/result.h"

namespace agentauth::app {

// The address of a host name, the first if it has several; an address as it is.
// Errors: invalid_argument, which names --listen.
Result<std::string> resolve_host(const std::string& host);

}  // namespace agentauth::app
