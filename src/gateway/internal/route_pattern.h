// A route's path and its resource, taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace agentauth::internal {

// Views of the pattern's text.
struct PathPattern {
  struct Segment {
    enum class Kind : std::uint8_t { literal, capture, rest };
    Kind kind = Kind::literal;
    std::string_view text;  // the literal, or the capture's name
  };
  std::vector<Segment> segments;  // the root has none
};

// Errors, here and below: invalid_argument, with a message that goes on from the field's name.
Result<PathPattern> parse_path_pattern(std::string_view text);

// "project:{id}" as texts and captures by turns.
struct ResourceTemplate {
  struct Part {
    std::string text;
    int capture = -1;  // behind the text: which one in the path; -1: none
  };
  std::vector<Part> parts;  // none: the route names no resource
  std::size_t type_characters = 0;
};

Result<ResourceTemplate> parse_resource_template(std::string_view text, const PathPattern& path);

}  // namespace agentauth::internal
