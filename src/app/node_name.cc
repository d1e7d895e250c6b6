#include "app/node_name.h"

#include <unistd.h>

#include <array>
#include <string>

namespace agentauth::app {

AuditText audit_node_name() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {'h', 'o', 's', 't'};
  return AuditText::of_node(std::string(host.data()) + "/" + std::to_string(::getpid()));
}

}  // namespace agentauth::app
