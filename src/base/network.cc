#include "base/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace agentauth {
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
  // One spelling for each: others read a leading zero as octal.
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || bits > most)
    return std::nullopt;
  return bits;
}

}  // namespace

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  // On the stack: conditions of grants read addresses in every decision.
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  IpAddress address{};
  if (inet_pton(AF_INET6, terminated.data(), address.data()) == 1) return address;
  std::copy(mapped.begin(), mapped.end(), address.begin());
  if (inet_pton(AF_INET, terminated.data(), address.data() + mapped_bytes) == 1) return address;
  return std::nullopt;
}

std::string format_ip_address(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!is_mapped(address)) {
    inet_ntop(AF_INET6, address.data(), text.data(), static_cast<socklen_t>(text.size()));
    return text.data();
  }
  // inet_ntop() would take printf() to it, at every login.
  char* end = text.data();
  for (std::size_t i = mapped_bytes; i < address.size(); ++i) {
    if (i > mapped_bytes) *end++ = '.';
    end = std::to_chars(end, text.end(), address[i]).ptr;
  }
  return {text.data(), end};
}

bool is_loopback(const IpAddress& address) {
  if (is_mapped(address)) return address[mapped_bytes] == 127;
  constexpr IpAddress ipv6_loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address == ipv6_loopback;
}

namespace {

// Bits past the prefix still in place.
std::optional<Network> parse_whole(std::string_view text) {
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
  return network;
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
  auto network = parse_whole(text);
  if (!network) return std::nullopt;
  for (unsigned i = 0; i < network->address.size(); ++i)
    network->address[i] = static_cast<std::uint8_t>(network->address[i] & mask(network->prefix, i));
  return network;
}

std::optional<Network> Network::parse_exact(std::string_view text) {
  const auto whole = parse_whole(text);
  const auto cut = parse(text);
  return whole == cut ? cut : std::nullopt;
}

bool Network::contains(const IpAddress& candidate) const {
  if (prefix < mapped_bits && is_mapped(candidate)) return false;
  for (unsigned i = 0; i < address.size(); ++i)
    if ((candidate[i] & mask(prefix, i)) != address[i]) return false;
  return true;
}

bool Network::contains(const Network& range) const {
  return prefix <= range.prefix && contains(range.address);
}

std::string Network::to_string() const {
  const bool is_ipv4 = prefix >= mapped_bits && is_mapped(address);
  return format_ip_address(address) + '/' + std::to_string(prefix - (is_ipv4 ? mapped_bits : 0));
}

}  // namespace agentauth
