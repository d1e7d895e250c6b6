// Why a condition is not true, for people.
#pragma once

#include <string>

#include "policy/condition.h"
#include "policy/facts.h"
#include "policy/internal/program.h"

namespace agentauth::policy::internal {

// Empty when it is true.
std::string explain(const Program& program, const Facts& facts, Values values);

}  // namespace agentauth::policy::internal
