#include "api/metrics.h"

#include <algorithm>
#include <cstdio>

#include "api/operations.h"

namespace agentauth::api {
namespace {

// Every status the server sends; the last place counts what is not here.
constexpr std::array<int, 20> statuses = {200, 201, 204, 400, 401, 403, 404, 405, 409, 410,
                                          413, 414, 415, 422, 429, 431, 500, 501, 503, 505};

// Upper bounds: from a call answered from memory to a bcrypt at cost 14.
constexpr std::array<std::int64_t, 14> bounds_ns = {
    2'500,     5'000,      10'000,      25'000,      100'000,     500'000,       1'000'000,
    5'000'000, 25'000'000, 100'000'000, 250'000'000, 500'000'000, 1'000'000'000, 5'000'000'000};

constexpr std::array<MetricRow, 30> table = {{
    {"agentauth_requests_total", "counter", "route, method, status",
     "Requests answered, by route and status"},
    {"agentauth_request_duration_seconds", "histogram", "route, method",
     "From the last byte of a request to its answer"},
    {"agentauth_requests_not_logged_total", "counter", "",
     "Refusals that the log has no line for: too many of one agent, or of strangers"},
    {"agentauth_logins_total", "counter", "outcome",
     "Logins: remembered (no bcrypt), verified (one bcrypt), refused"},
    {"agentauth_refresh_replays_total", "counter", "",
     "Logins ended because a refresh token was spent again: it, or its successor, was stolen"},
    {"agentauth_denials_total", "counter", "route, method", "Requests denied by permission (403)"},
    {"agentauth_gateway_answers_total", "counter", "reason",
     "What gateways were answered: allowed, open, or why not"},
    {"agentauth_decisions_total", "counter", "entry, decision, reason",
     "Decisions by entry (evaluation: AuthZEN, each item of a batch; gateway; route: calls to this "
     "server), allow or deny, and why"},
    {"agentauth_pool_threads", "gauge", "pool", "Threads of the worker and the hashing pool"},
    {"agentauth_pool_depth", "gauge", "pool", "Jobs that wait in a pool's queue"},
    {"agentauth_connections", "gauge", "", "Open client connections"},
    {"agentauth_directory_revision", "gauge", "", "The last change the directory knows"},
    {"agentauth_directory_agents", "gauge", "", "Agents in the directory"},
    {"agentauth_directory_keys", "gauge", "", "API keys in the directory"},
    {"agentauth_keys_expiring", "gauge", "",
     "API keys that expire within key-expiry-notice and were neither rotated nor made for so short "
     "a time, of all nodes; counted up to 10,000"},
    {"agentauth_directory_fresh", "gauge", "",
     "1 while the database has been heard from within max-staleness"},
    {"agentauth_audit_events_total", "counter", "action, outcome",
     "Events that this node put into the audit trail"},
    {"agentauth_audit_dropped_total", "counter", "reason",
     "Refusals that are not in the audit trail: queue_full, flood (of one agent faster than 20 a "
     "second for long, of strangers together faster than 100) or database"},
    {"agentauth_audit_queue_depth", "gauge", "", "Events that wait to become durable"},
    {"agentauth_audit_sequence", "gauge", "", "The last event of the audit trail, of all nodes"},
    {"agentauth_audit_file_sequence", "gauge", "",
     "The last event in the audit file; 0 without one"},
    {"agentauth_resident_memory_bytes", "gauge", "", "Resident memory of the process"},
    {"agentauth_limit_checks_total", "counter", "limit", "How often a rate limit was asked"},
    {"agentauth_limit_refusals_total", "counter", "limit", "How often it refused"},
    {"agentauth_limit_buckets", "gauge", "", "Buckets of rate limits in use, of 262,144"},
    {"agentauth_limit_evictions_total", "counter", "",
     "Buckets that gave way to others while they were in debt: the table is too full"},
    {"agentauth_limits_redis_up", "gauge", "",
     "1 while nodes share rate limits through Redis, 0 while this one counts by itself"},
    {"agentauth_limits_redis_nodes", "gauge", "",
     "Nodes that share rate limits, as far as this one knows"},
    {"agentauth_signing_keys", "gauge", "", "Keys that verify access tokens"},
    {"agentauth_signing_key_age_seconds", "gauge", "",
     "How long ago the key that signs was made; 0 with a configured secret"},
}};

std::size_t status_place(int status) {
  const auto found = std::find(statuses.begin(), statuses.end(), status);
  return found == statuses.end() ? statuses.size()
                                 : static_cast<std::size_t>(found - statuses.begin());
}

void append_header(std::string& out, std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(),
                                [&](const MetricRow& metric) { return metric.name == name; });
  out += "# HELP ";
  out += name;
  out += ' ';
  out += row->help;
  out += "\n# TYPE ";
  out += name;
  out += ' ';
  out += row->type;
  out += '\n';
}

void append_sample(std::string& out, std::string_view name, const std::string& labels,
                   std::uint64_t value) {
  out += name;
  if (!labels.empty()) out += '{' + labels + '}';
  out += ' ' + std::to_string(value) + '\n';
}

void append_one(std::string& out, std::string_view name, std::uint64_t value) {
  append_header(out, name);
  append_sample(out, name, "", value);
}

std::string seconds(double nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", nanoseconds / 1e9);
  return text;
}

std::string_view route_name(std::size_t operation) {
  return operation < operations().size() ? operations()[operation].path : "unmatched";
}

std::string_view method_name(std::size_t operation) {
  return operation < operations().size() ? http::to_string(operations()[operation].method) : "any";
}

std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + std::string(value) + '"';
}

