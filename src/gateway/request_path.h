// The path of a request as every reader of it must understand it, or a reason to refuse it.
//
// Gateways and what stands behind them decode, merge and resolve paths each in their own way. Where
// they could come to different paths there is no right answer, so there is none but "denied": what
// passes here has one reading. The query is cut off; a slash at the end does not count, since most
// servers answer /a/ as /a.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/reason.h"

namespace agentauth {

inline constexpr std::size_t request_path_bytes_max = 2048;
// Of a route; a request may have more.
inline constexpr std::size_t route_segments_max = 16;

// Whether it is "." or "..", or what some systems take for them: dots with blanks among them.
bool is_dot_segment(std::string_view segment);

class RequestPath {
 public:
  RequestPath() = default;
  RequestPath(const RequestPath&) = delete;  // the segments are views of the text
  RequestPath& operator=(const RequestPath&) = delete;

  // Takes a target as it was sent: "/a/b%20c?d=e". Returns why it is refused, or nothing.
  std::optional<GatewayReason> read(std::string_view target);

  // How many segments the path has; the root has none.
  std::size_t depth() const { return depth_; }
  // Decoded. Segments behind the first route_segments_max are checked and not kept.
  // REQUIRES: i < depth() and i < route_segments_max.
  std::string_view segment(std::size_t i) const { return segments_[i]; }
  // For people: those segments that were kept.
  std::string to_string() const;

 private:
  std::optional<GatewayReason> decode(std::string_view path);
  std::optional<GatewayReason> decode_escape(std::string_view path, std::size_t at);
  std::optional<GatewayReason> end_segment();

  std::array<char, request_path_bytes_max> text_;
  std::size_t size_ = 0;
  std::size_t segment_begin_ = 0;
  std::array<std::string_view, route_segments_max> segments_;
  std::size_t depth_ = 0;
};

}  // namespace agentauth
