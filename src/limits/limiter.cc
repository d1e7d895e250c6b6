#include "limits/limiter.h"

#include <algorithm>
#include <cstring>

#include "base/siphash.h"
#include "base/thread_index.h"

namespace agentauth {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t counter_places = 16;

std::int64_t seconds_up(std::int64_t nanoseconds) {
  return (nanoseconds + second_ns - 1) / second_ns;
}

// Added to by every core, so each has a cache line of its own, or shares one with few.
struct alignas(64) Counters {
  std::atomic<std::uint64_t> checked{0};
  std::atomic<std::uint64_t> limited{0};
};
using CounterRow = std::array<Counters, counter_places>;

void count(CounterRow& row, bool refused) {
  Counters& mine = row[thread_index() % counter_places];
  mine.checked.fetch_add(1, std::memory_order_relaxed);
  if (refused) mine.limited.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

struct Limiter::Rule {
  std::string name;
  LimitScope scope = LimitScope::address;
  LimitCount count = LimitCount::all;
  LimitRate rate;
  std::uint64_t id = 0;  // of the limit as it is configured
  std::string policy;    // its item of RateLimit-Policy
  std::shared_ptr<CounterRow> counters;
};

struct Limiter::Rules {
  std::uint64_t version = 0;
  std::vector<Rule> all;
  std::vector<std::vector<std::uint32_t>> by_route;
};

IpAddress address_limit_identity(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  IpAddress identity = address;
  if (!std::equal(mapped.begin(), mapped.end(), address.begin()))
    std::fill(identity.begin() + 8, identity.end(), std::uint8_t{0});
  return identity;
}

Limiter::Limiter(std::vector<LimitedRoute> routes, const HashKey& hash_key)
    : routes_(std::move(routes)), hash_key_(hash_key), watched_(routes_.size()) {
  auto none = std::make_unique<Rules>();
  none->by_route.resize(routes_.size());
  rules_.store(none.release());
}

Limiter::~Limiter() { delete rules_.load(); }

void Limiter::replace(const LimitSet& set) {
  const std::lock_guard lock(replacing_);
  const Rules* const before = rules_.load();
  auto rules = std::make_unique<Rules>();
  rules->version = before->version + 1;
  rules->by_route.resize(routes_.size());
  std::vector<LimitScopes> watched(routes_.size());
  for (const Limit& limit : set.limits) {
    const auto number = static_cast<std::uint32_t>(rules->all.size());
    Rule rule{limit.name, limit.scope, limit.count, limit.arithmetic(), 0, "", nullptr};
    rule.id = siphash(hash_key_, as_bytes(limit.fingerprint()));
    rule.policy = '"' + limit.name + "\";q=" + std::to_string(limit.burst) +
                  ";w=" + std::to_string(seconds_up(rule.rate.capacity_ns()));
    for (const Rule& old : before->all)
      if (old.name == limit.name) rule.counters = old.counters;
    if (!rule.counters) rule.counters = std::make_shared<CounterRow>();
    rules->all.push_back(std::move(rule));
    for (std::size_t route = 0; route < routes_.size(); ++route) {
      if (!applies(limit, routes_[route])) continue;
      rules->by_route[route].push_back(number);
      watched[route].add(limit.scope);
    }
  }
  for (std::size_t route = 0; route < routes_.size(); ++route)
    watched_[route].store(watched[route].bits(), std::memory_order_relaxed);
  rules_.store(rules.release(), std::memory_order_seq_cst);
  epochs_.retire(std::unique_ptr<const Rules>(before));
}

BucketTable::Name Limiter::bucket_of(const Rule& rule, ByteView identity) const {
  // Identities are short: an e-mail address, the longest, has 254 characters.
  std::array<std::uint8_t, 8 + 256> text;
  std::memcpy(text.data(), &rule.id, sizeof rule.id);
  const std::size_t size = std::min(identity.size(), text.size() - sizeof rule.id);
  std::copy_n(identity.begin(), size, text.begin() + sizeof rule.id);
  return siphash(hash_key_, ByteView(text.data(), sizeof rule.id + size));
}

bool Limiter::note(LimitReport& report, const Met& met, const Verdict& verdict) {
  count(*met.rule->counters, !verdict.admitted);
  if (!verdict.admitted)
    report.retry_in_ns = std::max(report.retry_in_ns, verdict.quota.retry_in_ns);
  const auto end = report.entries.begin() + static_cast<std::ptrdiff_t>(report.size);
  const auto known =
      std::find_if(report.entries.begin(), end,
                   [&](const LimitReport::Entry& entry) { return entry.rule == met.number; });
  if (known != end) {
    known->quota = verdict.quota;
  } else if (report.size < report.entries.size()) {
    report.entries[report.size++] = {met.number, verdict.quota};
  }
  return verdict.admitted;
}

// Those of one route that count for a party, while they are in force.
class Limiter::MetLimits {
 public:
  MetLimits(const Limiter& limiter, std::size_t route, std::span<const Party> parties,
            LimitReport& report)
      : pin_(limiter.epochs_) {
    const Rules& rules = *limiter.rules_.load(std::memory_order_seq_cst);
    // Other limits than those the request began with: their numbers mean something else.
    if (report.version != rules.version) report = LimitReport{.version = rules.version};
    for (const Party& party : parties) {
      for (const std::uint32_t number : rules.by_route[route]) {
        const Rule& rule = rules.all[number];
        if (rule.scope != party.scope || size_ == all_.size()) continue;
        all_[size_++] = {&rule, number, limiter.bucket_of(rule, party.identity)};
      }
    }
  }

  std::size_t size() const { return size_; }
  const Met* begin() const { return all_.data(); }
  const Met* end() const { return all_.data() + size_; }

 private:
  EpochDomain::Pin pin_;
  std::array<Met, limits_on_a_route_max> all_{};
  std::size_t size_ = 0;
};

Limiter::Verdict Limiter::look(const Met& met, std::int64_t now) const {
  const LimitRate rate = met.rule->rate.share_of(share());
  const Quota quota = quota_of(buckets_.debt_until(met.bucket, now), now, rate);
  return {quota.retry_in_ns == 0, quota};
}

Limiter::Verdict Limiter::charge(const Met& met, std::int64_t now) {
  const LimitRate rate = met.rule->rate.share_of(share());
  const auto outcome = buckets_.charge(met.bucket, now, rate, met.rule->rate.interval_ns);
  return {outcome.admitted, quota_of(outcome.debt_until, now, rate)};
}

bool Limiter::admit(std::size_t route, std::span<const Party> parties, std::int64_t now,
                    LimitReport& report) {
  const MetLimits limits(*this, route, parties, report);
  const auto is_asked = [](const Met& met) {
    return met.rule->count == LimitCount::all || met.rule->scope != LimitScope::key;
  };
  // One alone charges nothing that it refuses. Of several another request may take the last place
  // between look and charge: who comes second has then been counted by the others.
  const bool is_room =
      limits.size() <= 1 || std::all_of(limits.begin(), limits.end(), [&](const Met& met) {
        return !is_asked(met) || look(met, now).admitted;
      });
  bool admitted = is_room;
  for (const Met& met : limits) {
    if (!is_asked(met)) continue;
    const bool is_charged = is_room && met.rule->count == LimitCount::all;
    const Verdict verdict = is_charged ? charge(met, now) : look(met, now);
    admitted = note(report, met, verdict) && admitted;
  }
  return admitted;
}

bool Limiter::count_failure(std::size_t route, const Party& party, std::int64_t now,
                            LimitReport& report) {
  bool admitted = true;
  for (const Met& met : MetLimits(*this, route, {&party, 1}, report))
    if (met.rule->count == LimitCount::failures)
      admitted = note(report, met, charge(met, now)) && admitted;
  return admitted;
}

void Limiter::write_headers(const LimitReport& report, std::string& policy,
                            std::string& state) const {
  const EpochDomain::Pin pin(epochs_);
  const Rules& rules = *rules_.load(std::memory_order_seq_cst);
  if (report.version != rules.version) return;
  for (std::size_t i = 0; i < report.size; ++i) {
    const Rule& rule = rules.all[report.entries[i].rule];
    const Quota& quota = report.entries[i].quota;
    const std::string_view comma = i == 0 ? "" : ", ";
    policy.append(comma).append(rule.policy);
    // With nothing left it is the same moment as Retry-After's, else when all is there again.
    const std::int64_t wait = quota.remaining == 0 ? quota.retry_in_ns : quota.full_in_ns;
    state.append(comma).append("\"").append(rule.name).append("\";r=");
    state.append(std::to_string(quota.remaining)).append(";t=");
    state.append(std::to_string(seconds_up(wait)));
  }
}

std::vector<Limiter::Totals> Limiter::totals() const {
  const EpochDomain::Pin pin(epochs_);
  std::vector<Totals> totals;
  for (const Rule& rule : rules_.load(std::memory_order_seq_cst)->all) {
    Totals sums{rule.name};
    for (const Counters& counters : *rule.counters) {
      sums.checked += counters.checked.load(std::memory_order_relaxed);
      sums.limited += counters.limited.load(std::memory_order_relaxed);
    }
    totals.push_back(std::move(sums));
  }
  return totals;
}

}  // namespace agentauth