std::uint64_t resident_bytes() {
  std::uint64_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    unsigned long long size = 0;
    unsigned long long resident = 0;
    if (std::fscanf(file, "%llu %llu", &size, &resident) == 2) pages = resident;
    std::fclose(file);
  }
  return pages * 4096;
}

}  // namespace

std::span<const MetricRow> metric_table() { return table; }

Metrics::Metrics(std::size_t cores) {
  static_assert(bounds_ns.size() == buckets);
  static_assert(statuses.size() < statuses_max);
  for (std::size_t i = 0; i < cores; ++i) {
    cores_.push_back(std::make_unique<CoreCounters>(operations().size() + 1));
    gateway_.push_back(std::make_unique<GatewayCounters>());
    decisions_.push_back(std::make_unique<DecisionCounters>());
  }
}

void Metrics::count_request(std::size_t core, std::size_t operation, int status,
                            std::chrono::nanoseconds took) {
  OperationCounters& counters = (*cores_[core])[operation];
  counters.by_status[status_place(status)].add(1);
  std::size_t bucket = 0;
  while (bucket < buckets && took.count() > bounds_ns[bucket]) ++bucket;
  counters.by_duration[bucket].add(1);
  counters.nanoseconds.add(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
}

void Metrics::count_decisions(std::size_t core, DecisionEntry entry,
                              const DecisionCounts& decisions) {
  auto& counters = (*decisions_[core])[static_cast<std::size_t>(entry)];
  for (std::size_t kind = 0; kind < decision_kind_count; ++kind)
    if (decisions.of(kind) > 0) counters[kind].add(decisions.of(kind));
}

void Metrics::write(std::string& out) const {
  write_requests(out);
  write_durations(out);
  write_logins(out);
  write_gateway_answers(out);
  write_decisions(out);
  write_gauges(out);
}

void Metrics::write_requests(std::string& out) const {
  std::string denials;
  append_header(out, "agentauth_requests_total");
  append_header(denials, "agentauth_denials_total");
  for (std::size_t operation = 0; operation <= operations().size(); ++operation) {
    const std::string route = label("route", route_name(operation));
    for (std::size_t place = 0; place <= statuses.size(); ++place) {
      std::uint64_t sum = 0;
      for (const auto& core : cores_) sum += (*core)[operation].by_status[place].value();
      if (sum == 0) continue;
      const int status = place < statuses.size() ? statuses[place] : 0;
      append_sample(out, "agentauth_requests_total",
                    route + ',' + label("method", method_name(operation)) + ',' +
                        label("status", status == 0 ? "other" : std::to_string(status)),
                    sum);
      if (status == 403)
        append_sample(denials, "agentauth_denials_total",
                      route + ',' + label("method", method_name(operation)), sum);
    }
  }
  out += denials;
  append_one(out, "agentauth_requests_not_logged_total", requests_not_logged_.load());
}

void Metrics::write_durations(std::string& out) const {
  static constexpr std::string_view name = "agentauth_request_duration_seconds";
  append_header(out, name);
  for (std::size_t operation = 0; operation <= operations().size(); ++operation) {
    std::array<std::uint64_t, buckets + 1> counts{};
    std::uint64_t nanoseconds = 0;
    std::uint64_t total = 0;
    for (const auto& core : cores_) {
      const OperationCounters& counters = (*core)[operation];
      for (std::size_t i = 0; i <= buckets; ++i) counts[i] += counters.by_duration[i].value();
      nanoseconds += counters.nanoseconds.value();
    }
    for (const std::uint64_t count : counts) total += count;
    if (total == 0) continue;
    const std::string route =
        label("route", route_name(operation)) + ',' + label("method", method_name(operation));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      below += counts[i];
      append_sample(out, std::string(name) + "_bucket",
                    route + ',' + label("le", seconds(static_cast<double>(bounds_ns[i]))), below);
    }
    append_sample(out, std::string(name) + "_bucket", route + ',' + label("le", "+Inf"), total);
    out += std::string(name) + "_sum{" + route + "} " + seconds(static_cast<double>(nanoseconds)) +
           '\n';
    append_sample(out, std::string(name) + "_count", route, total);
  }
}

