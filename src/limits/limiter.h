// Says whether a request is within the limits. Start here.
//
// It knows routes by their place in the operations table and callers by the bytes that name them,
// and nothing of HTTP. What is not limited costs one relaxed load. All limits that a request meets
// at one moment are asked; what one of them refuses counts for none, unless another request takes
// the last place at that very moment.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/epoch.h"
#include "base/network.h"
#include "limits/bucket_table.h"
#include "limits/limit.h"

namespace agentauth {

// What the limits said about one request, for its headers. Plain values: it outlives the limits.
struct LimitReport {
  struct Entry {
    std::uint32_t rule = 0;
    Quota quota;
  };
  std::uint64_t version = 0;  // of the limits that were asked
  std::size_t size = 0;
  std::array<Entry, limits_on_a_route_max> entries{};
  std::int64_t retry_in_ns = 0;  // the longest of those that refused
};

// The bytes that name a caller: one name whatever the spelling. IPv6 counts by its /64; an owner
// by owner_identity().
IpAddress address_limit_identity(const IpAddress& address);

class Limiter {
 public:
  using HashKey = std::array<std::uint8_t, 16>;

  // `routes` are the operations, in the order of their numbers. The hash key is secret, so that
  // nobody can choose identities that share a bucket.
  Limiter(std::vector<LimitedRoute> routes, const HashKey& hash_key);
  ~Limiter();

  std::span<const LimitedRoute> routes() const { return routes_; }

  // From the next request on. A limit that stays as it was keeps its buckets.
  // REQUIRES: check_limits(set, routes()).
  void replace(const LimitSet& set);

  // Whether there is anything to ask about that route, or about its requests by that scope.
  bool watches(std::size_t route) const {
    return watched_[route].load(std::memory_order_relaxed) != 0;
  }
  bool watches(std::size_t route, LimitScope scope) const {
    return (watched_[route].load(std::memory_order_relaxed) & LimitScopes::bit(scope)) != 0;
  }

  // Whose a request is, as far as limits ask: one for each scope at most.
  struct Party {
    LimitScope scope = LimitScope::address;
    ByteView identity;
  };
  // Before the work: counts the request where all are counted, and looks whether failures have used
  // up their limit. False: it is to be refused. Failures by key are not looked
  // at: who presents a wrong secret to a known kid must not lock out who has the right one.
  bool admit(std::size_t route, std::span<const Party> parties, std::int64_t now,
             LimitReport& report);
  // After a refusal: counts it where failures are counted. False: there have been too many.
  bool count_failure(std::size_t route, const Party& party, std::int64_t now, LimitReport& report);

  // RateLimit-Policy and RateLimit as structured fields (draft-ietf-httpapi-ratelimit-headers-10),
  // appended; nothing when other limits are in force by now.
  void write_headers(const LimitReport& report, std::string& policy, std::string& state) const;

  struct Totals {
    std::string name;
    std::uint64_t checked = 0;
    std::uint64_t limited = 0;
  };
  std::vector<Totals> totals() const;
  const BucketTable& buckets() const { return buckets_; }
  BucketTable& buckets() { return buckets_; }

  // While nodes cannot tell each other what they admit, each has its share of every limit.
  void use_share_of(std::int64_t nodes) { share_.store(nodes, std::memory_order_relaxed); }
  std::int64_t share() const { return share_.load(std::memory_order_relaxed); }

 private:
  struct Rule;
  struct Rules;

  // A limit that a request meets, and the bucket there that is its own.
  struct Met {
    const Rule* rule = nullptr;
    std::uint32_t number = 0;
    BucketTable::Name bucket{};
  };
  class MetLimits;
  struct Verdict {
    bool admitted = true;
    Quota quota;
  };

  Verdict look(const Met& met, std::int64_t now) const;
  Verdict charge(const Met& met, std::int64_t now);
  BucketTable::Name bucket_of(const Rule& rule, ByteView identity) const;
  // In the report and in the totals; returns whether it is admitted.
  static bool note(LimitReport& report, const Met& met, const Verdict& verdict);

  const std::vector<LimitedRoute> routes_;
  const HashKey hash_key_;
  std::vector<std::atomic<std::uint8_t>> watched_;  // by route: a bit for each scope
  mutable EpochDomain epochs_;
  std::mutex replacing_;
  std::atomic<const Rules*> rules_;
  std::atomic<std::int64_t> share_{1};
  BucketTable buckets_;
};

}  // namespace agentauth
