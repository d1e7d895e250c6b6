// The arguments of one call, read against the tables.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_table.h"
#include "app/options.h"
#include "base/result.h"

namespace agentauth::app {

struct CommandLine {
  const Command* command = nullptr;
  std::vector<std::string> positionals;
  FlagValues flags;  // by option name, each within its bounds

  bool has(std::string_view flag) const { return flags.contains(flag); }
  // The value of an argument that may be given once; its default, or nothing.
  std::optional<std::string> argument(std::string_view name) const;
  bool wants_json() const;
};

// `arguments` begins after the program's name. --help anywhere, and --version alone, become the
// commands `help …` and `version`.
// Errors: invalid_argument with one line that names what is wrong.
Result<CommandLine> parse_command_line(std::span<const std::string> arguments);

}  // namespace agentauth::app