void Metrics::write_logins(std::string& out) const {
  static constexpr std::array<std::string_view, 3> outcomes = {"remembered", "verified", "refused"};
  append_header(out, "agentauth_logins_total");
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    append_sample(out, "agentauth_logins_total", label("outcome", outcomes[i]), logins_[i].load());
  append_one(out, "agentauth_refresh_replays_total", refresh_replays_.load());
}

void Metrics::write_gateway_answers(std::string& out) const {
  append_header(out, "agentauth_gateway_answers_total");
  for (std::size_t reason = 0; reason < gateway_reason_count; ++reason) {
    const std::uint64_t sum = gateway_answers(static_cast<GatewayReason>(reason));
    if (sum > 0)
      append_sample(out, "agentauth_gateway_answers_total",
                    label("reason", to_string(static_cast<GatewayReason>(reason))), sum);
  }
}

std::uint64_t Metrics::gateway_answers(GatewayReason reason) const {
  std::uint64_t sum = 0;
  for (const auto& core : gateway_) sum += (*core)[static_cast<std::size_t>(reason)].value();
  return sum;
}

// What a gateway was answered without a look at any grant was decided by its routes.
void Metrics::write_decisions(std::string& out) const {
  static constexpr std::string_view name = "agentauth_decisions_total";
  append_header(out, name);
  const auto write = [&](DecisionEntry entry, bool allows, std::string_view reason,
                         std::uint64_t sum) {
    if (sum == 0) return;
    append_sample(out, name,
                  label("entry", to_string(entry)) + ',' +
                      label("decision", allows ? "allow" : "deny") + ',' + label("reason", reason),
                  sum);
  };
  for (std::size_t entry = 0; entry < decision_entry_count; ++entry) {
    for (std::size_t place = 0; place < decision_kind_count; ++place) {
      std::uint64_t sum = 0;
      for (const auto& core : decisions_) sum += (*core)[entry][place].value();
      const auto kind = static_cast<DecisionKind>(place);
      write(static_cast<DecisionEntry>(entry), kind == decided_by(Reason::granted), to_string(kind),
            sum);
    }
  }
  for (std::size_t place = 0; place < gateway_reason_count; ++place) {
    const auto reason = static_cast<GatewayReason>(place);
    if (is_of_routes(reason))
      write(DecisionEntry::gateway, reason == GatewayReason::open, to_string(reason),
            gateway_answers(reason));
  }
}

