#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/option_table.h"
#include "app/option_values.h"

namespace agentauth::app {
namespace {

using Words = std::span<const std::string>;

constexpr int positionals_max = 64;

tl::unexpected<Error> usage(const Command& command, const std::string& message) {
  return failure(Errc::invalid_argument,
                 message + "; see agentauth help " + std::string(command.name));
}

// The words of the command at the start of the arguments: "agent create", "agent", "serve".
std::vector<std::string> leading_words(Words arguments) {
  std::vector<std::string> words;
  for (const std::string& argument : arguments) {
    if (argument.starts_with('-') || words.size() == 2) break;
    words.push_back(argument);
    if (!find_command_group(words.front())) break;
  }
  return words;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

bool asks_for_help(Words arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return false;
    if (argument == "--help" || argument == "-h") return true;
  }
  return false;
}

// CLI11 knows options only; that it must not guess is in the settings here.
void declare(const Option& option, const std::string& flag, CLI::App& parser, FlagValues& flags) {
  const std::string name = "--" + flag;
  if (option.kind == OptionKind::flag) {
    parser.add_flag_function(
        name, [&flags, flag](std::int64_t count) { flags[flag] = {count > 0 ? "true" : "false"}; });
    return;
  }
  auto* declared = parser.add_option_function<std::vector<std::string>>(
      name, [&flags, flag](const std::vector<std::string>& values) { flags[flag] = values; });
  declared->expected(1)->allow_extra_args(false)->take_all();
}

std::string explain_extras(const Command& command, const CLI::App& parser,
                           const CLI::ParseError& error) {
  for (const std::string& word : parser.remaining()) {
    if (!word.starts_with('-')) continue;
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string> known;
    for (const Option& option : option_table()) {
      if (!option.commands.contains(command.id)) continue;
      known.push_back("--" + std::string(option.name));
      if (option.may_be_in_file()) known.push_back(known.back() + "-file");
    }
    const std::string guess = nearest_name(name, known);
    return "unknown option " + name + (guess.empty() ? "" : " (did you mean " + guess + "?)");
  }
  return error.what();
}

// CLI11 begins its sentence with the option's name.
std::string explain_mismatch(const CLI::ParseError& error) {
  const std::string_view sentence(error.what());
  return std::string(sentence.substr(0, sentence.find(':'))) + " needs a value";
}

// "--dev=perhaps"; CLI11 would throw what is no error of its own.
Result<void> check_flag_values(const Command& command, Words words) {
  for (const std::string& word : words) {
    if (word == "--") break;
    const std::size_t equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos) continue;
    const Option* option = find_option(word.substr(2, equals - 2), command.id);
    if (!option || option->kind != OptionKind::flag) continue;
    if (!parse_option(*option, word.substr(equals + 1)))
      return usage(command, word.substr(0, equals) + " must be true or false");
  }
  return {};
}

Result<void> parse_words(const Command& command, Words words, CommandLine& line) {
  TRY(check_flag_values(command, words));
  CLI::App parser;
  parser.set_help_flag();
  for (const Option& option : option_table()) {
    if (!option.commands.contains(command.id)) continue;
    declare(option, std::string(option.name), parser, line.flags);
    if (option.may_be_in_file())
      declare(option, std::string(option.name) + "-file", parser, line.flags);
  }
  parser.add_option("words", line.positionals)->expected(0, positionals_max);
  try {
    parser.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ExtrasError& error) {
    return usage(command, explain_extras(command, parser, error));
  } catch (const CLI::ArgumentMismatch& error) {
    return usage(command, explain_mismatch(error));
  } catch (const CLI::ParseError& error) {
    return usage(command, error.what());
  }
  for (const auto& [name, values] : line.flags) {
    const Option* option = find_option(name, command.id);
    if (values.size() > 1 && !(option && option->repeats))
      return usage(command, "--" + name + " is given more than once");
  }
  return {};
}

Result<void> check_positionals(const Command& command, const CommandLine& line) {
  const auto& given = line.positionals;
  const auto& known = command.positionals;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i >= given.size()) {
      if (!known[i].required) break;
      return usage(command, std::string(known[i].name) + " is missing");
    }
    const auto choices = split(known[i].choices, '|');
    if (!known[i].choices.empty() &&
        std::find(choices.begin(), choices.end(), given[i]) == choices.end())
      return usage(command, std::string(known[i].name) + " must be one of " +
                                std::string(known[i].choices) + ", not \"" + given[i] + "\"");
    if (given[i].empty()) return usage(command, std::string(known[i].name) + " is empty");
  }
  if (given.size() > known.size() && (known.empty() || !known.back().repeats))
    return usage(command, "unexpected argument \"" + given[known.size()] + "\"");
  return {};
}

