#include "app/since.h"

#include <charconv>
#include <cstdint>

namespace agentauth::app {
namespace {

// 30d or 12h.
std::optional<std::chrono::seconds> parse_stretch(std::string_view text) {
  int count = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || unit + 1 != end || count < 1 || count > 10'000) return std::nullopt;
  if (*unit == 'd') return std::chrono::days(count);
  if (*unit == 'h') return std::chrono::hours(count);
  return std::nullopt;
}

}  // namespace

std::optional<Timestamp> parse_since(std::string_view text, Timestamp now) {
  if (const auto time = parse_rfc3339(text)) return time;
  const auto stretch = parse_stretch(text);
  if (!stretch) return std::nullopt;
  return now - *stretch;
}

std::optional<std::chrono::seconds> parse_lifetime(std::string_view text) {
  auto found = parse_stretch(text);
  if (!found) {
    std::int64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    if (error == std::errc() && rest == end) found = std::chrono::seconds(count);
  }
  constexpr std::chrono::seconds most = std::chrono::days(3650);
  if (!found || found->count() < 1 || *found > most) return std::nullopt;
  return found;
}

}  // namespace agentauth::app
