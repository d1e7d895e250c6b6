#include "app/completion.h"

#include <algorithm>
#include <vector>

#include "app/command_table.h"
#include "app/option_table.h"
#include "app/reference.h"

namespace agentauth::app {
namespace {

// Every flag a command takes, the file variants of secrets included, with the option behind it.
struct Flag {
  std::string name;  // with its dashes
  const Option* option;
  bool takes_path;
};

std::vector<Flag> flags_of(const Command& command) {
  std::vector<Flag> flags;
  for (const Option& option : option_table()) {
    if (!option.commands.contains(command.id)) continue;
    const std::string name = "--" + std::string(option.name);
    flags.push_back({name, &option, option.kind == OptionKind::path});
    if (option.may_be_in_file()) flags.push_back({name + "-file", &option, true});
  }
  return flags;
}

// What may follow "agentauth": single commands and groups.
std::vector<std::pair<std::string_view, std::string_view>> first_words() {
  std::vector<std::pair<std::string_view, std::string_view>> words;
  for (const Command& command : commands())
    if (group_of(command).empty()) words.emplace_back(command.name, command.about);
  for (const CommandGroup& group : command_groups()) words.emplace_back(group.name, group.about);
  return words;
}

std::string spaced(std::string_view choices) {
  std::string words(choices);
  std::replace(words.begin(), words.end(), '|', ' ');
  return words;
}

std::string reference_names() {
  std::string names;
  for (const ReferencePage& page : reference_pages())
    names.append(names.empty() ? "" : " ").append(page.name);
  return names;
}

std::string words_of(const CommandGroup& group) {
  std::string words;
  for (const Command& command : commands())
    if (group_of(command) == group.name)
      words.append(words.empty() ? "" : " ").append(last_word(command));
  return words;
}

std::string help_words() {
  std::string words = "reference";
  for (const auto& [word, about] : first_words()) words.append(" ").append(word);
  return words;
}

// The words a command's first argument may be, if they are known.
std::string argument_words(const Command& command) {
  if (command.id == CommandId::help) return help_words();
  return command.positionals.empty() ? "" : spaced(command.positionals.front().choices);
}

// Names are letters and dashes, so they stand in a pattern as they are.
void append_bash_values(std::string& out) {
  std::string paths;
  std::string directories;
  std::vector<std::string> seen;
  for (const Command& command : commands()) {
    for (const Flag& flag : flags_of(command)) {
      if (std::find(seen.begin(), seen.end(), flag.name) != seen.end()) continue;
      seen.push_back(flag.name);
      if (flag.takes_path) {
        std::string& names = flag.option->value_name == "DIR" ? directories : paths;
        names.append(names.empty() ? "" : "|").append(flag.name);
      } else if (flag.option->kind == OptionKind::choice) {
        out += "    " + flag.name + ") mapfile -t COMPREPLY < <(compgen -W '" +
               spaced(flag.option->choices) + "' -- \"$current\"); return ;;\n";
      } else if (flag.option->kind != OptionKind::flag) {
        out += "    " + flag.name + ") return ;;\n";
      }
    }
  }
  // compopt lets bash add the slash behind a folder.
  const auto files = [](const std::string& names, const std::string& what) {
    return "    " + names +
           ")\n      compopt -o filenames\n      mapfile -t COMPREPLY < <(compgen " + what +
           " -- \"$current\")\n      return ;;\n";
  };
  out += files(paths, "-f") + files(directories, "-d");
}

void append_bash_commands(std::string& out) {
  for (const Command& command : commands()) {
    const bool is_grouped = !group_of(command).empty();
    std::string words = argument_words(command);
    for (const Flag& flag : flags_of(command)) words += (words.empty() ? "" : " ") + flag.name;
    words += words.empty() ? "--help" : " --help";
    out += "    '" + std::string(command.name) + (is_grouped ? "'" : " '*") + ") words='" + words +
           "' ;;\n";
  }
}

// "'[text]" inside single quotes of zsh, where brackets and colons mean something.
std::string zsh_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\'') {
      escaped += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh_argument(const Flag& flag) {
  const Option& option = *flag.option;
  std::string spec = option.repeats ? "*" : "";
  spec += flag.name + '[' + zsh_escape(option.about) + ']';
  if (option.kind == OptionKind::flag) return '\'' + spec + '\'';
  spec += ':' + zsh_escape(option.value_name.empty() ? option.name : option.value_name) + ':';
  if (flag.takes_path) {
    spec += option.value_name == "DIR" ? "_files -/" : "_files";
  } else if (option.kind == OptionKind::choice) {
    spec += '(' + spaced(option.choices) + ')';
  }
  return '\'' + spec + '\'';
}

void append_zsh_list(std::string& out, std::string_view group) {
  const auto item = [&](std::string_view word, std::string_view about) {
    out += "    '" + std::string(word) + ':' + zsh_escape(about) + "'\n";
  };
  if (group.empty()) {
    for (const auto& [word, about] : first_words()) item(word, about);
    return;
  }
  for (const Command& command : commands())
    if (group_of(command) == group) item(last_word(command), command.about);
}

void append_zsh_command(std::string& out, const Command& command) {
  const bool is_grouped = !group_of(command).empty();
  out += "    '" + std::string(command.name) + (is_grouped ? "'" : " '*") + ")\n";
  out += is_grouped ? "      shift 2 words; (( CURRENT -= 2 ))\n"
                    : "      shift words; (( CURRENT -= 1 ))\n";
  out += "      _arguments \\\n";
  for (const Flag& flag : flags_of(command)) out += "        " + zsh_argument(flag) + " \\\n";
  const std::string words = argument_words(command);
  if (!words.empty()) out += "        '1:argument:(" + words + ")' \\\n";
  out += "        '--help[Print help]' ;;\n";
}

}  // namespace

std::string bash_completion() {
  std::string out =
      "# bash completion for agentauth; made by \"agentauth completion bash\".\n"
      "_agentauth() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  local words=''\n"
      "  COMPREPLY=()\n"
      "  case \"$previous\" in\n";
  append_bash_values(out);
  out +=
      "  esac\n"
      "  if ((COMP_CWORD > 2)) && [[ ${COMP_WORDS[1]} == help ]]; then\n"
      "    ((COMP_CWORD == 3)) && case \"$previous\" in\n"
      "    reference) words='" +
      reference_names() + "' ;;\n";
  for (const CommandGroup& group : command_groups())
    out += "    " + std::string(group.name) + ") words='" + words_of(group) + "' ;;\n";
  out +=
      "    esac\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "    return\n"
      "  fi\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    words='";
  for (const auto& [word, about] : first_words()) out.append(word).append(" ");
  out +=
      "--help --version'\n"
      "  elif ((COMP_CWORD == 2)); then\n"
      "    case \"${COMP_WORDS[1]}\" in\n";
  for (const CommandGroup& group : command_groups()) {
    out += "    " + std::string(group.name) + ") words='" + words_of(group) + " --help' ;;\n";
  }
  out +=
      "    esac\n"
      "  fi\n"
      "  [[ -n $words ]] || case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n";
  append_bash_commands(out);
  return out +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "}\n"
         "complete -F _agentauth agentauth\n";
}

std::string zsh_completion() {
  std::string out =
      "#compdef agentauth\n"
      "# zsh completion for agentauth; made by \"agentauth completion zsh\".\n"
      "_agentauth() {\n"
      "  local -a list\n"
      "  if (( CURRENT == 2 )); then\n"
      "    list=(\n";
  append_zsh_list(out, "");
  out +=
      "    )\n    _describe -t commands command list\n    return\n  fi\n"
      "  if (( CURRENT == 3 )); then\n    case \"$words[2]\" in\n";
  for (const CommandGroup& group : command_groups()) {
    out += "    " + std::string(group.name) + ")\n    list=(\n";
    append_zsh_list(out, group.name);
    out += "    )\n    _describe -t commands command list\n    return ;;\n";
  }
  out +=
      "    esac\n  fi\n"
      "  if (( CURRENT > 3 )) && [[ $words[2] == help ]]; then\n"
      "    (( CURRENT == 4 )) && case \"$words[3]\" in\n"
      "    reference) compadd -- " +
      reference_names() + " ;;\n";
  for (const CommandGroup& group : command_groups())
    out += "    " + std::string(group.name) + ") compadd -- " + words_of(group) + " ;;\n";
  out +=
      "    esac\n    return\n  fi\n"
      "  case \"$words[2] $words[3]\" in\n";
  for (const Command& command : commands()) append_zsh_command(out, command);
  return out +
         "  esac\n"
         "}\n"
         // The file may be autoloaded from fpath or read with source.
         "if [[ $funcstack[1] == _agentauth ]]; then\n"
         "  _agentauth \"$@\"\n"
         "else\n"
         "  compdef _agentauth agentauth\n"
         "fi\n";
}

}  // namespace agentauth::app
