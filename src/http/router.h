// Finds the route of a method and a path. Paths are compared as they were sent, segment by segment:
// nothing is decoded, merged or cut off, so a path that is spelled differently is another path.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace agentauth::http {

inline constexpr std::size_t captures_max = 4;

struct Captures {
  std::array<std::string_view, captures_max> values{};  // raw, in the pattern's order
  std::size_t count = 0;
  std::string_view rest;  // what `*` at the pattern's end stands for, without a slash before it
};

struct RouteMatch {
  enum class Kind : std::uint8_t { found, wrong_method, no_such_path };
  Kind kind = Kind::no_such_path;
  std::size_t route = 0;  // the number given to add(), when found
  Captures captures;
};

class Router {
 public:
  // `pattern` like /agents/{id}/keys; must outlive the router. A path that is
  // spelled out wins over captures, for every method: DELETE /agents/me is not DELETE /agents/{id}.
  // GET serves HEAD too. With `*` as its last segment it stands for whatever follows, also for
  // nothing; such a pattern comes after all others.
  void add(Method method, std::string_view pattern, std::size_t route);

  RouteMatch match(Method method, std::string_view path) const;
  // "GET, HEAD, POST" for a path that has routes.
  std::string allowed_methods(std::string_view path) const;

 private:
  struct Entry {
    Method method;
    std::vector<std::string_view> segments;
    std::size_t route;
    std::size_t rank;  // the fewer captures, the lower; then those with a rest
    bool has_rest;
  };
  static bool matches(const Entry& entry, std::string_view path, Captures& captures);

  // By rank; see add().
  std::vector<Entry> entries_;
};

}  // namespace agentauth::http
