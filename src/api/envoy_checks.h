// Envoy's questions over gRPC, answered as the same questions over HTTP are: each becomes a request
// of the operation that Envoy asks over HTTP, and takes the same way through the dispatcher, with
// its limits, metrics, log and audit trail.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "api/exchange.h"
#include "base/network.h"
#include "envoy/interface.h"
#include "http/application.h"

namespace agentauth::api {

// Calls come from threads of the listener's own. What belongs to a core of the HTTP server is one
// thread's at a time, so these threads share a core of their own, and take turns on it: what is
// decided from memory takes microseconds.
class EnvoyChecks final : public envoy::Checks {
 public:
  // As many calls may wait for a worker, or for the trail; more are refused.
  static constexpr int calls_max = 1024;
  // Whoever has waited this long for a worker has gone.
  static constexpr std::chrono::seconds queue_timeout{10};

  using Job = std::function<void()>;
  // Runs a job on a worker, or returns false when too many wait.
  using Submit = std::function<bool(Job&)>;

  // `core` is no core of the HTTP server's. `trusted` are the proxies, Envoy among them, that are
  // believed whom they have a request from. All outlive this, and this outlives the workers.
  EnvoyChecks(http::Application& application, std::size_t core, std::span<const Network> trusted,
              Submit submit);

  void check(envoy::Call& call) noexcept override;

 private:
  class Pending;
  using PendingPtr = std::shared_ptr<Pending>;

  void begin(const PendingPtr& pending);
  void hold_back(const PendingPtr& pending);
  void hand_over(const PendingPtr& pending);
  void finish(const PendingPtr& pending);
  void refuse(Pending& pending, const Error& error);
  void answer(Pending& pending);

  http::Application& application_;
  const std::size_t core_;
  const std::span<const Network> trusted_;
  const Submit submit_;
  std::mutex mutex_;  // of the core
  std::atomic<int> calls_{0};
};

// Puts the question into the exchange. Errors: headers_too_large, payload_too_large.
Result<void> ask(const envoy::Question& question, std::span<const Network> trusted,
                 ApiExchange& exchange);

}  // namespace agentauth::api
