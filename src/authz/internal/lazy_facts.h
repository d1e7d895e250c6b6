// What conditions look at, put together when the first one asks.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "authz/decision.h"

namespace agentauth::internal {

class LazyFacts {
 public:
  // All are the caller's and outlive this.
  LazyFacts(const Directory::View& view, const Subject& subject, const Question& question)
      : view_(view), subject_(subject), question_(question) {}
  LazyFacts(const LazyFacts&) = delete;
  LazyFacts& operator=(const LazyFacts&) = delete;

  const policy::Facts& get() {
    if (!facts_) gather();
    return *facts_;
  }

 private:
  void gather();
  void gather_agent(const Actor& actor);
  void gather_resource();
  void gather_context();

  const Directory::View& view_;
  const Subject& subject_;
  const Question& question_;
  std::optional<policy::Facts> facts_;
  std::string agent_name_;  // agent:UUID
  JsonValue identity_;      // the agent's name and its owner
  JsonValue context_;
  std::string address_;
};

}  // namespace agentauth::internal
