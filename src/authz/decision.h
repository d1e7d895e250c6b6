// The decision: may this agent do this now? A pure function of what the directory holds.
#pragma once

#include <cstdint>
#include <string_view>

#include "directory/directory.h"
#include "model/caller.h"

namespace agentauth {

inline constexpr std::string_view administrator_permission = "agentauth:*";

enum class Reason : std::uint8_t {
  granted,
  not_granted,
  outside_key,  // the agent holds it, the key it acts through was narrowed to less
  agent_suspended,
  agent_unknown,
};

std::string_view to_string(Reason reason);

// Carries its reason: the answer, the log and the metrics print the same value.
struct Decision {
  Reason reason = Reason::not_granted;
  bool allowed() const { return reason == Reason::granted; }
};

// Who acts: an agent, through a key that may let it do less.
struct Actor {
  const AgentRecord* agent = nullptr;  // nullptr: unknown
  const KeyLimits* limits = nullptr;   // nullptr: none

  Actor(const AgentRecord* acting, const KeyLimits* by_key = nullptr)
      : agent(acting), limits(by_key) {}
  // A key that was narrowed does not manage its agent's other keys just because it is the agent's:
  // it could make itself one that is not.
  bool is_narrowed() const { return limits != nullptr && limits->narrows(); }
};

// Deny by default: an agent that is unknown (nullptr) or suspended may do nothing, whatever it
// holds. The order in which grants were written never matters.
// What a key was narrowed to counts beside what its agent holds, never instead of it.
Decision decide(const Actor& actor, const Requirement& requirement);

// The agent of a caller whose token still stands: the agent may act, its tokens have not been
// revoked, and the key that this one was got with may be used. Asked on every request, and again
// after every wait. Errors: unauthenticated; the cause is in `detail`.
Result<Actor> find_acting(const Directory::View& view, const Caller& caller, Timestamp now);
// The same for a record of the agent that was read elsewhere: by a transaction, say.
Result<Actor> acting_as(const Directory::View& view, const AgentRecord* agent, const Caller& caller,
                        Timestamp now);

// Whether `actor` may pass `permission` on to others: it holds it, pattern for pattern, or it is an
// administrator.
bool may_grant(const Directory::View& view, const Actor& actor, std::string_view permission);

// Whether `actor` may act for `other`: it may act at all, and is the other or could grant
// everything the other holds. A narrowed key is less than its agent, so that it may not even act
// for that one unless it covers all it holds.
bool covers(const Directory::View& view, const Actor& actor, const AgentRecord* other);

// Whether `actor` may change `other` or its credentials: it could grant whatever the other may do
// to AgentAuth itself. Otherwise a helper that may suspend agents could lock an administrator out.
bool may_manage(const Directory::View& view, const Actor& actor, const AgentRecord* other);

}  // namespace agentauth
