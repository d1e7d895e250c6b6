#include "app/option_values.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace agentauth::app {
namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> parse_flag(std::string_view text) {
  for (const std::string_view yes : {"true", "1", "yes", "on"})
    if (text == yes) return true;
  for (const std::string_view no : {"false", "0", "no", "off"})
    if (text == no) return false;
  return std::nullopt;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

// HOST:PORT; an IPv6 address stands in brackets (RFC 3986 3.2.2).
std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos || !parse_ip_address(host)) return std::nullopt;
  }
  if (!port || (!is_bracketed && !is_host_name(host))) return std::nullopt;
  return ListenAddress{std::string(host), *port};
}

std::optional<std::vector<Network>> parse_networks(const Option& option, std::string_view text) {
  std::vector<Network> networks;
  for (std::string_view part : split(text, ',')) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    const auto network = Network::parse(part);
    if (!network || static_cast<std::int64_t>(networks.size()) == option.max) return std::nullopt;
    networks.push_back(*network);
  }
  return networks;
}

bool within(const Option& option, std::int64_t number) {
  return number >= option.min && number <= option.max;
}

bool accept(const Option& option, std::string_view text, OptionValue& value) {
  value.text = text;
  switch (option.kind) {
    case OptionKind::integer:
    case OptionKind::seconds: {
      const auto number = parse_number<std::int64_t>(text);
      value.integer = number.value_or(0);
      return number && within(option, *number);
    }
    case OptionKind::flag: {
      const auto flag = parse_flag(text);
      value.flag = flag.value_or(false);
      return flag.has_value();
    }
    case OptionKind::choice: {
      const auto choices = split(option.choices, '|');
      const auto found = std::find(choices.begin(), choices.end(), text);
      value.integer = found - choices.begin();
      value.flag = parse_flag(text).value_or(false);
      return found != choices.end();
    }
    case OptionKind::address: {
      auto address = parse_listen_address(text);
      if (address) value.address = std::move(*address);
      return address.has_value();
    }
    case OptionKind::networks: {
      auto networks = parse_networks(option, text);
      if (networks) value.networks = std::move(*networks);
      return networks.has_value();
    }
    case OptionKind::path:
      return !text.empty() && text.find('\0') == std::string_view::npos;
    case OptionKind::text:
    case OptionKind::secret:
      return within(option, static_cast<std::int64_t>(text.size())) &&
             (!option.valid || option.valid(text));
  }
  return false;
}

}  // namespace

Result<OptionValue> parse_option(const Option& option, std::string_view text) {
  OptionValue value;
  if (accept(option, text, value)) return value;
  std::string message = accepted_values(option);
  if (!option.is_secret())
    message.append(", not \"").append(shown_value(option, text)).append("\"");
  return failure(Errc::invalid_argument, message);
}

std::string shown_value(const Option& option, std::string_view text) {
  if (option.is_secret()) return text.empty() ? "" : "***";
  return option.masks_password ? mask_url_password(text) : std::string(text);
}

std::string mask_url_password(std::string_view url) {
  std::string masked(url);
  const std::size_t scheme = masked.find("://");
  if (scheme != std::string::npos) {
    // Up to the last @: a password may hold one, or a slash, that nobody escaped.
    const std::size_t start = scheme + 3;
    const std::size_t at = masked.rfind('@');
    const std::size_t colon = masked.find(':', start);
    if (at != std::string::npos && at >= start && colon < at)
      masked.replace(colon + 1, at - colon - 1, "***");
  }
  for (const std::string_view name : {"password=", "sslpassword="}) {
    for (std::size_t from = masked.find(name); from != std::string::npos;
         from = masked.find(name, from)) {
      from += name.size();
      masked.replace(from, std::min(masked.find('&', from), masked.size()) - from, "***");
    }
  }
  return masked;
}

bool is_database_url(std::string_view text) {
  for (const std::string_view scheme : {"sqlite:", "postgresql://", "postgres://"})
    if (text.starts_with(scheme)) return text.size() > scheme.size();
  return false;
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace agentauth::app
