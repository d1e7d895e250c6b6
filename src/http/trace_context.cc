#include "http/trace_context.h"

#include <algorithm>

namespace agentauth::http {
namespace {

// "00-TRACE_ID-PARENT_ID-FLAGS"; in bytes, where each part begins.
constexpr std::size_t version_size = 2;
constexpr std::size_t trace_id_at = 3;
constexpr std::size_t trace_id_size = 32;
constexpr std::size_t parent_id_at = 36;
constexpr std::size_t parent_id_size = 16;
constexpr std::size_t flags_at = 53;
constexpr std::size_t flags_size = 2;
constexpr std::size_t size_of_version_00 = flags_at + flags_size;

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_lower_hex(text) && text.find_first_not_of('0') != text.npos;
}

// W3C Trace Context 3.2.4: a later version may go on behind the flags, after a dash.
bool ends_as_its_version_may(std::string_view text, std::string_view version) {
  return text.size() == size_of_version_00 || (version != "00" && text[size_of_version_00] == '-');
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
  if (text.size() < size_of_version_00) return std::nullopt;
  const auto version = text.substr(0, version_size);
  const TraceParent parent{text.substr(trace_id_at, trace_id_size),
                           text.substr(parent_id_at, parent_id_size)};
  const bool is_divided =
      text[trace_id_at - 1] == '-' && text[parent_id_at - 1] == '-' && text[flags_at - 1] == '-';
  // W3C Trace Context 3.2.2.1: version ff is invalid.
  const bool is_valid = is_divided && is_lower_hex(version) && version != "ff" &&
                        is_id(parent.trace_id) && is_id(parent.parent_id) &&
                        is_lower_hex(text.substr(flags_at, flags_size)) &&
                        ends_as_its_version_may(text, version);
  return is_valid ? std::optional(parent) : std::nullopt;
}

std::optional<TraceParent> trace_parent(const Request& request) {
  const auto sent = request.find("traceparent");
  if (!sent || request.count("traceparent") > 1) return std::nullopt;
  return parse_traceparent(*sent);
}

}  // namespace agentauth::http
