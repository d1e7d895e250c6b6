// Decisions that somebody acts on: what may be used so often is counted before the answer, and
// grants that decide nothing leave their mark.
#pragma once

#include <optional>
#include <string>

#include "api/exchange.h"
#include "api/services.h"
#include "authz/decision.h"

namespace agentauth::api {

// What is left of a decision when its view is gone.
struct Enforced {
  Reason reason = Reason::not_granted;
  std::optional<GrantId> grant = {};  // that decided; none: a plain permission, or nothing did
  bool allowed() const { return reason == Reason::granted; }
};

// Decides; where a grant is to be counted, counts it and, if it is used up, decides again without
// it. `use` names what uses it: whoever comes with the same one again does not use it twice. Where
// a caller could choose it, it would never use anything up. Needs the database only when
// something is to be counted. Errors: unavailable, and whatever `ask` fails with.
using Ask = FunctionRef<Result<Decision>(const Directory::View&, std::span<const GrantId> spent)>;
Result<Enforced> enforce(Services& services, const ApiExchange& exchange, const std::string& use,
                         Ask ask);

// One that nobody else ever has.
std::string new_use(Services& services);

// Puts a match of a grant that decides nothing on record.
void record_audited(const Services& services, const ApiExchange& exchange,
                    const Directory::View& view, const Decision& decision);

}  // namespace agentauth::api
