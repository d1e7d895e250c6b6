// What a gateway asks about: the reading of a target and a host, and the route that decides.
//
// The input is a host, a line break, and a target.
#include <algorithm>
#include <string>

#include "base/encoding.h"
#include "gateway/request_host.h"
#include "gateway/request_path.h"
#include "gateway/route_table.h"
#include "tests/fuzz/fuzz.h"

namespace agentauth {
namespace {

const RouteTable& table() {
  static const RouteTable table = [] {
    const auto route = [](std::string path, std::string host, std::optional<std::string> resource) {
      return GatewayRoute{{"GET"}, std::move(host), std::move(path), "p", std::move(resource)};
    };
    return RouteTable::create(
               {{route("/", "*", {}), route("/admin/**", "*", {}), route("/a/{x}", "*", "x:{x}"),
                 route("/{x}/b/{y}", "*", "x:{x}/{y}"), route("/a/b", "*.example.com", {}),
                 route("/**", "example.com", {})}})
        .value();
  }();
  return table;
}

// What was read, written as plainly as can be.
std::string spelled(const RequestPath& path) {
  std::string text;
  for (std::size_t i = 0; i < path.depth(); ++i) {
    text += '/';
    for (const char c : path.segment(i)) {
      const auto byte = static_cast<std::uint8_t>(c);
      text += '%' + hex_encode({&byte, 1});
    }
  }
  return text.empty() ? "/" : text;
}

void check_segments(const RequestPath& path, std::string_view target) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < std::min(path.depth(), route_segments_max); ++i) {
    const std::string_view segment = path.segment(i);
    bytes += segment.size();
    MUST(!segment.empty() && is_utf8(segment));
    MUST(segment.find_first_not_of(". ") != segment.npos);
    MUST(segment.find_first_of("/\\;?#") == segment.npos);
    MUST(std::none_of(segment.begin(), segment.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
    // Decoded once more it is the same, or no text at all.
    const auto again = percent_decode(segment);
    MUST(!again || *again == segment);
  }
  MUST(bytes < target.size());
}

void check_again(const RequestPath& path) {
  if (path.depth() > route_segments_max) return;
  const std::string text = spelled(path);
  if (text.size() + 1 > request_path_bytes_max) return;
  RequestPath again;
  MUST(!again.read(text + "/?a=/../b") || path.depth() == 0);
  MUST(!again.read(text));
  MUST(again.depth() == path.depth());
  for (std::size_t i = 0; i < path.depth(); ++i) MUST(again.segment(i) == path.segment(i));
}

FUZZ(std::string_view input) {
  std::string_view target = input;
  const std::string_view host_text = fuzz::take_until(target, '\n');
  RequestHost host;
  if (host.read(host_text)) {
    MUST(is_plain_host(host.text()) && host.text().size() <= host_bytes_max);
    MUST(host.text().find_first_of(",@/ %") == std::string_view::npos);
  }
  RequestPath path;
  if (path.read(target)) return;
  MUST(target.starts_with('/'));
  check_segments(path, target);
  check_again(path);

  const auto match = table().match({"GET", host.text(), path});
  if (match.route == nullptr) return;
  MUST(!host.text().empty());
  MUST(match.capture_count <= path.depth());
  ResourceName resource;
  if (match.route->resource.parts.empty() || !resource.write(match)) return;
  MUST(policy::parse_entity(resource.text()));
  MUST(!resource.text().ends_with('*'));
}

}  // namespace
}  // namespace agentauth
