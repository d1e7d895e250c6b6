// Loads the listener of Envoy's gRPC, which is a shared object of its own (docs/adr/0018).
#pragma once

#include <memory>

#include "app/options.h"
#include "base/result.h"
#include "envoy/interface.h"

namespace agentauth::app {

// Whether it is there, of this version of the program, and its libraries are installed.
// Errors: invalid_argument, in a sentence that names --envoy-listen and says what to do.
Result<void> load_envoy_module();

// Takes calls from now on, at options.envoy_listen. `checks` outlives it.
// Errors: as above; also for the address and the TLS files.
Result<std::unique_ptr<envoy::Listener>> listen_for_envoy(const Options& options,
                                                          envoy::Checks& checks);

}  // namespace agentauth::app
