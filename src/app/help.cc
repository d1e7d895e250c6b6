#include "app/help.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace agentauth::app {
namespace {

constexpr std::size_t width = 96;
constexpr std::size_t indent = 2;

using Rows = std::vector<std::pair<std::string, std::string>>;

// Appends `text` in lines no longer than `width`; the first goes on at `column`, the others
// begin there.
void append_wrapped(std::string& out, std::string_view text, std::size_t column) {
  std::size_t used = column;
  for (const std::string_view word : split(text, ' ')) {
    if (used > column && used + 1 + word.size() > width) {
      out.append("\n").append(column, ' ');
      used = column;
    }
    if (used > column) out += ' ', ++used;
    out += word;
    used += word.size();
  }
  out += '\n';
}

void append_rows(std::string& out, const Rows& rows) {
  constexpr std::size_t column_max = 32;
  std::size_t column = 0;
  for (const auto& [left, right] : rows)
    if (left.size() + indent + 2 <= column_max) column = std::max(column, left.size() + indent + 2);
  for (const auto& [left, right] : rows) {
    out.append(indent, ' ').append(left);
    const std::size_t used = indent + left.size();
    if (used + 2 > column) {
      out.append("\n").append(column, ' ');
    } else {
      out.append(column - used, ' ');
    }
    append_wrapped(out, right, column);
  }
}

void append_command_rows(std::string& out, std::string_view group) {
  Rows rows;
  for (const Command& command : commands())
    if (group_of(command) == group) rows.emplace_back(command.name, command.about);
  append_rows(out, rows);
}

void append_options(std::string& out, const Command& command) {
  Rows rows;
  for (const Option& option : option_table()) {
    if (!option.commands.contains(command.id)) continue;
    rows.emplace_back(flag_usage(option), describe(option));
    if (option.may_be_in_file())
      rows.emplace_back("--" + std::string(option.name) + "-file FILE",
                        "The same, read from a file");
  }
  rows.emplace_back("--help", "Print this text");
  out += "\nOptions:\n";
  append_rows(out, rows);
}

}  // namespace

std::string usage_line(const Command& command) {
  std::string line = "agentauth " + std::string(command.name);
  for (const Positional& positional : command.positionals) {
    const std::string name =
        std::string(positional.choices.empty() ? positional.name : positional.choices) +
        (positional.repeats ? "..." : "");
    line += positional.required ? ' ' + name : " [" + name + ']';
  }
  for (const Option& option : option_table())
    if (option.required && option.commands.contains(command.id)) line += ' ' + flag_usage(option);
  return line + " [options]";
}

std::string flag_usage(const Option& option) {
  std::string text = "--" + std::string(option.name);
  const std::string_view value =
      option.kind == OptionKind::choice ? option.choices : option.value_name;
  if (!value.empty()) text.append(" ").append(value);
  return text;
}

std::string describe(const Option& option) {
  std::string text(option.about);
  const bool is_number = option.kind == OptionKind::integer || option.kind == OptionKind::seconds;
  if (is_number) text += "; " + accepted_values(option);
  if (!option.fallback.empty() && option.kind != OptionKind::flag)
    text.append(" (default: ").append(option.fallback).append(")");
  return text;
}

std::string help_overview() {
  std::string out =
      "AgentAuth answers who an agent is and what it may do.\n\n"
      "Usage: agentauth COMMAND [arguments] [options]\n\nCommands:\n";
  append_command_rows(out, "");
  for (const CommandGroup& group : command_groups()) {
    out.append("\n").append(group.about).append(":\n");
    append_command_rows(out, group.name);
  }
  return out +
         "\nAn option is set by its flag, else by the environment (AGENTAUTH_TOKEN_TTL for\n"
         "--token-ttl), else by the TOML file that --config names (token_ttl), else by its\n"
         "default. \"agentauth help COMMAND\" explains a command; \"agentauth help reference\"\n"
         "lists the reference pages.\n\n"
         "Exit codes: 0 done, 1 failed (so does a file that cannot be read), 2 usage (an option,\n"
         "argument or variable is wrong), 3 denied (check), 4 could not reach the server.\n";
}

std::string help_for(const CommandGroup& group) {
  std::string out = std::string(group.about) + ".\n\nUsage: agentauth " + std::string(group.name) +
                    " COMMAND [arguments] [options]\n\nCommands:\n";
  append_command_rows(out, group.name);
  return out;
}

std::string help_for(const Command& command) {
  std::string out = std::string(command.about) + ".\n\nUsage: " + usage_line(command) + "\n";
  if (!command.positionals.empty()) {
    Rows rows;
    for (const Positional& positional : command.positionals)
      rows.emplace_back(positional.name, positional.about);
    out += "\nArguments:\n";
    append_rows(out, rows);
  }
  append_options(out, command);
  if (!command.note.empty()) {
    out += '\n';
    append_wrapped(out, command.note, 0);
  }
  if (!command.example.empty()) out.append("\nExample: ").append(command.example).append("\n");
  return out;
}

}  // namespace agentauth::app
