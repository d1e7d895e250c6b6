// A rate limit as it is configured: over the API, in the database, in the defaults.
#pragma once

#include <array>
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
  // As the operations table spells them, "POST /auth/login"; "*" is all of them. They share a
  // bucket.
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

struct LimitSet {
  std::vector<Limit> limits;

  static constexpr auto fields() {
    return std::array{field<&LimitSet::limits>(
        {.name = "limits", .min = 0, .max = limits_max, .about = "All limits in force"})};
  }
};

// What the fields alone cannot say: names are unique, routes exist and are named once, few limits
// meet on one route, a bucket refills within 31 days. Errors: invalid_argument, which names each
// field.
Result<void> check_limits(const LimitSet& set, std::span<const std::string> routes);

// Failed logins by address and by key, registrations by address; where a route exists.
LimitSet default_limits(std::span<const std::string> routes);

}  // namespace agentauth
