#include "app/network.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>

namespace agentauth::app {
namespace {

constexpr std::size_t mapped_bytes = 12;
constexpr unsigned mapped_bits = 96;
constexpr std::array<std::uint8_t, mapped_bytes> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const IpAddress& address) {
  return std::equal(mapped.begin(), mapped.end(), address.begin());
}

// The bits of byte `index` that belong to the prefix.
std::uint8_t mask(unsigned prefix, unsigned index) {
  const unsigned before = index * 8;
  if (prefix >= before + 8) return 0xff;
  if (prefix <= before) return 0;
  return static_cast<std::uint8_t>(0xff00U >> (prefix - before));
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned most) {
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || bits > most)
    return std::nullopt;
  return bits;
}

}  // namespace

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != text.size() || terminated.find('\0') != std::string::npos)
    return std::nullopt;
  IpAddress address{};
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  std::copy(mapped.begin(), mapped.end(), address.begin());
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + mapped_bytes) == 1) return address;
  return std::nullopt;
}

Result<std::string> resolve_host(const std::string& host) {
  if (parse_ip_address(host)) return host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  std::array<char, NI_MAXHOST> text{};
  int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error == 0) {
    error = ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST);
    ::freeaddrinfo(found);
  }
  if (error == 0) return std::string(text.data());
  return failure(Errc::invalid_argument,
                 "--listen: the address of " + host + " cannot be found: " + ::gai_strerror(error));
}

bool is_loopback(const IpAddress& address) {
  if (is_mapped(address)) return address[mapped_bytes] == 127;
  constexpr IpAddress ipv6_loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address == ipv6_loopback;
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network{*address, 128};
  if (slash != std::string_view::npos) {
    const bool is_ipv4 = text.substr(0, slash).find(':') == std::string_view::npos;
    const auto prefix = parse_prefix(text.substr(slash + 1), is_ipv4 ? 32 : 128);
    if (!prefix) return std::nullopt;
    network.prefix = static_cast<std::uint8_t>(*prefix + (is_ipv4 ? mapped_bits : 0));
  }
  for (unsigned i = 0; i < network.address.size(); ++i)
    network.address[i] = static_cast<std::uint8_t>(network.address[i] & mask(network.prefix, i));
  return network;
}

bool Network::contains(const IpAddress& candidate) const {
  for (unsigned i = 0; i < address.size(); ++i)
    if ((candidate[i] & mask(prefix, i)) != address[i]) return false;
  return true;
}

std::string Network::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_ipv4 = prefix >= mapped_bits && is_mapped(address);
  inet_ntop(is_ipv4 ? AF_INET : AF_INET6, address.data() + (is_ipv4 ? mapped_bytes : 0),
            text.data(), static_cast<socklen_t>(text.size()));
  return std::string(text.data()) + '/' + std::to_string(prefix - (is_ipv4 ? mapped_bits : 0));
}

}  // namespace agentauth::app
