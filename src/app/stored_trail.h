// The audit trail as it stands in a database, read by a command and not by a server.
#pragma once

#include <memory>
#include <vector>

#include "app/options.h"
#include "audit/checkpoint.h"
#include "audit/verification.h"
#include "base/function_ref.h"
#include "store/database.h"

namespace agentauth::app {

// The signer of the deployment, whose public half vouches for the trail. Without a database it is
// not asked whether the master key fits. Errors: invalid_argument.
Result<std::unique_ptr<audit::Signer>> load_signer(const Options& options, Database* database);

// The whole chain, from where it may begin to the head it had when this began; hands over each
// event once it is verified, with the head before it. Errors: conflict when it is not what was
// recorded or what those checkpoints say; the database's.
using OnEvent = FunctionRef<void(const AuditEvent& event, const AuditHead& before)>;
Result<audit::Verification> verify_stored_trail(Database& database,
                                                std::vector<audit::Checkpoint> checkpoints,
                                                const Ed25519PublicKey& key, OnEvent on_event);

}  // namespace agentauth::app
