// Whoever follows a stream is let in once; this asks again for as long as the stream lasts.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "http/application.h"

namespace agentauth::api {

// How many streams this node serves at a time. Outlives them all.
class EventPlaces {
 public:
  static constexpr int places_max = 256;

  // Nothing when all are taken. Freed when the last copy goes.
  using Place = std::shared_ptr<void>;
  Place take();

 private:
  std::atomic<int> taken_{0};
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
