#pragma once

#include <string_view>

namespace agentauth::app {

// "0.1.0", from the build.
std::string_view version();

}  // namespace agentauth::app
