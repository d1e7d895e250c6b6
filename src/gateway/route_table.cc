#include "gateway/route_table.h"

#include <algorithm>

namespace agentauth {
namespace {

using internal::Edges;
using Kind = internal::PathPattern::Segment::Kind;

constexpr std::uint32_t none = Edges::none;
// Stand for the nodes whose edges are hosts.
constexpr std::uint32_t exact_hosts = none - 1;
constexpr std::uint32_t host_suffixes = none - 2;
constexpr std::uint32_t all_hosts = none - 3;

// How many nodes of one host's paths a request may have to look at.
constexpr std::size_t comparisons_max = 256;

}  // namespace

// Collects what is wrong, so that one answer names all of it.
class RouteTable::Builder {
 public:
  Result<RouteTable> build(const GatewayRouteSet& set) {
    if (static_cast<std::int64_t>(set.routes.size()) > gateway_routes_max)
      wrong("routes", "are more than " + std::to_string(gateway_routes_max));
    for (std::size_t i = 0; i < set.routes.size(); ++i) add(i, set.routes[i]);
    for (const auto& [root, host] : roots_)
      if (comparisons(root) > comparisons_max)
        wrong("routes", "overlap too much at host " + host + ": a request could need more than " +
                            std::to_string(comparisons_max) + " comparisons");
    if (errors_.empty()) return std::move(table_);
    Error error{Errc::invalid_argument, "A field is missing or invalid"};
    error.fields = std::move(errors_);
    return tl::unexpected(std::move(error));
  }

 private:
  void wrong(std::string field, std::string message) {
    errors_.push_back({std::move(field), std::move(message)});
  }

  void add(std::size_t index, const GatewayRoute& route) {
    const std::string place = "routes[" + std::to_string(index) + "].";
    const std::size_t errors = errors_.size();
    if (route.methods.size() > 1 &&
        std::find(route.methods.begin(), route.methods.end(), any_method) != route.methods.end())
      wrong(place + "methods", "names * and more");
    if (!route.permission && route.resource)
      wrong(place + "resource", "is nothing to a route that is open to everybody");
    const auto path = internal::parse_path_pattern(route.path);
    if (!path) return wrong(place + "path", path.error().message);
    Route compiled{route.permission, {}};
    if (route.resource) {
      auto resource = internal::parse_resource_template(*route.resource, *path);
      if (!resource) return wrong(place + "resource", resource.error().message);
      compiled.resource = *std::move(resource);
    }
    if (errors != errors_.size()) return;
    table_.routes_.push_back(std::move(compiled));
    indices_.push_back(index);
    add_methods(place, route.methods, leaf_of(route.host, *path));
  }

  void add_methods(const std::string& place, const std::vector<std::string>& methods, Leaf& leaf) {
    const auto number = static_cast<std::uint32_t>(table_.routes_.size() - 1);
    for (const std::string& method : methods) {
      const auto same = std::find_if(leaf.by_method.begin(), leaf.by_method.end(),
                                     [&](const auto& listed) { return listed.first == method; });
      if (same != leaf.by_method.end())
        wrong(place + "path", "is listed for " + method + " by routes[" +
                                  std::to_string(indices_[same->second]) + "] too");
      else
        leaf.by_method.emplace_back(method, number);
    }
  }

  std::uint32_t new_node() {
    table_.nodes_.emplace_back();
    literals_.emplace_back();
    return static_cast<std::uint32_t>(table_.nodes_.size() - 1);
  }

  std::uint32_t step(std::uint32_t from, std::string_view text) {
    if (const std::uint32_t known = table_.edges_.find(from, text); known != none) return known;
    const std::uint32_t node = new_node();
    table_.edges_.add(from, text, node);
    if (from < literals_.size()) literals_[from].push_back(node);
    return node;
  }

  std::uint32_t root_of(std::string_view host) {
    std::uint32_t hosts = exact_hosts;
    std::string_view text = host;
    if (host == any_host) {
      hosts = all_hosts;
    } else if (host.starts_with("*.")) {
      hosts = host_suffixes;
      text.remove_prefix(2);
    }
    if (hosts != all_hosts) table_.names_hosts_ = true;
    const std::size_t nodes = table_.nodes_.size();
    const std::uint32_t root = step(hosts, text);
    if (table_.nodes_.size() > nodes) roots_.emplace_back(root, std::string(host));
    return root;
  }

