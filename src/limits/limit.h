// A rate limit as it is configured: over the API, in the database, in the defaults.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "limits/gcra.h"

namespace agentauth {

// Whose requests share a bucket.
enum class LimitScope : std::uint8_t {
  address,  // the client's; IPv6 by its /64, of which one machine has all
  agent,
  key,    // by its public part
  owner,  // by e-mail address, whatever its case
};
std::string_view to_string(LimitScope scope);
bool parse(std::string_view text, LimitScope& scope);

// A set of them.
class LimitScopes {
 public:
  constexpr LimitScopes() = default;
  constexpr LimitScopes(std::initializer_list<LimitScope> scopes) {
    for (const LimitScope scope : scopes) add(scope);
  }
  constexpr void add(LimitScope scope) { bits_ |= bit(scope); }
  constexpr bool has(LimitScope scope) const { return (bits_ & bit(scope)) != 0; }
  constexpr std::uint8_t bits() const { return bits_; }
  static constexpr std::uint8_t bit(LimitScope scope) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(scope));
  }

 private:
  std::uint8_t bits_ = 0;
};
inline constexpr LimitScopes every_limit_scope{LimitScope::address, LimitScope::agent,
                                               LimitScope::key, LimitScope::owner};

enum class LimitCount : std::uint8_t {
  all,       // every request
  failures,  // those that were refused with 401 or 403
};
std::string_view to_string(LimitCount count);
bool parse(std::string_view text, LimitCount& count);

inline constexpr std::int64_t limits_max = 64;
// So that what one request can cost, and what its headers can hold, has a bound.
inline constexpr std::size_t limits_on_a_route_max = 8;

bool is_limit_name(std::string_view text);
bool is_period(std::string_view text);
// "1s", "10m", "1h", "1d": at most 31 days. Nothing when it is not such a text.
std::optional<std::int64_t> parse_period_seconds(std::string_view text);

struct Limit {
  std::string name;
  LimitScope scope = LimitScope::address;
  // As the operations table spells them, "POST /auth/login"; "*" is all of them but probes. They
  // share a bucket.
  std::vector<std::string> routes;
  LimitCount count = LimitCount::all;
  std::int64_t rate = 1;  // requests in each period
  std::string per;
  std::int64_t burst = 1;  // at once, after a pause

  // REQUIRES: check_limits has passed.
  LimitRate arithmetic() const;
  // Every field, so that a limit that was changed starts with fresh buckets.
  std::string fingerprint() const;

  static constexpr auto fields() {
    return std::array{
        field<&Limit::name>({.name = "name",
                             .max = 64,
                             .valid = is_limit_name,
                             .rule = "must be letters, digits, '-', '_' or '.'",
                             .example = "logins-by-address"}),
        field<&Limit::scope>({.name = "scope",
                              .rule = "must be address, agent, key or owner",
                              .example = "address",
                              .about = "Whose requests are counted together"}),
        field<&Limit::routes>(
            {.name = "routes",
             .max = 64,
             .example = "POST /auth/login",
             .about = "Method and path as this API lists them, or \"*\" for all"}),
        field<&Limit::count>({.name = "count",
                              .rule = "must be all or failures",
                              .example = "failures",
                              .about = "Every request, or those refused with 401 or 403"}),
        field<&Limit::rate>({.name = "rate",
                             .max = 1'000'000,
                             .example = "100",
                             .about = "Requests in each period"}),
        field<&Limit::per>({.name = "per",
                            .max = 16,
                            .valid = is_period,
                            .rule = "must be a number and s, m, h or d, up to 31d",
                            .example = "1s",
                            .about = "The period"}),
        field<&Limit::burst>({.name = "burst",
                              .max = 1'000'000,
                              .example = "100",
                              .about = "Requests at once after a pause; what the rate refills"}),
    };
  }
};

// A route as limits name it, and by whom its requests are counted.
struct LimitedRoute {
  std::string name;                          // "POST /auth/login"
  LimitScopes all = every_limit_scope;       // whatever the answer
  LimitScopes failures = every_limit_scope;  // when they are refused
  bool is_probe = false;                     // "*" leaves it out: who asks would restart the server

  LimitScopes counted(LimitCount count) const { return count == LimitCount::all ? all : failures; }
};
// Whether the limit names the route and counts anything there.
bool applies(const Limit& limit, const LimitedRoute& route);

struct LimitSet {
  std::vector<Limit> limits;

  static constexpr auto fields() {
    return std::array{field<&LimitSet::limits>(
        {.name = "limits", .min = 0, .max = limits_max, .about = "All limits in force"})};
  }
};

// What the fields alone cannot say: names are unique, routes exist, are named once and know whom to
// count, few limits meet on one route, a bucket refills within 31 days. Errors: invalid_argument,
// which names each field.
Result<void> check_limits(const LimitSet& set, std::span<const LimitedRoute> routes);
// The limits without what they name in vain: routes that this version does not know, or where it
// has nothing to count by. Another version, or a node with other options, may have stored them.
LimitSet without_what_never_counts(LimitSet set, std::span<const LimitedRoute> routes);

// Failed logins by address and by key, registrations by address; where a route exists.
LimitSet default_limits(std::span<const LimitedRoute> routes);

}  // namespace agentauth
