#include "api/event_guard.h"

#include <utility>

namespace agentauth::api {

EventPlaces::Place EventPlaces::take() {
  if (taken_.fetch_add(1) >= places_max) {
    taken_.fetch_sub(1);
    return nullptr;
  }
  return Place(this, [](EventPlaces* places) { places->taken_.fetch_sub(1); });
}

EventGuard::EventGuard(std::unique_ptr<http::EventSource> source, std::function<bool()> is_let_in,
                       EventPlaces::Place place)
    : source_(std::move(source)), is_let_in_(std::move(is_let_in)), place_(std::move(place)) {}

}  // namespace agentauth::api
