// The rate limits that a node is configured with.
#pragma once

#include "app/options.h"
#include "limits/limit_service.h"

namespace agentauth::app {

// By --limits and --limits-file; `limits` checks them.
// Errors: invalid_argument, with the file and what is wrong in it.
Result<LimitConfiguration> configured_limits(const Options& options, const LimitService& limits);

}  // namespace agentauth::app
