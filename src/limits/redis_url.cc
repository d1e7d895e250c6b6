#include "limits/redis_url.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace agentauth {
namespace {

template <class Number>
bool parse_number(std::string_view text, Number min, Number max, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out >= min && out <= max;
}

bool parse_credentials(std::string_view text, RedisUrl& url) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  auto user = percent_decode(text.substr(0, colon));
  auto password = percent_decode(text.substr(colon + 1));
  if (!user || !password || password->empty()) return false;
  url.user = *std::move(user);
  url.password = *std::move(password);
  return true;
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == ':';
  });
}

bool parse_place(std::string_view text, RedisUrl& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    url.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!is_host(url.host)) return false;
  if (port.empty()) return true;
  return port.front() == ':' && parse_number<std::uint16_t>(port.substr(1), 1, 65535, url.port);
}

}  // namespace

std::optional<RedisUrl> RedisUrl::parse(std::string_view text) {
  static constexpr std::string_view plain = "redis://";
  static constexpr std::string_view tls = "rediss://";
  RedisUrl url;
  url.is_tls = text.starts_with(tls);
  if (!url.is_tls && !text.starts_with(plain)) return std::nullopt;
  text.remove_prefix(url.is_tls ? tls.size() : plain.size());
  // The last one: a password may hold others.
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!parse_credentials(text.substr(0, at), url)) return std::nullopt;
    text.remove_prefix(at + 1);
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  if (!parse_place(text.substr(0, slash), url)) return std::nullopt;
  const std::string_view path = text.substr(slash);
  if (path.size() > 1 && !parse_number(path.substr(1), 0, 1023, url.database)) return std::nullopt;
  return url;
}

bool is_redis_url(std::string_view text) { return RedisUrl::parse(text).has_value(); }

}  // namespace agentauth
