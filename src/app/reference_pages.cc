// The two pages that come from the option table and the command table.
#include "app/command_table.h"
#include "app/help.h"
#include "app/option_table.h"
#include "app/reference.h"

namespace agentauth::app {
namespace {

constexpr std::string_view configuration_intro =
    R"(# Configuration

Printed by `agentauth help reference configuration`.

An option is set by its flag, else by its environment variable, else by the TOML file that
`--config FILE` or `AGENTAUTH_CONFIG` names, else by its default. `agentauth config` prints every
option, its value and where it came from; secrets are shown as `***`.

* An option that does not exist, or a value out of bounds, stops the command with one line that
  names it, and exit code 2. In the environment that goes for names within two letters of an
  option's; other `AGENTAUTH_` variables are left alone, since container platforms set some.
* An empty environment variable is one that is not set.
* Beside every secret `--x` there is `--x-file PATH` (`AGENTAUTH_X_FILE`, `x_file`): the secret is
  the file's content without the line break at its end. One source may not give both.
* The TOML file is flat: `token_ttl = 900`, `trusted_proxies = ["10.0.0.0/8"]`.
* The password in a PostgreSQL URL is shown as `***`. `PGPASSWORD` and `~/.pgpass` work too.
* With `--dev` the server listens on loopback addresses only. `--tls-cert` and `--tls-key` go
  together. `--registration token` needs a registration token.
)";

constexpr std::string_view command_line_intro =
    R"(# Command line

Printed by `agentauth help reference cli`; `agentauth help COMMAND` explains one command with its
options.

| exit code | meaning |
| --- | --- |
| 0 | done; for `check`, allowed |
| 1 | failed: one line on standard error says why; so where a file, an address or a database that an option names cannot be used |
| 2 | usage: a wrong command, option or value, which the line names |
| 3 | denied (`check`) |
| 4 | the server could not be reached; that a proxy in front of it could not, as its 502 says, is 1 |

Commands over HTTP call `--server`, log in with `--api-key-file` or `AGENTAUTH_API_KEY`, and print a
table, or JSON with `--json`. Lists are read to their last page. A valid W3C `TRACEPARENT` in the
environment goes along as the header `traceparent`.
)";

std::string code(std::string_view text) { return '`' + std::string(text) + '`'; }

// A table's cell may not hold a bar.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped.append(c == '|' ? "\\" : "").append(1, c);
  return escaped;
}

std::string takers(const Option& option) {
  std::string names;
  for (const Command& command : commands())
    if (option.commands.contains(command.id) && command.id != CommandId::config)
      names += (names.empty() ? "" : ", ") + code(command.name);
  return names;
}

void append_setting(std::string& out, const Option& option) {
  const std::string name = "--" + std::string(option.name);
  out += "\n### " + code(name) + "\n\n" + std::string(option.about) + ".\n\n| | |\n| --- | --- |\n";
  const auto row = [&](std::string_view left, const std::string& right) {
    out += "| " + std::string(left) + " | " + right + " |\n";
  };
  row("environment", code(environment_name(option.name)));
  row("TOML", option.name == "config" ? "–" : code(file_key(option.name)));
  row("accepts", cell(accepted_values(option)));
  row("default", option.fallback.empty() ? "–" : code(option.fallback));
  if (option.may_be_in_file())
    row("from a file", code(name + "-file") + ", " +
                           code(environment_name(std::string(option.name) + "-file")) + ", " +
                           code(file_key(std::string(option.name) + "-file")));
  row("commands", takers(option));
}

void append_command(std::string& out, const Command& command) {
  out += "\n## " + code("agentauth " + std::string(command.name)) + "\n\n" +
         std::string(command.about) + ".\n\n```\n" + usage_line(command) + "\n```\n";
  if (!command.note.empty()) out += '\n' + std::string(command.note) + '\n';
  std::string rows;
  for (const Positional& positional : command.positionals)
    rows += "| " + code(positional.name) + " | " + cell(positional.about) + " |\n";
  for (const Option& option : option_table())
    if (option.commands.contains(command.id) && !option.is_setting())
      rows += "| `" + cell(flag_usage(option)) + "` | " + cell(describe(option)) + " |\n";
  if (!rows.empty()) out += "\n| argument | meaning |\n| --- | --- |\n" + rows;
  std::string settings;
  for (const Option& option : option_table())
    if (option.commands.contains(command.id) && option.is_setting())
      settings += (settings.empty() ? "" : ", ") + code("--" + std::string(option.name));
  if (!settings.empty() && command.id != CommandId::config)
    out += "\nOptions (see the configuration reference): " + settings + ".\n";
  if (!command.example.empty()) out += "\n```\n" + std::string(command.example) + "\n```\n";
}

}  // namespace

std::string configuration_reference() {
  std::string out(configuration_intro);
  for (const bool of_server : {true, false}) {
    out += of_server ? "\n## Of the server\n" : "\n## Of the commands that call a server\n";
    for (const Option& option : option_table())
      if (option.is_setting() && find_option(option.name, CommandId::config) &&
          (option.commands.contains(CommandId::serve) == of_server))
        append_setting(out, option);
  }
  return out;
}

std::string command_line_reference() {
  std::string out(command_line_intro);
  for (const Command& command : commands()) append_command(out, command);
  return out;
}

}  // namespace agentauth::app
