#include "app/since.h"

#include <charconv>

namespace agentauth::app {

std::optional<Timestamp> parse_since(std::string_view text, Timestamp now) {
  if (const auto time = parse_rfc3339(text)) return time;
  int count = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || unit + 1 != end || count < 1 || count > 10'000) return std::nullopt;
  if (*unit == 'd') return now - std::chrono::days(count);
  if (*unit == 'h') return now - std::chrono::hours(count);
  return std::nullopt;
}

}  // namespace agentauth::app
