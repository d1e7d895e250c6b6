#include "gateway/request_path.h"

#include <algorithm>

#include "base/encoding.h"

namespace agentauth {
namespace {

using enum GatewayReason;

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_escape(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// RFC 3986 3.3: what a segment may hold without an escape; of `;` see path_parameters.
constexpr std::array<bool, 256> plain_characters = [] {
  std::array<bool, 256> plain{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-._~!$&'()*+,=:@"))
    plain[static_cast<unsigned char>(c)] = true;
  return plain;
}();

// What a byte that stands for itself is refused for, if it is.
GatewayReason fault_of(char c) {
  if (is_control(c) || c == ' ') return path_control_character;
  if (c == '\\') return path_backslash;
  if (c == ';') return path_parameters;
  if (c == '#') return path_fragment;
  return path_character;
}

// The query decides nothing, but one that is cut off elsewhere by someone else does.
std::optional<GatewayReason> check_query(std::string_view query) {
  for (const char c : query) {
    if (is_control(c) || c == ' ') return path_control_character;
    if (c == '#') return path_fragment;
  }
  return std::nullopt;
}

}  // namespace

bool is_dot_segment(std::string_view segment) {
  return segment.find_first_not_of(". ") == segment.npos;
}

std::string RequestPath::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < std::min(depth_, route_segments_max); ++i)
    text.append("/").append(segments_[i]);
  if (depth_ == 0) text = "/";
  if (depth_ > route_segments_max) text += "/…";
  return text;
}

std::optional<GatewayReason> RequestPath::read(std::string_view target) {
  size_ = segment_begin_ = depth_ = 0;
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  if (path.size() > request_path_bytes_max) return path_too_long;
  // An absolute form, an authority or "*" is for proxies, and an application never sees it.
  if (!path.starts_with('/')) return not_a_path;
  if (const auto fault = check_query(target.substr(question))) return fault;
  return decode(path.substr(1));
}

std::optional<GatewayReason> RequestPath::decode(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '/') {
      if (const auto fault = end_segment()) return fault;
    } else if (c == '%') {
      if (const auto fault = decode_escape(path, i)) return fault;
      i += 2;
    } else if (plain_characters[static_cast<unsigned char>(c)]) {
      text_[size_++] = c;
    } else {
      return fault_of(c);
    }
  }
  // Nothing behind the last slash: the root, or a slash at the end.
  return size_ == segment_begin_ ? std::nullopt : end_segment();
}

std::optional<GatewayReason> RequestPath::decode_escape(std::string_view path, std::size_t at) {
  if (!is_escape(path, at)) return path_broken_escape;
  const char c = static_cast<char>(hex_digit(path[at + 1]) * 16 + hex_digit(path[at + 2]));
  if (is_control(c)) return path_control_character;
  if (c == '/') return path_encoded_slash;
  if (c == '\\') return path_backslash;
  if (c == ';') return path_parameters;
  if (c == '?' || c == '#') return path_encoded_delimiter;
  text_[size_++] = c;
  return std::nullopt;
}

std::optional<GatewayReason> RequestPath::end_segment() {
  const std::string_view segment(text_.data() + segment_begin_, size_ - segment_begin_);
  segment_begin_ = size_;
  if (segment.empty()) return path_empty_segment;
  if (is_dot_segment(segment)) return path_dot_segment;
  // Looked for in what was decoded: %25%32%66 is %2f as well.
  for (std::size_t at = segment.find('%'); at != segment.npos; at = segment.find('%', at + 1))
    if (is_escape(segment, at)) return path_double_encoding;
  if (!is_utf8(segment)) return path_not_utf8;
  if (depth_ < route_segments_max) segments_[depth_] = segment;
  ++depth_;
  return std::nullopt;
}

}  // namespace agentauth
