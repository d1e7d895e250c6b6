// What a request that a gateway asks about needs, as it is configured: over the API, in the
// database.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "model/permission.h"

namespace agentauth {

inline constexpr std::int64_t gateway_routes_max = 1000;
inline constexpr std::int64_t route_path_characters_max = 512;
inline constexpr std::string_view any_method = "*";
inline constexpr std::string_view any_host = "*";

// A token of capital letters: backends that take "get" for GET must not find another route.
bool is_request_method(std::string_view text);
bool is_method_pattern(std::string_view text);
// "*", "*.example.com" or a host in its one spelling.
bool is_host_pattern(std::string_view text);

struct GatewayRoute {
  std::vector<std::string> methods;
  std::string host;
  std::string path;
  std::optional<std::string> permission;  // nullopt: open to everybody
  std::optional<std::string> resource;

  static constexpr auto fields() {
    return std::array{
        field<&GatewayRoute::methods>({.name = "methods",
                                       .max = 16,
                                       .valid = is_method_pattern,
                                       .rule = "must be capital letters, such as GET, or *",
                                       .example = "GET",
                                       .about = "Exactly these; HEAD is not GET"}),
        field<&GatewayRoute::host>(
            {.name = "host",
             .valid = is_host_pattern,
             .rule = "must be * for all, *.example.com for all below, or a host in lower case "
                     "without a port",
             .example = "*"}),
        field<&GatewayRoute::path>(
            {.name = "path",
             .max = route_path_characters_max,
             .example = "/projects/{id}/weather",
             .about = "{name} is one segment, /** at the end the rest; without escapes"}),
        field<&GatewayRoute::permission>({.name = "permission",
                                          .max = permission_characters_max,
                                          .valid = is_concrete_permission,
                                          .rule = "must be a permission without *",
                                          .stated = true,
                                          .example = "read_weather",
                                          .about = "null: open to everybody"}),
        field<&GatewayRoute::resource>({.name = "resource",
                                        .max = 512,
                                        .example = "project:{id}",
                                        .about = "type:id, in which {name} is what the path has "
                                                 "there; what the permission is needed on"}),
    };
  }
};

// All there are. What none of them names is denied.
struct GatewayRouteSet {
  std::vector<GatewayRoute> routes;

  static constexpr auto fields() {
    return std::array{field<&GatewayRouteSet::routes>({.name = "routes",
                                                       .min = 0,
                                                       .max = gateway_routes_max,
                                                       .about = "The most specific one decides"})};
  }
};

}  // namespace agentauth
