#include "model/permission.h"

#include <algorithm>

namespace agentauth {
namespace {

bool is_segment_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

// Words with a slash between them: what protocols call their methods, `tools/call`.
bool is_segment(std::string_view text) {
  return !text.empty() && text.size() <= 64 && !text.starts_with('/') && !text.ends_with('/') &&
         text.find("//") == text.npos && std::all_of(text.begin(), text.end(), [](char c) {
           return c == '/' || is_segment_character(c);
         });
}

enum class Wildcard { refused, allowed };

bool matches_grammar(std::string_view text, Wildcard wildcard) {
  if (text.size() > permission_characters_max) return false;
  for (std::size_t segments = 1; segments <= permission_segments_max; ++segments) {
    const std::size_t colon = text.find(':');
    const bool last = colon == std::string_view::npos;
    const std::string_view segment = text.substr(0, colon);
    if (last) return is_segment(segment) || (wildcard == Wildcard::allowed && segment == "*");
    if (!is_segment(segment)) return false;
    text.remove_prefix(colon + 1);
  }
  return false;
}

}  // namespace

bool is_permission(std::string_view text) { return matches_grammar(text, Wildcard::allowed); }

bool is_concrete_permission(std::string_view text) {
  return matches_grammar(text, Wildcard::refused);
}

}  // namespace agentauth
