#include "http/client_address.h"

#include <algorithm>

namespace agentauth::http {
namespace {

// "[2001:db8::1]:65535" with room to spare.
constexpr std::size_t entry_bytes_max = 64;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// An address as proxies write it: plain, in brackets, or with the port behind it.
std::optional<IpAddress> parse_entry(std::string_view entry) {
  if (entry.size() > entry_bytes_max) return std::nullopt;
  if (entry.starts_with('[')) {
    const std::size_t close = entry.find(']');
    if (close == entry.npos) return std::nullopt;
    const std::string_view behind = entry.substr(close + 1);
    const std::string_view inside = entry.substr(1, close - 1);
    const bool is_ipv6 = inside.find(':') != inside.npos;
    if (!is_ipv6 || !(behind.empty() || (behind.front() == ':' && is_port(behind.substr(1)))))
      return std::nullopt;
    return parse_ip_address(inside);
  }
  const std::size_t colon = entry.find(':');
  const bool has_port = colon != entry.npos && entry.find(':', colon + 1) == entry.npos;
  if (has_port && !is_port(entry.substr(colon + 1))) return std::nullopt;
  return parse_ip_address(has_port ? entry.substr(0, colon) : entry);
}

// Takes the last entry of a list; empty when there is none left. RFC 9110 5.6.1.2: empty ones do
// not count.
std::string_view take_last(std::string_view& list) {
  while (!list.empty()) {
    const std::size_t comma = list.rfind(',');
    const std::string_view entry = trimmed(comma == list.npos ? list : list.substr(comma + 1));
    list = comma == list.npos ? std::string_view() : list.substr(0, comma);
    if (!entry.empty()) return entry;
  }
  return {};
}

bool holds(std::span<const Network> networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
}

}  // namespace

IpAddress client_address(const Request& request, std::span<const Network> trusted) {
  IpAddress client = request.peer;
  if (!holds(trusted, client)) return client;
  std::size_t hops = 0;
  const auto headers = request.headers();
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (!equal_ignoring_case(header->name, "X-Forwarded-For")) continue;
    std::string_view list = header->value;
    for (auto entry = take_last(list); !entry.empty(); entry = take_last(list)) {
      const auto address = parse_entry(entry);
      if (!address || ++hops > proxy_hops_max) return client;
      client = *address;
      if (!holds(trusted, client)) return client;
    }
  }
  return client;
}

}  // namespace agentauth::http
