#include "http/router.h"

#include <algorithm>
#include <string>

namespace agentauth::http {
namespace {

constexpr std::string_view rest_segment = "*";
constexpr std::size_t rank_of_rest = 1000;
constexpr std::size_t no_rank = 2 * rank_of_rest;

bool is_capture(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

// Whoever stands in front of us may have resolved it, and so have checked another path.
bool is_dot_segment(std::string_view segment) { return segment == "." || segment == ".."; }

bool serves(Method route, Method request) {
  return route == request || route == Method::any ||
         (route == Method::get && request == Method::head);
}

}  // namespace

void Router::add(Method method, std::string_view pattern, std::size_t route) {
  Entry entry{method, split(pattern), route, 0, false};
  entry.rank = static_cast<std::size_t>(
      std::count_if(entry.segments.begin(), entry.segments.end(), is_capture));
  entry.has_rest = entry.segments.back() == rest_segment;
  if (entry.has_rest) entry.rank += rank_of_rest;
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Entry& other) { return other.rank > entry.rank; });
  entries_.insert(at, std::move(entry));
}

bool Router::matches(const Entry& entry, std::string_view path, Captures& captures) {
  captures.count = 0;
  captures.rest = {};
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  for (std::size_t i = 0; i < entry.segments.size(); ++i) {
    const bool last = i + 1 == entry.segments.size();
    if (last && entry.has_rest) {
      captures.rest = path;
      return true;
    }
    const std::size_t slash = path.find('/');
    if ((slash == std::string_view::npos) != last) return false;
    const std::string_view segment = path.substr(0, slash);
    if (is_capture(entry.segments[i])) {
      if (segment.empty() || is_dot_segment(segment) || captures.count == captures_max)
        return false;
      captures.values[captures.count++] = segment;
    } else if (segment != entry.segments[i]) {
      return false;
    }
    if (!last) path.remove_prefix(slash + 1);
  }
  return true;
}

RouteMatch Router::match(Method method, std::string_view path) const {
  RouteMatch match;
  std::size_t shadowed = no_rank;
  for (const Entry& entry : entries_) {
    if (entry.rank >= shadowed || !matches(entry, path, match.captures)) continue;
    shadowed = entry.rank + 1;
    if (serves(entry.method, method)) {
      match.kind = RouteMatch::Kind::found;
      match.route = entry.route;
      return match;
    }
    match.kind = RouteMatch::Kind::wrong_method;
  }
  return match;
}

std::string Router::allowed_methods(std::string_view path) const {
  std::string allowed;
  Captures captures;
  const auto append = [&](std::string_view method) {
    if (!allowed.empty()) allowed += ", ";
    allowed += method;
  };
  std::size_t shadowed = no_rank;
  for (const Entry& entry : entries_) {
    if (entry.rank >= shadowed || !matches(entry, path, captures)) continue;
    shadowed = entry.rank + 1;
    append(to_string(entry.method));
    if (entry.method == Method::get) append("HEAD");
  }
  return allowed;
}

}  // namespace agentauth::http
