// The rate limits that a node is configured with.
#pragma once

#include <span>

#include "app/options.h"
#include "limits/limit_service.h"

namespace agentauth::app {

// By --limits and --limits-file, checked against the routes that can be limited.
// Errors: invalid_argument, with the file and what is wrong in it; conflict, when it cannot be
// read.
Result<LimitConfiguration> configured_limits(const Options& options,
                                             std::span<const LimitedRoute> routes);

}  // namespace agentauth::app
