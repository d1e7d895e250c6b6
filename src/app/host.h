// Host names, as --listen and --envoy-listen take them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace agentauth::app {

// The address of a host name, the first if it has several; an address as it is.
// Errors: invalid_argument, which names `option`.
Result<std::string> resolve_host(const std::string& host, std::string_view option);

}  // namespace agentauth::app
