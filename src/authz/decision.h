// The decision: may this subject do this now? A pure function of what the directory holds, what is
// asked, and the time.
//
// In this order, whoever wrote which grant first: a subject that may not act at all is denied; any
// deny that matches denies; any allow that matches, allows; else it is denied. A deny whose
// condition cannot be told matches; an allow whose condition cannot be told does not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "directory/directory.h"
#include "model/caller.h"
#include "policy/facts.h"

namespace agentauth {

class PolicyOverlay;

inline constexpr std::string_view administrator_permission = "agentauth:*";

enum class Reason : std::uint8_t {
  granted,
  not_granted,
  denied,                // by a deny
  outside_key,           // the agent holds it, the key it acts through was narrowed to less
  uses_spent,            // what would allow it has been used as often as it may
  too_many_memberships,  // more roles and groups than are looked at: a deny might be among them
  too_costly,            // more rules and conditions than are looked at: the same
  agent_suspended,
  agent_unknown,
};
inline constexpr std::size_t reason_count = 9;
std::string_view to_string(Reason reason);

// Grants that decide nothing and match: the first of them, and whether there are more.
class AuditMatches {
 public:
  static constexpr std::size_t size_max = 8;

  bool empty() const { return size_ == 0; }
  std::span<const GrantRule* const> rules() const { return std::span(rules_).first(size_); }
  bool are_cut_off() const { return are_cut_off_; }
  // Before the one at `place`, or last of all: what stands behind the last place is left out.
  // REQUIRES: place <= rules().size().
  void put(std::size_t place, const GrantRule* rule);

 private:
  std::array<const GrantRule*, size_max> rules_{};
  std::uint32_t size_ = 0;
  bool are_cut_off_ = false;
};

// Carries its reason: the answer, the log and the metrics print the same value. What it points to
// lasts as long as the view.
struct Decision {
  Reason reason = Reason::not_granted;
  NameId held = no_name;            // of a plain permission that allows it, the name
  const GrantRule* rule = nullptr;  // that allowed or denied it; nullptr: a plain permission
  AuditMatches audited = {};        // the plainest first
  // What each of those would have come to as an allow; as a deny it would have denied.
  Reason as_allow = Reason::not_granted;
  bool allowed() const { return reason == Reason::granted; }
  // Whether this very decision has to be counted before anybody acts on it.
  bool is_to_be_spent() const { return allowed() && rule != nullptr && rule->max_uses > 0; }
};

// Who acts: an agent, possibly through a key that lets it do less.
struct Actor {
  const AgentRecord* agent = nullptr;     // nullptr: unknown
  const KeyLimits* limits = nullptr;      // nullptr: none
  const SubjectPolicy* policy = nullptr;  // nullptr: none
  const AgentProfile* profile = nullptr;  // as a transaction sees it; else the directory's

  Actor() = default;
  // As a transaction sees it, or the directory.
  explicit Actor(const Directory::Committed& committed)
      : agent(&committed.record),
        policy(committed.policy.get()),
        profile(committed.profile.get()) {}
  explicit Actor(const AgentRecord* acting)
      : agent(acting), policy(acting != nullptr ? acting->policy : nullptr) {}

  // A key that was narrowed does not manage its agent's other keys just because it is the agent's:
  // it could make itself one that is not.
  bool is_narrowed() const { return limits != nullptr && limits->narrows(); }
};

// Whom a question is about: an agent, or any other principal, `user:alice`.
struct Subject {
  std::optional<Actor> actor;
  std::string_view name = {};  // without an actor

  Subject(const Actor& acting) : actor(acting) {}  // NOLINT(google-explicit-constructor)
  explicit Subject(std::string_view principal) : name(principal) {}
};

// From where a question was asked of our own routes, or of a gateway.
struct Circumstances {
  const IpAddress* address = nullptr;
  std::string_view method = {};
  std::string_view host = {};
};

struct Question {
  // Member by member: as a block, compilers clear it with an instruction slower than a decision.
  Question() {}  // NOLINT(modernize-use-equals-default)

  Requirement requirement;         // the action, and what covers it
  std::string_view action = {};    // its name; not needed where no condition asks
  std::string_view resource = {};  // type:id; empty: nothing in particular
  Timestamp now{};
  Circumstances circumstances = {};  // conditions see them as `context`
  // What the caller says of them; where something is stored, that wins. nullptr: nothing.
  const JsonValue* subject_properties = nullptr;
  const JsonValue* action_properties = nullptr;
  const JsonValue* resource_properties = nullptr;
  const JsonValue* context = nullptr;
  std::span<const GrantId> spent = {};     // grants that are used up, in order
  const PolicyOverlay* overlay = nullptr;  // what would be, instead of what is
};

// So much is looked at for one decision, on whatever thread: some milliseconds at most. Ten
// thousand short conditions, all of one action on one resource, or thirty that each go through all
// that a condition may.
inline constexpr std::uint64_t decision_steps_max = 500'000;

// What is not a concrete permission is granted to nobody.
Question question_of(const Directory::View& view, std::string_view action, Timestamp now);

namespace internal {

// By what stands in the agent's record alone: its status, and its plain permissions.
inline Decision decide_by_record(const AgentRecord* agent, const Requirement& requirement) {
  if (agent == nullptr) return {Reason::agent_unknown};
  if (agent->status != AgentStatus::active) return {Reason::agent_suspended};
  const NameId held = agent->find_any_of(requirement);
  return {held != no_name ? Reason::granted : Reason::not_granted, held};
}
// By everything.
Decision decide_in_full(const Directory::View& view, const Subject& subject,
                        const Question& question);

}  // namespace internal

// Inline as far as most agents need it, who have plain permissions and nothing else: the fewer
// instructions one decision takes, the more of them a processor has under way while it waits for
// memory (docs/benchmarks.md).
inline Decision decide(const Directory::View& view, const Subject& subject,
                       const Question& question) {
  const bool is_plain = subject.actor && subject.actor->policy == nullptr &&
                        subject.actor->limits == nullptr && question.overlay == nullptr &&
                        view.every_agents_policy() == nullptr;
  if (!is_plain) return internal::decide_in_full(view, subject, question);
  return internal::decide_by_record(subject.actor->agent, question.requirement);
}

// Whether `rule` matches but for its effect: it is in time and its condition holds.
bool applies(const Directory::View& view, const Subject& subject, const Question& question,
             const GrantRule& rule);

// The agent of a caller whose token still stands: the agent may act, its tokens have not been
// revoked, and the key that this one was got with may be used. Asked on every request, and again
// after every wait. Errors: unauthenticated; the cause is in `detail`.
Result<Actor> find_acting(const Directory::View& view, const Caller& caller, Timestamp now);
// The same for an agent that was read elsewhere: by a transaction, say.
Result<Actor> acting_as(const Directory::View& view, const Actor& agent, const Caller& caller,
                        Timestamp now);
// Whom a caller asks about: itself, as it acts, or another agent. With a kid it is within the
// permissions of the key by which the agent was seen to act; whether that key's networks let it
// act, the check of its token has said. Through a key that is not its own or not usable now it may
// do nothing, nor, when it asks about itself, through any but the one it asks by.
// Errors: unauthenticated.
Result<Actor> asked_about(const Directory::View& view, const Caller& caller, const AgentId& agent,
                          std::optional<std::string_view> kid, Timestamp now);

}  // namespace agentauth
