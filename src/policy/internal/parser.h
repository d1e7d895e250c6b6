// From text to a checked program.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "policy/internal/program.h"

namespace agentauth::policy::internal {

Result<std::shared_ptr<const Program>> compile_program(std::string_view text);

}  // namespace agentauth::policy::internal
