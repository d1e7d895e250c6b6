// Counts what is allocated with new, by the operators of allocations_test.cc.
#pragma once

#include <atomic>

namespace agentauth::policy::testing {

inline std::atomic<long> allocations_made{0};

}  // namespace agentauth::policy::testing