  Leaf& leaf_of(std::string_view host, const internal::PathPattern& path) {
    std::uint32_t node = root_of(host);
    bool has_rest = false;
    for (const auto& segment : path.segments) {
      if (segment.kind == Kind::literal) {
        node = step(node, segment.text);
      } else if (segment.kind == Kind::capture) {
        // new_node() may move the nodes.
        if (table_.nodes_[node].capture == none) {
          const std::uint32_t capture = new_node();
          table_.nodes_[node].capture = capture;
        }
        node = table_.nodes_[node].capture;
      } else {
        has_rest = true;
      }
    }
    std::uint32_t& leaf = has_rest ? table_.nodes_[node].rest : table_.nodes_[node].end;
    if (leaf == none) {
      leaf = static_cast<std::uint32_t>(table_.leaves_.size());
      table_.leaves_.emplace_back();
    }
    return table_.leaves_[leaf];
  }

  // Of the worst request there is: in each node it goes by the costliest literal and, should that
  // lead nowhere, by the capture.
  std::size_t comparisons(std::uint32_t node) const {
    std::size_t literal = 0;
    for (const std::uint32_t next : literals_[node]) literal = std::max(literal, comparisons(next));
    const std::uint32_t capture = table_.nodes_[node].capture;
    return 1 + literal + (capture == none ? 0 : comparisons(capture));
  }

  RouteTable table_;
  std::vector<std::size_t> indices_;                  // of the routes in the set
  std::vector<std::vector<std::uint32_t>> literals_;  // by node
  std::vector<std::pair<std::uint32_t, std::string>> roots_;
  std::vector<FieldError> errors_;
};

RouteTable::RouteTable() = default;

Result<RouteTable> RouteTable::create(const GatewayRouteSet& set) { return Builder().build(set); }

RouteTable::Match RouteTable::match(const RoutedRequest& request) const {
  Match match;
  // Without its host the request could be one that a less specific route is not meant for.
  if (names_hosts_ && request.host.empty()) {
    match.refused = GatewayReason::bad_host;
    return match;
  }
  const std::uint32_t leaf = find_leaf(request, match);
  if (leaf == none) return match;
  match.refused = GatewayReason::unlisted_method;
  for (const auto& [method, number] : leaves_[leaf].by_method) {
    if (method == request.method) {
      match.route = &routes_[number];
      return match;
    }
    if (method == any_method) match.route = &routes_[number];
  }
  return match;
}

std::uint32_t RouteTable::find_leaf(const RoutedRequest& request, Match& match) const {
  std::uint32_t leaf = none;
  std::string_view host = request.host;
  if (names_hosts_) {
    leaf = find_at(exact_hosts, host, request.path, match);
    while (leaf == none) {
      const std::size_t dot = host.find('.');
      if (dot == host.npos) break;
      host.remove_prefix(dot + 1);
      leaf = find_at(host_suffixes, host, request.path, match);
    }
  }
  return leaf != none ? leaf : find_at(all_hosts, any_host, request.path, match);
}

std::uint32_t RouteTable::find_at(std::uint32_t hosts, std::string_view host,
                                  const RequestPath& path, Match& match) const {
  const std::uint32_t root = edges_.find(hosts, host);
  if (root == none) return none;
  match.capture_count = 0;
  return find_leaf(root, 0, path, match);
}

std::uint32_t RouteTable::find_leaf(std::uint32_t number, std::size_t depth,
                                    const RequestPath& path, Match& match) const {
  const Node& node = nodes_[number];
  if (depth == path.depth()) return node.end != none ? node.end : node.rest;
  // No route has more segments, so that only /** is left.
  if (depth == route_segments_max) return node.rest;
  const std::string_view segment = path.segment(depth);
  if (const std::uint32_t next = edges_.find(number, segment); next != none) {
    const std::uint32_t leaf = find_leaf(next, depth + 1, path, match);
    if (leaf != none) return leaf;
  }
  if (node.capture != none) {
    const std::size_t count = match.capture_count;
    match.captures[match.capture_count++] = segment;
    const std::uint32_t leaf = find_leaf(node.capture, depth + 1, path, match);
    if (leaf != none) return leaf;
    match.capture_count = count;
  }
  return node.rest;
}

bool ResourceName::append(std::string_view text) {
  if (text.size() > text_.size() - size_) return false;
  std::copy(text.begin(), text.end(), text_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += text.size();
  return true;
}

bool ResourceName::write(const RouteTable::Match& match) {
  const internal::ResourceTemplate& resource = match.route->resource;
  size_ = 0;
  for (const auto& part : resource.parts) {
    if (!append(part.text)) return false;
    if (part.capture >= 0 && !append(match.captures[static_cast<std::size_t>(part.capture)]))
      return false;
  }
  const std::string_view id = text().substr(resource.type_characters + 1);
  // A grant's pattern ends like that, and nobody is to ask for a pattern.
  return policy::is_id(id) && !id.ends_with('*');
}

}  // namespace agentauth
