// Network addresses and ranges as people write them: 10.0.0.0/8, 2001:db8::/32, 127.0.0.1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agentauth {

// Sixteen bytes in network order; IPv4 stands as ::ffff:a.b.c.d, so both families compare alike.
using IpAddress = std::array<std::uint8_t, 16>;

std::optional<IpAddress> parse_ip_address(std::string_view text);
// One spelling for each address (RFC 5952); a mapped one as the IPv4 address it is.
std::string format_ip_address(const IpAddress& address);
bool is_loopback(const IpAddress& address);

struct Network {
  IpAddress address{};        // bits past the prefix are zero
  std::uint8_t prefix = 128;  // of the sixteen bytes: 10.0.0.0/8 has 104

  // A CIDR range, or one address without a prefix.
  // Bits past the prefix are cut off.
  static std::optional<Network> parse(std::string_view text);
  // The same, but nothing when there are bits past the prefix: 10.1.2.3/8 is a slip that would let
  // in more than was meant.
  static std::optional<Network> parse_exact(std::string_view text);
  // A range of IPv6 holds no IPv4 address, mapped or not: ::/0 is all of IPv6 and nothing else.
  bool contains(const IpAddress& candidate) const;
  bool contains(const Network& range) const;
  std::string to_string() const;

  bool operator==(const Network&) const = default;
};

}  // namespace agentauth