// Arguments of the command alone; settings are read with their other sources.
Result<void> check_arguments(const Command& command, const CommandLine& line) {
  for (const Option& option : option_table()) {
    if (option.is_setting() || !option.commands.contains(command.id)) continue;
    const auto given = line.flags.find(option.name);
    if (given == line.flags.end()) {
      if (option.required) return usage(command, "--" + std::string(option.name) + " is missing");
      continue;
    }
    for (const std::string& text : given->second) {
      auto value = parse_option(option, text);
      if (!value)
        return failure(Errc::invalid_argument, "--" + std::string(option.name) + " must be " +
                                                   std::move(value).error().message);
    }
  }
  return {};
}

Result<const Command*> find_by_words(const std::vector<std::string>& words, Words arguments) {
  if (words.empty()) {
    const std::string what =
        arguments.empty() ? "a command is missing" : "unknown option " + arguments.front();
    return failure(Errc::invalid_argument, what + "; see agentauth help");
  }
  const std::string name = join(words);
  if (const Command* found = find_command(name)) return found;
  if (words.size() == 1 && find_command_group(name))
    return failure(Errc::invalid_argument,
                   "agentauth " + name + " needs a command; see agentauth help " + name);
  return failure(Errc::invalid_argument, "unknown command \"" + name + "\"; see agentauth help");
}

CommandLine help_for(std::vector<std::string> words) {
  if (find_command(join(words)) == nullptr && !words.empty() && !find_command_group(words.front()))
    words.clear();
  return {&command(CommandId::help), std::move(words), {}};
}

}  // namespace

std::optional<std::string> CommandLine::argument(std::string_view name) const {
  if (const auto given = flags.find(name); given != flags.end()) return given->second.back();
  const Option* option = find_option(name, command->id);
  if (!option || option->fallback.empty()) return std::nullopt;
  return std::string(option->fallback);
}

bool CommandLine::wants_json() const { return argument("json") == "true"; }

Result<CommandLine> parse_command_line(std::span<const std::string> arguments) {
  if (arguments.size() == 1 && arguments.front() == "--version")
    return CommandLine{&command(CommandId::version), {}, {}};
  const auto words = leading_words(arguments);
  if (asks_for_help(arguments) && (words.empty() || words.front() != "help"))
    return help_for(words);
  CommandLine line;
  line.command = TRY(find_by_words(words, arguments));
  Words rest = arguments.subspan(words.size());
  std::vector<std::string> kept(rest.begin(), rest.end());
  if (line.command->id == CommandId::help) std::erase(kept, "--help"), std::erase(kept, "-h");
  // CLI11 would take the next word for the value.
  for (const std::string& word : kept)
    if (word.starts_with("--") && word.ends_with('=') && word.find('=') == word.size() - 1)
      return failure(Errc::invalid_argument, word.substr(0, word.size() - 1) + " needs a value");
  TRY(parse_words(*line.command, kept, line));
  TRY(check_positionals(*line.command, line));
  TRY(check_arguments(*line.command, line));
  return line;
}

}  // namespace agentauth::app
