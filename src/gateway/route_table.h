// All routes, compiled: finds the one that decides about a request at a cost that does not grow
// with their number.
//
// What decides is the most specific host and path that match, whatever their methods: of hosts an
// exact one before *.suffix (the longest) before *; of paths, segment by segment from the left, a
// literal before a {capture} before /**. A route for that very host and path must list the method,
// by name or as *; otherwise the request is denied, and no less specific route lets it in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/internal/edges.h"
#include "gateway/internal/route_pattern.h"
#include "gateway/request_path.h"
#include "gateway/route.h"
#include "policy/names.h"

namespace agentauth {

// Of a request: who it is for in one spelling. Views of what they were read from.
struct RoutedRequest {
  std::string_view method;
  std::string_view host;  // see RequestHost; empty when it is not known
  const RequestPath& path;
};

class RouteTable {
 public:
  // No routes.
  RouteTable();
  // Errors: invalid_argument, which names each route by its index and says what is wrong: a path or
  // a resource that is none, two routes for the same requests, paths that overlap so much that a
  // request could need too many comparisons.
  static Result<RouteTable> create(const GatewayRouteSet& set);

  struct Route {
    std::optional<std::string> permission;  // nullopt: open to everybody
    internal::ResourceTemplate resource;
  };
  struct Match {
    const Route* route = nullptr;
    // Why there is none.
    GatewayReason refused = GatewayReason::unlisted_path;
    std::array<std::string_view, route_segments_max> captures{};
    std::size_t capture_count = 0;
  };
  Match match(const RoutedRequest& request) const;

  std::size_t size() const { return routes_.size(); }

 private:
  // One segment of a path, or the root of a host's paths.
  struct Node {
    std::uint32_t capture = internal::Edges::none;  // the node of {name}
    std::uint32_t end = internal::Edges::none;      // the leaf of a path that ends here
    std::uint32_t rest = internal::Edges::none;     // the leaf of /**
  };
  // A host and path, with the route of each method.
  struct Leaf {
    std::vector<std::pair<std::string, std::uint32_t>> by_method;
  };
  class Builder;

  std::uint32_t find_leaf(std::uint32_t number, std::size_t depth, const RequestPath& path,
                          Match& match) const;
  std::uint32_t find_leaf(const RoutedRequest& request, Match& match) const;
  // Among the routes of that host, if there are any.
  std::uint32_t find_at(std::uint32_t hosts, std::string_view host, const RequestPath& path,
                        Match& match) const;

  std::vector<Route> routes_;
  std::vector<Node> nodes_;
  std::vector<Leaf> leaves_;
  internal::Edges edges_;
  bool names_hosts_ = false;  // some route is for some hosts alone
};

// The resource of a match, as text that lasts as long as this.
class ResourceName {
 public:
  // False when what the path holds makes no name of it. REQUIRES: the route has a resource.
  [[nodiscard]] bool write(const RouteTable::Match& match);
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  bool append(std::string_view text);

  std::array<char, policy::entity_characters_max> text_;
  std::size_t size_ = 0;
};

}  // namespace agentauth
