#include "model/credential_text.h"

#include <algorithm>

#include "model/api_key.h"

namespace agentauth {
namespace {

// Of what comes after ar_: about half of a refresh token.
constexpr std::size_t refresh_characters_min = 64;

bool is_base64url(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '_';
}

std::size_t base64url_length(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_base64url);
  return static_cast<std::size_t>(end - text.begin());
}

// aa_<kid>_<secret>, or ar_<token>.
bool holds_key_or_refresh_token(std::string_view text) {
  for (std::size_t at = text.find('_'); at != text.npos; at = text.find('_', at + 1)) {
    const std::string_view before = text.substr(0, at);
    const std::string_view after = text.substr(at + 1);
    if (before.ends_with("aa") && after.size() > key_kid_length + 1 && after[key_kid_length] == '_')
      return true;
    if (before.ends_with("ar") && base64url_length(after) >= refresh_characters_min) return true;
  }
  return false;
}

// RFC 7519 3.1: a header, which is a JSON object and so begins with eyJ, a payload and a signature.
bool holds_jwt(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == text.npos) return false;
  for (std::size_t at = text.find("eyJ"); at != text.npos; at = text.find("eyJ", at + 1)) {
    const std::string_view header = text.substr(at, base64url_length(text.substr(at)));
    std::string_view rest = text.substr(at + header.size());
    if (!rest.starts_with('.')) continue;
    rest.remove_prefix(1);
    rest.remove_prefix(base64url_length(rest));
    if (rest.starts_with('.')) return true;
  }
  return false;
}

}  // namespace

bool holds_credential(std::string_view text) {
  return holds_key_or_refresh_token(text) || holds_jwt(text);
}

bool is_request_id(std::string_view text) {
  static constexpr std::string_view further = "-_.:/+=";
  return !text.empty() && text.size() <= request_id_characters_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_base64url(c) || further.find(c) != further.npos; }) &&
         !holds_credential(text);
}

}  // namespace agentauth
