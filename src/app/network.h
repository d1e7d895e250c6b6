// Network addresses and ranges as people write them: 10.0.0.0/8, 2001:db8::/32, 127.0.0.1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace agentauth::app {

// Sixteen bytes in network order; IPv4 stands as ::ffff:a.b.c.d, so both families compare alike.
using IpAddress = std::array<std::uint8_t, 16>;

std::optional<IpAddress> parse_ip_address(std::string_view text);
bool is_loopback(const IpAddress& address);

// The address of a host name, the first if it has several; an address as it is.
// Errors: invalid_argument, which names --listen.
Result<std::string> resolve_host(const std::string& host);

struct Network {
  IpAddress address{};        // bits past the prefix are zero
  std::uint8_t prefix = 128;  // of the sixteen bytes: 10.0.0.0/8 has 104

  // A CIDR range, or one address without a prefix.
  static std::optional<Network> parse(std::string_view text);
  bool contains(const IpAddress& candidate) const;
  std::string to_string() const;

  bool operator==(const Network&) const = default;
};

}  // namespace agentauth::app
