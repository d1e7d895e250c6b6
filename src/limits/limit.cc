#include "limits/limit.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/json.h"

namespace agentauth {
namespace {

constexpr std::int64_t day_seconds = 24 * 3600;
constexpr std::int64_t refill_seconds_max = 31 * day_seconds;

constexpr std::array<std::string_view, 4> scopes = {"address", "agent", "key", "owner"};
constexpr std::array<std::string_view, 2> counts = {"all", "failures"};

template <class E, std::size_t N>
bool parse_word(const std::array<std::string_view, N>& words, std::string_view text, E& out) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) return false;
  out = static_cast<E>(found - words.begin());
  return true;
}

constexpr std::string_view every_route = "*";

const LimitedRoute* find_route(std::span<const LimitedRoute> routes, std::string_view name) {
  const auto found = std::find_if(routes.begin(), routes.end(),
                                  [&](const LimitedRoute& route) { return route.name == name; });
  return found == routes.end() ? nullptr : &*found;
}

bool is_named_by(std::string_view name, const LimitedRoute& route) {
  return name == route.name || (name == every_route && !route.is_probe);
}

// Where it is known who counts. "*" is all of those.
bool is_counted(const Limit& limit, std::string_view name, std::span<const LimitedRoute> routes) {
  return std::any_of(routes.begin(), routes.end(), [&](const LimitedRoute& route) {
    return is_named_by(name, route) && route.counted(limit.count).has(limit.scope);
  });
}

std::string why_never_counted(const Limit& limit, std::string_view route) {
  std::string text = "cannot be counted by ";
  text.append(to_string(limit.scope)).append(": ").append(route);
  // docs/adr/0019-failures-are-not-counted-by-owner.md
  if (limit.scope == LimitScope::owner && limit.count == LimitCount::failures)
    return text +=
           ", because strangers could lock out all agents of an owner by failing; count "
           "failures by address, agent or key";
  return text += limit.count == LimitCount::all ? ", where it is not known who calls"
                                                : ", where it is not known who was refused";
}

// Collects what is wrong, so that one answer names all of it.
class Checker {
 public:
  Checker(const LimitSet& set, std::span<const LimitedRoute> routes) : set_(set), routes_(routes) {}

  Result<void> check() {
    for (std::size_t i = 0; i < set_.limits.size(); ++i) check(i);
    for (const auto& [route, count] : on_route_)
      if (count > limits_on_a_route_max)
        wrong("limits", "name the route " + route + " more than " +
                            std::to_string(limits_on_a_route_max) + " times");
    if (errors_.empty()) return {};
    Error error{Errc::invalid_argument, "A field is missing or invalid"};
    error.fields = std::move(errors_);
    return tl::unexpected(std::move(error));
  }

 private:
  void wrong(std::string field, std::string message) {
    errors_.push_back({std::move(field), std::move(message)});
  }

  void check(std::size_t i) {
    const Limit& limit = set_.limits[i];
    const std::string place = "limits[" + std::to_string(i) + "].";
    if (!names_.insert(limit.name).second) wrong(place + "name", "is used twice");
    // In hours rather than nanoseconds first: a million days do not fit into those.
    const std::int64_t period = parse_period_seconds(limit.per).value_or(1);
    if (limit.burst * period / limit.rate > refill_seconds_max)
      wrong(place + "burst", "takes more than 31 days to refill at this rate");
    std::set<std::string_view> named;
    for (const std::string& route : limit.routes) {
      const bool known = route == every_route || find_route(routes_, route) != nullptr;
      if (!known) wrong(place + "routes", "names no route of this API: " + route);
      if (known && !is_counted(limit, route, routes_))
        wrong(place + "routes", why_never_counted(limit, route));
      if (!named.insert(route).second) wrong(place + "routes", "names a route twice: " + route);
    }
    for (const LimitedRoute& route : routes_)
      if (std::any_of(named.begin(), named.end(),
                      [&](std::string_view name) { return is_named_by(name, route); }))
        ++on_route_[route.name];
  }

  const LimitSet& set_;
  std::span<const LimitedRoute> routes_;
  std::set<std::string_view> names_;
  std::map<std::string, std::size_t> on_route_;
  std::vector<FieldError> errors_;
};

}  // namespace

std::string_view to_string(LimitScope scope) { return scopes[static_cast<std::size_t>(scope)]; }
bool parse(std::string_view text, LimitScope& scope) { return parse_word(scopes, text, scope); }
std::string_view to_string(LimitCount count) { return counts[static_cast<std::size_t>(count)]; }
bool parse(std::string_view text, LimitCount& count) { return parse_word(counts, text, count); }

bool is_limit_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::optional<std::int64_t> parse_period_seconds(std::string_view text) {
  static constexpr std::array<std::pair<char, std::int64_t>, 4> units = {
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', day_seconds}}};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // One unit, and no sign: from_chars takes "-1".
  if (error != std::errc{} || end + 1 != text.data() + text.size() || number < 1)
    return std::nullopt;
  for (const auto& [letter, seconds] : units)
    if (*end == letter && number <= refill_seconds_max / seconds) return number * seconds;
  return std::nullopt;
}

bool is_period(std::string_view text) { return parse_period_seconds(text).has_value(); }

LimitRate Limit::arithmetic() const {
  const std::int64_t period_ns = parse_period_seconds(per).value_or(1) * 1'000'000'000;
  return {.interval_ns = (period_ns + rate - 1) / rate, .burst = burst};
}

std::string Limit::fingerprint() const {
  std::string text;
  JsonWriter out(text);
  write_fields(*this, out);
  return text;
}

bool applies(const Limit& limit, const LimitedRoute& route) {
  return route.counted(limit.count).has(limit.scope) &&
         std::any_of(limit.routes.begin(), limit.routes.end(),
                     [&](const std::string& name) { return is_named_by(name, route); });
}

Result<void> check_limits(const LimitSet& set, std::span<const LimitedRoute> routes) {
  return Checker(set, routes).check();
}

LimitSet without_what_never_counts(LimitSet set, std::span<const LimitedRoute> routes) {
  for (Limit& limit : set.limits)
    std::erase_if(limit.routes,
                  [&](const std::string& route) { return !is_counted(limit, route, routes); });
  std::erase_if(set.limits, [](const Limit& limit) { return limit.routes.empty(); });
  return set;
}

LimitSet default_limits(std::span<const LimitedRoute> routes) {
  const auto existing = [&](std::initializer_list<std::string> wanted) {
    std::vector<std::string> found;
    std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(found),
                 [&](const std::string& route) { return find_route(routes, route) != nullptr; });
    return found;
  };
  const auto credentials = existing({"POST /auth/login", "POST /auth/refresh"});
  LimitSet set;
  set.limits = {
      {"failed-logins-by-address", LimitScope::address, credentials, LimitCount::failures, 10, "1s",
       1000},
      {"failed-logins-by-key", LimitScope::key, existing({"POST /auth/login"}),
       LimitCount::failures, 1, "1s", 1000},
      {"registrations-by-address", LimitScope::address, existing({"POST /agents/register"}),
       LimitCount::all, 10, "1s", 1000},
  };
  std::erase_if(set.limits, [](const Limit& limit) { return limit.routes.empty(); });
  return set;
}

}  // namespace agentauth
