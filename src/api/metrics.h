// What the server counts. Counters belong to a core and are added up when somebody asks.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/decision_counts.h"
#include "audit/recorder.h"
#include "gateway/reason.h"
#include "http/server.h"
#include "limits/limiter.h"

namespace agentauth::api {

struct MetricRow {
  std::string_view name;
  std::string_view type;  // counter, gauge, histogram
  std::string_view labels;
  std::string_view help;
};
// The one list of metrics: exposition and reference read it.
std::span<const MetricRow> metric_table();

class Metrics {
 public:
  enum class Login : std::uint8_t { remembered, verified, refused };

  explicit Metrics(std::size_t cores);

  // On the core that answered. `operation` is its place in operations(), or one past the end when
  // no route matched. Relaxed stores to memory of this core only.
  void count_request(std::size_t core, std::size_t operation, int status,
                     std::chrono::nanoseconds took);
  void count_login(Login outcome) { ++logins_[static_cast<std::size_t>(outcome)]; }
  // On the core that answered.
  void count_gateway_answer(std::size_t core, GatewayReason reason) {
    (*gateway_[core])[static_cast<std::size_t>(reason)].add(1);
  }
  // The same, of what was decided for that answer.
  void count_decisions(std::size_t core, DecisionEntry entry, const DecisionCounts& decisions);
  void count_decision(std::size_t core, DecisionEntry entry, Reason reason) {
    (*decisions_[core])[static_cast<std::size_t>(entry)][static_cast<std::size_t>(reason)].add(1);
  }
  void count_request_not_logged() { ++requests_not_logged_; }
  void count_refresh_replay() { ++refresh_replays_; }

  // What only others know, asked at exposition time.
  struct Gauges {
    http::PoolState workers;
    http::PoolState hashers;
    std::int64_t connections = 0;
    std::int64_t revision = 0;
    std::int64_t agents = 0;
    std::int64_t keys = 0;
    std::int64_t keys_expiring = 0;
    bool fresh = false;
    audit::Recorder::State audit;
    std::int64_t audit_sequence = 0;
    std::int64_t audit_file_sequence = 0;
    std::vector<Limiter::Totals> limits;
    std::size_t limit_buckets = 0;
    std::uint64_t limit_evictions = 0;
    bool limits_redis_up = false;
    std::int64_t limits_nodes = 1;
    std::size_t signing_keys = 0;
    Seconds signing_key_age{};
  };
  void read_gauges_from(std::function<Gauges()> source) { gauges_ = std::move(source); }

  // Prometheus' text format 0.0.4, appended.
  void write(std::string& out) const;

 private:
  static constexpr std::size_t statuses_max = 25;
  static constexpr std::size_t buckets = 14;

  // One writer, many readers: a plain add would do, were it not for the readers.
  class Counter {
   public:
    void add(std::uint64_t by) {
      value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::uint64_t> value_{0};
  };
  struct OperationCounters {
    std::array<Counter, statuses_max> by_status;
    std::array<Counter, buckets + 1> by_duration;  // the last one: longer than every bound
    Counter nanoseconds;
  };
  using CoreCounters = std::vector<OperationCounters>;
  using GatewayCounters = std::array<Counter, gateway_reason_count>;
  using DecisionCounters =
      std::array<std::array<Counter, decision_kind_count>, decision_entry_count>;

  void write_requests(std::string& out) const;
  void write_durations(std::string& out) const;
  void write_logins(std::string& out) const;
  void write_gateway_answers(std::string& out) const;
  void write_decisions(std::string& out) const;
  std::uint64_t gateway_answers(GatewayReason reason) const;
  static void write_audit(std::string& out, const audit::Recorder::State& audit);
  void write_gauges(std::string& out) const;
  static void write_limits(const Gauges& gauges, std::string& out);

  std::vector<std::unique_ptr<CoreCounters>> cores_;
  std::vector<std::unique_ptr<GatewayCounters>> gateway_;
  std::vector<std::unique_ptr<DecisionCounters>> decisions_;
  std::array<std::atomic<std::uint64_t>, 3> logins_{};
  std::atomic<std::uint64_t> refresh_replays_{0};
  std::atomic<std::uint64_t> requests_not_logged_{0};
  std::function<Gauges()> gauges_;
};

}  // namespace agentauth::api
