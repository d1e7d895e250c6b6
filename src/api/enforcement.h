// Decisions that somebody acts on: what may be used so often is counted before the answer, grants
// that decide nothing leave their mark, and those that allowed are noted as used.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/exchange.h"
#include "api/services.h"
#include "authz/decision.h"

namespace agentauth::api {

// Of looking for a grant that is not used up: each is one more subject, or one more permission,
// whose counted grants would allow the same.
inline constexpr int rounds_max = 64;

// What is left of a decision when its view is gone.
struct Enforced {
  Reason reason = Reason::not_granted;
  std::optional<GrantId> grant = {};  // that decided; none: a plain permission, or nothing did
  NameId held = no_name;              // of that plain permission, the name
  bool allowed() const { return reason == Reason::granted; }
};

inline Enforced enforced_by(const Decision& decision) {
  return {decision.reason,
          decision.rule == nullptr ? std::nullopt : std::optional(decision.rule->id),
          decision.held};
}

// What a decision is about, as the audit trail names it. Views of whoever asks.
struct AskedAbout {
  std::string_view action;
  std::string_view resource = {};      // type:id; empty: nothing in particular
  std::optional<AgentId> agent = {};   // whom it is about, if that is an agent
  std::string_view on_behalf_of = {};  // whom, type:id, where it is not about who calls
};

// Decides; where a grant is to be counted, counts it and, if it is used up, decides again without
// it. `use` names what uses it: whoever comes with the same one again does not use it twice. Where
// a caller could choose it, it would never use anything up. Needs the database only when
// something is to be counted. Errors: unavailable, and whatever `ask` fails with.
using Ask = FunctionRef<Result<Decision>(const Directory::View&, std::span<const GrantId> spent)>;
Result<Enforced> enforce(Services& services, const ApiExchange& exchange, const AskedAbout& asked,
                         const std::string& use, Ask ask);
// The same about somebody else than who calls.
Result<Enforced> enforce_about(Services& services, const ApiExchange& exchange,
                               const AskedAbout& asked, const std::string& use, Ask ask);

// Of a decision that is acted on without being counted. enforce() does it itself.
void note_use(Services& services, const Enforced& enforced, std::optional<AgentId> about);

// What enforce() would come to now, without counting anything. Leaves in `spent` the grants that
// would allow it and are used up. Errors: as enforce().
Result<Enforced> foresee(Services& services, std::vector<GrantId>& spent, Ask ask);

// Which grants with max_uses are used up, found out as decisions come across them, and with each
// those that its subject was given of the same permission: decide all there
// is to decide with spent(), note() each decision, and begin anew while look_up() says so.
class UsesLeft {
 public:
  void note(const Decision& decision);
  // Without a view. False: nothing new was noted. Errors: unavailable.
  Result<bool> look_up(Services& services);
  std::span<const GrantId> spent() const { return spent_; }

 private:
  std::map<GrantId, std::int64_t> noted_;  // with its max_uses
  std::vector<GrantId> spent_;
  std::vector<GrantId> left_;
  int rounds_ = 0;
};

// One that nobody else ever has.
std::string new_use(Services& services);

// Puts on record which grants that decide nothing match, with what they would have come to: on what
// it was; where that is nothing in particular, the permission. While the decision's view stands.
void record_audited(const Services& services, const ApiExchange& exchange, const AskedAbout& asked,
                    const Decision& decision);

}  // namespace agentauth::api
