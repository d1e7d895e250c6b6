#include "http/internal/head_scan.h"

#include <cstring>

namespace agentauth::http::internal {
namespace {

// Nothing but a last CR may be left of a line once its LF is cut off, and no NUL anywhere.
bool is_clean(std::string_view line) {
  const void* first_return = std::memchr(line.data(), '\r', line.size());
  return first_return == line.data() + line.size() - 1 &&
         std::memchr(line.data(), '\0', line.size()) == nullptr;
}

}  // namespace

HeadScan scan_head(std::string_view bytes) {
  std::size_t start = 0;
  for (;;) {
    const void* feed = std::memchr(bytes.data() + start, '\n', bytes.size() - start);
    if (feed == nullptr) return {HeadVerdict::incomplete, 0};
    const auto end = static_cast<std::size_t>(static_cast<const char*>(feed) - bytes.data());
    const std::string_view line = bytes.substr(start, end - start);
    if (line.empty() || !is_clean(line)) return {HeadVerdict::refused, 0};
    if (line.size() == 1) return {HeadVerdict::complete, end + 1};
    const bool folded = start != 0 && (line[0] == ' ' || line[0] == '\t');
    if (folded) return {HeadVerdict::refused, 0};
    start = end + 1;
  }
}

}  // namespace agentauth::http::internal
