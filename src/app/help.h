// Help for people, made from the tables.
#pragma once

#include <string>
#include <string_view>

#include "app/command_table.h"
#include "app/option_table.h"

namespace agentauth::app {

std::string help_overview();
std::string help_for(const CommandGroup& group);
std::string help_for(const Command& command);

// "agentauth agent show AGENT [options]".
std::string usage_line(const Command& command);
// "--token-ttl SECONDS", "--registration open|token|closed", "--dev".
std::string flag_usage(const Option& option);
// The sentence of the table with its default and bounds.
std::string describe(const Option& option);

}  // namespace agentauth::app
