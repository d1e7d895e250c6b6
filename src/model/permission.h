// Permissions: strings of segments, and which of them cover which.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace agentauth {

inline constexpr std::size_t permission_characters_max = 128;
inline constexpr std::size_t permission_segments_max = 8;

// segment *( ":" segment ), a segment being 1 to 64 of A-Z a-z 0-9 _ . - and / between others of
// them, `tools/call`; the last one possibly `*`, which covers any number of further segments: `a:*`
// covers `a:b` and `a:b:c`, not `a`.
bool is_permission(std::string_view text);
// The same without `*`: what a route may ask for.
bool is_concrete_permission(std::string_view text);

// The grants that would allow `permission`: itself, then each pattern that covers it, from the
// longest to `*`. Calls visit(std::string_view) until it returns true; returns whether one did.
template <class Visit>
bool visit_covering(std::string_view permission, Visit&& visit) {
  if (visit(permission)) return true;
  std::array<char, permission_characters_max + 2> pattern{};
  std::string_view stem = permission;
  if (stem.ends_with(":*")) stem.remove_suffix(2);
  for (std::size_t colon = stem.rfind(':'); colon != std::string_view::npos;
       stem = stem.substr(0, colon), colon = stem.rfind(':')) {
    const std::size_t size = stem.copy(pattern.data(), colon + 1);
    pattern[size] = '*';
    if (visit(std::string_view(pattern.data(), size + 1))) return true;
  }
  return permission != "*" && visit(std::string_view("*"));
}

}  // namespace agentauth
