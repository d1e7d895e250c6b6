#include "gateway/request_host.h"

#include <algorithm>

namespace agentauth {
namespace {

constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t port_digits_max = 5;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_label_character(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_';
}
bool is_ipv6_character(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.';
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= port_digits_max &&
         std::all_of(text.begin(), text.end(), is_digit);
}

bool is_name(std::string_view text) {
  for (;;) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > label_bytes_max ||
        !std::all_of(label.begin(), label.end(), is_label_character))
      return false;
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_bracketed(std::string_view text) {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  return text.find(':') != text.npos && std::all_of(text.begin(), text.end(), is_ipv6_character);
}

}  // namespace

bool RequestHost::read(std::string_view host) {
  size_ = 0;
  const bool bracketed = host.starts_with('[');
  const std::size_t end = bracketed ? host.find(']') + 1 : std::min(host.find(':'), host.size());
  std::string_view name = host.substr(0, end);
  const std::string_view port = host.substr(end);
  if (!port.empty() && !(port.front() == ':' && is_port(port.substr(1)))) return false;
  if (!bracketed && name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > text_.size() || !(bracketed ? is_bracketed(name) : is_name(name))) return false;
  std::transform(name.begin(), name.end(), text_.begin(), lower);
  size_ = name.size();
  return true;
}

bool is_plain_host(std::string_view text) {
  RequestHost host;
  return host.read(text) && host.text() == text;
}

}  // namespace agentauth
