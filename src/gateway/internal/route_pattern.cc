#include "gateway/internal/route_pattern.h"

#include <algorithm>

#include "gateway/request_path.h"
#include "policy/names.h"

namespace agentauth::internal {
namespace {

using Segment = PathPattern::Segment;

constexpr std::string_view rest_segment = "**";
constexpr std::size_t capture_characters_max = 32;

auto wrong(std::string_view message) { return failure(Errc::invalid_argument, message); }

bool is_capture_name(std::string_view text) {
  return !text.empty() && text.size() <= capture_characters_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

bool is_capture(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}' &&
         is_capture_name(segment.substr(1, segment.size() - 2));
}

Result<Segment> parse_segment(std::string_view text, bool last) {
  if (text == rest_segment) {
    if (!last) return wrong("may have /** at its end alone");
    return Segment{Segment::Kind::rest, text};
  }
  if (is_capture(text)) return Segment{Segment::Kind::capture, text.substr(1, text.size() - 2)};
  if (text.empty())
    return wrong(last ? "ends with a slash: without it, it stands for both"
                      : "has two slashes in a row");
  if (is_dot_segment(text)) return wrong("has a segment of dots, which no request may have");
  if (text.find_first_of("{}*") != text.npos)
    return wrong("may have {name} and ** as whole segments alone");
  if (text.find_first_of("%\\;?#") != text.npos)
    return wrong("is written as it reads: without escapes, and without \\ ; ? and #");
  return Segment{Segment::Kind::literal, text};
}

int place_of(std::string_view name, const PathPattern& path) {
  int place = 0;
  for (const Segment& segment : path.segments) {
    if (segment.kind != Segment::Kind::capture) continue;
    if (segment.text == name) return place;
    ++place;
  }
  return -1;
}

}  // namespace

Result<PathPattern> parse_path_pattern(std::string_view text) {
  if (!text.starts_with('/')) return wrong("must begin with a slash");
  PathPattern pattern;
  text.remove_prefix(1);
  bool last = text.empty();
  while (!last) {
    const std::size_t slash = text.find('/');
    last = slash == text.npos;
    const Segment segment = TRY(parse_segment(text.substr(0, slash), last));
    if (segment.kind == Segment::Kind::capture && place_of(segment.text, pattern) >= 0)
      return wrong("names a capture twice: " + std::string(segment.text));
    pattern.segments.push_back(segment);
    if (pattern.segments.size() > route_segments_max)
      return wrong("has more than " + std::to_string(route_segments_max) + " segments");
    if (!last) text.remove_prefix(slash + 1);
  }
  return pattern;
}

Result<ResourceTemplate> parse_resource_template(std::string_view text, const PathPattern& path) {
  ResourceTemplate resource;
  const std::size_t colon = text.find(':');
  if (colon == text.npos || !policy::is_type(text.substr(0, colon)))
    return wrong("must be type:id, and the type letters, digits, '_', '.' or '-'");
  resource.type_characters = colon;
  std::string sample;  // with the shortest names there are
  for (;;) {
    const std::size_t open = std::min(text.find_first_of("{}"), text.size());
    ResourceTemplate::Part part{std::string(text.substr(0, open))};
    // "a-b" and "c" would be the same resource as "a" and "b-c". A slash is in no segment.
    if (!resource.parts.empty() && open < text.size() && part.text.find('/') == part.text.npos)
      return wrong("needs a slash between two captures, so that they cannot run into each other");
    sample += part.text;
    if (open < text.size()) {
      const std::size_t close = std::min(text.find('}', open), text.size());
      const std::string_view name = text.substr(open + 1, close - open - 1);
      if (text[open] == '}' || close == text.size() || !is_capture_name(name))
        return wrong("has a brace that is not part of a {name}");
      part.capture = place_of(name, path);
      if (part.capture < 0)
        return wrong("names a capture that the path does not have: " + std::string(name));
      sample += 'x';
      text.remove_prefix(close + 1);
    } else {
      text = {};
    }
    resource.parts.push_back(std::move(part));
    if (text.empty()) break;
  }
  const auto name = policy::parse_entity(sample);
  if (!name || name->id.ends_with('*'))
    return wrong("must be type:id, and the id 1 to 256 bytes that do not end with *");
  return resource;
}

}  // namespace agentauth::internal
