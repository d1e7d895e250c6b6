#include "gateway/route.h"

#include <algorithm>

#include "gateway/request_host.h"

namespace agentauth {
namespace {

constexpr std::size_t method_characters_max = 32;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

bool is_request_method(std::string_view text) {
  return !text.empty() && text.size() <= method_characters_max && is_capital(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_capital(c) || c == '-'; });
}

bool is_method_pattern(std::string_view text) {
  return text == any_method || is_request_method(text);
}

bool is_host_pattern(std::string_view text) {
  if (text == any_host) return true;
  if (text.starts_with("*.")) text.remove_prefix(2);
  return is_plain_host(text);
}

}  // namespace agentauth
