// The host of a request in one spelling: lower-case, without its port and the dot at its end.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace agentauth {

inline constexpr std::size_t host_bytes_max = 253;

class RequestHost {
 public:
  RequestHost() = default;
  RequestHost(const RequestHost&) = delete;
  RequestHost& operator=(const RequestHost&) = delete;

  // Takes what a Host header holds. False when that is no host; a list of hosts is none.
  [[nodiscard]] bool read(std::string_view host);

  // A name or an IPv4 address, or an IPv6 address in brackets. Empty when it is not known.
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, host_bytes_max> text_{};
  std::size_t size_ = 0;
};

// Whether it is a host in that spelling.
bool is_plain_host(std::string_view text);

}  // namespace agentauth
