#include "app/host.h"

#include <netdb.h>

#include <array>

#include "base/network.h"

namespace agentauth::app {

Result<std::string> resolve_host(const std::string& host, std::string_view option) {
  if (parse_ip_address(host)) return host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  std::array<char, NI_MAXHOST> text{};
  int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error == 0) {
    error = ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST);
    ::freeaddrinfo(found);
  }
  if (error == 0) return std::string(text.data());
  return failure(Errc::invalid_argument, std::string(option) + ": the address of " + host +
                                             " cannot be found: " + ::gai_strerror(error));
}

}  // namespace agentauth::app
