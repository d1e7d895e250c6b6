#include "api/event_guard.h"

#include <utility>

namespace agentauth::api {

EventPlaces::Place EventPlaces::take(AgentId agent) {
  const std::lock_guard lock(mutex_);
  if (all_taken_ >= places_max) return nullptr;
  int& own = taken_[agent];
  if (own >= places_of_agent_max) return nullptr;
  ++own;
  ++all_taken_;
  return Place(this, [agent](EventPlaces* places) { places->give_back(agent); });
}

void EventPlaces::give_back(AgentId agent) {
  const std::lock_guard lock(mutex_);
  --all_taken_;
  if (const auto found = taken_.find(agent); --found->second == 0) taken_.erase(found);
}

EventGuard::EventGuard(std::unique_ptr<http::EventSource> source, std::function<bool()> is_let_in,
                       EventPlaces::Place place)
    : source_(std::move(source)), is_let_in_(std::move(is_let_in)), place_(std::move(place)) {}

}  // namespace agentauth::api
