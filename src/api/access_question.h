// Questions of AuthZEN in this server's own terms: whom they are about, and what may be said of it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/access_request.h"
#include "api/services.h"
#include "authz/decision.h"

namespace agentauth::api {

// Lets what a caller says of subjects, resources and circumstances count.
inline constexpr std::string_view assert_permission = "agentauth:access:assert";

// Who asks, and what it may ask.
struct Asker {
  const Caller& caller;
  Timestamp now;
  bool evaluates = false;     // about others
  bool asserts = false;       // what it says of them counts
  std::string own_name = {};  // of the agent, where it may not

  // Errors: unauthenticated.
  static Result<Asker> of(const Services& services, const ApiExchange& exchange,
                          const Directory::View& view);
  // The same one at another moment, so that whether what it says counts is a part of what is
  // decided. Errors: unauthenticated.
  Result<void> look_again(const ApiExchange& exchange, const Directory::View& view);
};

// Agents that are called by their names, as the database knows them.
class NamedAgents {
 public:
  struct Found {
    std::optional<AgentId> id;  // none: there is no such agent, or
    bool is_ambiguous = false;  // several
  };
  // On a worker. Views of JSON that was parsed before are not valid any more. Errors: unavailable.
  static Result<NamedAgents> find(Services& services, const std::vector<std::string>& names);

  const Found* find(std::string_view name) const;

 private:
  std::map<std::string, Found, std::less<>> found_;
};

// The names that the question takes, if it takes any: agents go by their ids, or by their names.
std::optional<std::string_view> agent_name_in(const SentQuestion& sent);

// Those that the body of a request calls so; what cannot be read names nobody.
// Errors: malformed_request, unavailable.
Result<NamedAgents> find_named_agents(Services& services, ApiExchange& exchange,
                                      Sought sought = Sought::decision);

class AccessQuestion {
 public:
  // Errors: permission_denied, when the caller asks about others and may not. Nothing when a name
  // has to be looked up first, for which `names` is nullptr.
  static Result<std::optional<AccessQuestion>> of(const Asker& asker, const SentQuestion& sent,
                                                  const NamedAgents* names);

  // Through the key that the caller asks by, where it asks about itself. Errors: unauthenticated.
  Result<Decision> decide(const Directory::View& view, std::span<const GrantId> spent = {}) const;
  // What decide() asks. Views of this one.
  Result<Subject> subject(const Directory::View& view) const;
  Question question(const Directory::View& view, std::span<const GrantId> spent = {}) const;

  // agent:UUID, or the principal's name.
  std::string subject_name() const { return agent_ ? subject_of(*agent_) : principal_; }

  // The same for the same question: whom and what it is about, and what counts of what was said.
  std::string fingerprint() const;

  bool is_about_self() const { return is_about_self_; }
  // The agent that it is about, if it is one.
  std::optional<AgentId> agent() const { return agent_; }
  // Why nobody decides: whom it is about is not known. Nothing: it is.
  std::optional<DecisionKind> unknown_subject() const { return unknown_subject_; }
  // What was asked, as it was sent.
  std::string sent_subject_name() const;
  std::string_view action() const { return sent_.action; }
  std::string_view resource_name() const { return resource_; }

 private:
  AccessQuestion(const Asker& asker, const SentQuestion& sent) : asker_(&asker), sent_(sent) {}
  void name_agent(const NamedAgents::Found& found);

  const Asker* asker_;
  SentQuestion sent_;
  std::optional<AgentId> agent_;
  std::string principal_;                // of what is no agent
  std::string resource_;                 // type:id; empty: none is named
  std::optional<std::string_view> kid_;  // the key by which an agent was seen to act
  bool is_about_self_ = false;
  std::optional<DecisionKind> unknown_subject_;
};

}  // namespace agentauth::api
