// Whoever follows a stream is let in once; this asks again for as long as the stream lasts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "http/application.h"
#include "model/agent.h"

namespace agentauth::api {

// How many streams this node serves at a time, and how many of them for one agent, so that none
// takes all. Outlives them all.
class EventPlaces {
 public:
  static constexpr int places_max = 256;
  static constexpr int places_of_agent_max = 16;

  // Nothing when all are taken. Freed when the last copy goes.
  using Place = std::shared_ptr<void>;
  Place take(AgentId agent);

 private:
  void give_back(AgentId agent);

  std::mutex mutex_;
  std::map<AgentId, int> taken_;  // agents that have streams only
  int all_taken_ = 0;
};

// Ends as soon as its caller would not be let in any more: token expired or revoked, agent
// suspended, permission taken away, directory stale.
class EventGuard final : public http::EventSource {
 public:
  EventGuard(std::unique_ptr<http::EventSource> source, std::function<bool()> is_let_in,
             EventPlaces::Place place);

  State state() override { return is_let_in_() ? source_->state() : State::ended; }
  void read(std::string& out) override { source_->read(out); }

 private:
  std::unique_ptr<http::EventSource> source_;
  std::function<bool()> is_let_in_;
  EventPlaces::Place place_;
};

}  // namespace agentauth::api
