// Lets memory run out, for tests. allocations_test.cc replaces operator new of the whole program.
#pragma once

namespace agentauth::testing {

// How many allocations of this thread succeed before one fails; negative: all of them.
inline thread_local int allocations_left = -1;

}  // namespace agentauth::testing
