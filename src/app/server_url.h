// The address of a server to call: http://127.0.0.1:8000, https://auth.example.com/agents.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace agentauth::app {

struct ServerUrl {
  bool is_https = false;
  std::string host;  // an IPv6 address without its brackets
  std::string port;
  std::string base_path;  // what stands before every path; no slash at its end

  static std::optional<ServerUrl> parse(std::string_view text);
  // The Host header (RFC 9110 7.2).
  std::string authority() const;
};

bool is_server_url(std::string_view text);

// One path segment or query value (RFC 3986 2.1); ':' stays, it reads better and is allowed.
std::string percent_encode(std::string_view text);

}  // namespace agentauth::app
