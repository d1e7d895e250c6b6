// Completion scripts for shells, made from the tables.
#pragma once

#include <string>

namespace agentauth::app {

std::string bash_completion();
std::string zsh_completion();

}  // namespace agentauth::app