void Metrics::write_audit(std::string& out, const audit::Recorder::State& audit) {
  append_header(out, "agentauth_audit_events_total");
  for (std::size_t action = 0; action < audit_action_count; ++action) {
    for (std::size_t outcome = 0; outcome < audit_outcome_count; ++outcome) {
      const std::uint64_t events = audit.recorded[action][outcome];
      if (events == 0) continue;
      append_sample(out, "agentauth_audit_events_total",
                    label("action", to_string(static_cast<AuditAction>(action))) + ',' +
                        label("outcome", to_string(static_cast<AuditOutcome>(outcome))),
                    events);
    }
  }
  append_header(out, "agentauth_audit_dropped_total");
  for (std::size_t why = 0; why < audit::dropped_count; ++why)
    append_sample(out, "agentauth_audit_dropped_total",
                  label("reason", audit::to_string(static_cast<audit::Dropped>(why))),
                  audit.dropped[why]);
  append_header(out, "agentauth_audit_queue_depth");
  append_sample(out, "agentauth_audit_queue_depth", "", audit.depth);
}

void Metrics::write_gauges(std::string& out) const {
  const Gauges gauges = gauges_ ? gauges_() : Gauges{};
  const auto one = [&](std::string_view name, std::uint64_t value) {
    append_one(out, name, value);
  };
  const auto pools = [&](std::string_view name, std::size_t workers, std::size_t hashers) {
    append_header(out, name);
    append_sample(out, name, label("pool", "worker"), workers);
    append_sample(out, name, label("pool", "hashing"), hashers);
  };
  pools("agentauth_pool_threads", gauges.workers.threads, gauges.hashers.threads);
  pools("agentauth_pool_depth", gauges.workers.depth, gauges.hashers.depth);
  one("agentauth_connections", static_cast<std::uint64_t>(gauges.connections));
  one("agentauth_directory_revision", static_cast<std::uint64_t>(gauges.revision));
  one("agentauth_directory_agents", static_cast<std::uint64_t>(gauges.agents));
  one("agentauth_directory_keys", static_cast<std::uint64_t>(gauges.keys));
  one("agentauth_keys_expiring", static_cast<std::uint64_t>(gauges.keys_expiring));
  one("agentauth_directory_fresh", gauges.fresh ? 1 : 0);
  write_audit(out, gauges.audit);
  one("agentauth_audit_sequence", static_cast<std::uint64_t>(gauges.audit_sequence));
  one("agentauth_audit_file_sequence", static_cast<std::uint64_t>(gauges.audit_file_sequence));
  one("agentauth_resident_memory_bytes", resident_bytes());
  write_limits(gauges, out);
  one("agentauth_limit_buckets", gauges.limit_buckets);
  one("agentauth_limit_evictions_total", gauges.limit_evictions);
  one("agentauth_limits_redis_up", gauges.limits_redis_up ? 1 : 0);
  one("agentauth_limits_redis_nodes", static_cast<std::uint64_t>(gauges.limits_nodes));
  one("agentauth_signing_keys", gauges.signing_keys);
  one("agentauth_signing_key_age_seconds",
      static_cast<std::uint64_t>(gauges.signing_key_age.count()));
}

void Metrics::write_limits(const Gauges& gauges, std::string& out) {
  append_header(out, "agentauth_limit_checks_total");
  for (const Limiter::Totals& limit : gauges.limits)
    append_sample(out, "agentauth_limit_checks_total", label("limit", limit.name), limit.checked);
  append_header(out, "agentauth_limit_refusals_total");
  for (const Limiter::Totals& limit : gauges.limits)
    append_sample(out, "agentauth_limit_refusals_total", label("limit", limit.name), limit.limited);
}

}  // namespace agentauth::api
