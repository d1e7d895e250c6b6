// What the commands that stand on the database do: serve, admin create, migrate.
#pragma once

#include <string>

#include "app/options.h"
#include "base/result.h"

namespace agentauth::app {

// Runs the server until SIGTERM or SIGINT; returns the exit code. Errors: what stops the start.
Result<int> serve(const Configuration& configuration);

struct CreatedAdministrator {
  std::string agent_id;
  std::string api_key;         // shown once
  bool made_database = false;  // there was none, or an empty one
};

// Straight on the database, whether or not a server runs on it. Migrates it first. Returns when a
// server that runs knows the key.
Result<CreatedAdministrator> create_administrator(const Options& options, const std::string& name,
                                                  const std::string& email);

// Applies the numbered migrations that are missing; returns the schema version reached.
Result<int> migrate(const Options& options);

}  // namespace agentauth::app
