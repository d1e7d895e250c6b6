// What the log says of a request: one line, unless it was answered from memory and went well.
//
// Anybody can be refused as often as the network carries. Lines that strangers cause, and those
// that one agent causes, have a bound, so that they do not fill the disk or hide what others do or
// what fails; what is left out is counted, and told.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "api/metrics.h"
#include "base/log.h"
#include "base/siphash.h"
#include "crypto/random.h"
#include "limits/gcra.h"

namespace agentauth::api {

class ApiExchange;

class RequestLog {
 public:
  // For each core: of refusals of each agent, of those of all strangers, and of what failed for the
  // ones and for the others. A flood of the one hides none of the other.
  static constexpr LimitRate refusals{.interval_ns = 50'000'000, .burst = 1000};
  static constexpr std::chrono::seconds told_every{10};

  RequestLog(Log& log, Metrics& metrics, std::size_t cores);
  ~RequestLog();
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  // On the exchange's core, once it has been answered.
  void write(const ApiExchange& exchange, std::chrono::nanoseconds took);

 private:
  struct alignas(64) Core {
    // The debt of each bucket. An agent's is found by a keyed hash of its id, so that nobody
    // chooses with whom it shares one.
    std::int64_t strangers_refused_until_ns = 0;
    std::int64_t strangers_failed_until_ns = 0;
    std::int64_t agents_failed_until_ns = 0;  // of all agents: what fails, fails for many
    std::array<std::int64_t, 512> agents_refused_until_ns{};
    std::int64_t told_at_ns = 0;
    std::int64_t withheld = 0;  // since then
  };

  std::int64_t& bucket_of(Core& core, const ApiExchange& exchange) const;
  bool admits(Core& core, const ApiExchange& exchange, std::int64_t now);
  void tell(Core& core);

  Log& log_;
  Metrics& metrics_;
  const SipHashKey hash_key_ = SystemRandom().bytes<std::tuple_size_v<SipHashKey>>();
  std::vector<Core> cores_;
};

}  // namespace agentauth::api
