#include "app/version.h"

namespace agentauth::app {

std::string_view version() { return AGENTAUTH_VERSION; }

}  // namespace agentauth::app
