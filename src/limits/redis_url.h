// redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], or rediss:// for TLS
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace agentauth {

struct RedisUrl {
  bool is_tls = false;
  std::string host;
  std::uint16_t port = 6379;
  int database = 0;
  std::string user;
  std::string password;

  // User and password may hold %XX.
  static std::optional<RedisUrl> parse(std::string_view text);
};

bool is_redis_url(std::string_view text);

}  // namespace agentauth
