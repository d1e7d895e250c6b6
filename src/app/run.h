// The program: arguments and environment in, exit code out.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "app/options.h"

namespace agentauth::app {

// Exit codes are those of CONTRACT section 2: 0 done, 1 failed, 2 usage, 3 denied, 4 could not
// reach the server. Every failure is one line on `error` that says what and where.
int run(const std::vector<std::string>& arguments, Environment environment, std::ostream& out,
        std::ostream& error);

}  // namespace agentauth::app
