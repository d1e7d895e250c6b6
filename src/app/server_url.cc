#include "app/server_url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/network.h"

namespace agentauth::app {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
  });
}

// "host", "host:port" or "[address]:port"; anything else, credentials included, is refused.
bool parse_authority(std::string_view text, ServerUrl& url) {
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    url.host = text.substr(1, close - 1);
    if (url.host.find(':') == std::string::npos || !parse_ip_address(url.host)) return false;
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    if (!is_host(url.host)) return false;
    rest = text.substr(colon);
  }
  if (rest.empty()) return true;
  url.port = rest.substr(1);
  return rest.front() == ':' && is_port(url.port);
}

}  // namespace

std::optional<ServerUrl> ServerUrl::parse(std::string_view text) {
  ServerUrl url;
  if (text.starts_with("https://")) {
    url.is_https = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  url.port = url.is_https ? "443" : "80";
  if (!parse_authority(text.substr(0, slash), url)) return std::nullopt;
  url.base_path = text.substr(slash);
  while (!url.base_path.empty() && url.base_path.back() == '/') url.base_path.pop_back();
  const bool is_plain = std::all_of(url.base_path.begin(), url.base_path.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '?' && c != '#';
  });
  if (!is_plain) return std::nullopt;
  return url;
}

std::string ServerUrl::authority() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  std::string text = is_ipv6 ? '[' + host + ']' : host;
  if (port != (is_https ? "443" : "80")) text += ':' + port;
  return text;
}

bool is_server_url(std::string_view text) { return ServerUrl::parse(text).has_value(); }

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_alphanumeric(c) || std::string_view("-._~:").find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

}  // namespace agentauth::app
