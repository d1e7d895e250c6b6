// The data sets that Casbin is measured with, and the server of questions about them.
#pragma once

#include <cstddef>

#include "bench/micro/policy_set.h"

namespace agentauth::bench {

// Rules are of two kinds, as there: a role for ten users, and for each role one thing to read,
// which ten roles share. 11 rules a role; 1,100, 11,000 and 110,000 are what Casbin publishes. Made
// when it is first asked for, and kept.
PolicySet& casbin_set(std::size_t rules);

// Answers lines of standard input until it ends, one line each. Returns the exit code.
//   load RULES                     makes the set: "loaded"
//   ask RULES NAME USER:DATA …     keeps these questions under a name and answers each of them: a
//                                  1 for allowed, a 0 for denied
//   time RULES NAME SECONDS        asks them in turn for so long: CPU nanoseconds a decision
// bench/rivals/serve.js does the same for others.
int serve_casbin();

}  // namespace agentauth::bench
