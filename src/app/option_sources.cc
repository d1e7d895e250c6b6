#include "app/option_sources.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

namespace agentauth::app {
namespace {

constexpr std::size_t secret_file_bytes_max = 64 * 1024;

std::string file_variant(std::string_view name) { return std::string(name) + "-file"; }

// Calls `use` with every name that may have a value outside the command line.
template <class Use>
void for_each_setting_name(Use use) {
  for (const Option& option : option_table()) {
    if (!option.is_setting()) continue;
    use(std::string(option.name));
    if (option.may_be_in_file()) use(file_variant(option.name));
  }
}

bool takes_list(std::string_view key) {
  const auto table = option_table();
  return std::any_of(table.begin(), table.end(), [&](const Option& option) {
    return option.kind == OptionKind::networks && file_key(option.name) == key;
  });
}

std::vector<std::string> known_variables() {
  std::vector<std::string> known;
  for_each_setting_name([&](const std::string& name) { known.push_back(environment_name(name)); });
  return known;
}

// An editor ends a file with a line break; no secret does.
void strip_line_break(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

Result<std::string> read_secret_file(const std::string& name, const std::string& path) {
  const auto refuse = [&](const std::string& why, Errc code = Errc::invalid_argument) {
    return failure(code, "--" + name + ": " + path + ": " + why);
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return refuse("is a directory", Errc::unavailable);
  std::ifstream file(path, std::ios::binary);
  if (!file) return refuse(std::strerror(errno), Errc::unavailable);
  std::string text(secret_file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > secret_file_bytes_max) return refuse("larger than 64 KiB");
  strip_line_break(text);
  if (text.empty()) return refuse("is empty");
  return text;
}

}  // namespace

std::vector<std::string> unknown_variables(const Environment& environment) {
  const auto known = known_variables();
  std::vector<std::string> unknown;
  for (const auto& [name, value] : environment)
    if (name != "TRACEPARENT" && std::find(known.begin(), known.end(), name) == known.end())
      unknown.push_back(name);
  return unknown;
}

Result<OptionSources> OptionSources::open(const OptionInputs& inputs) {
  OptionSources sources(inputs);
  TRY(sources.refuse_misspelt_variables());
  auto path = sources.look(Source::flag, "config");
  if (!path) path = sources.look(Source::environment, "config");
  if (!path || !find_option("config", inputs.command)) return sources;
  auto file = read_toml_file(path->text);
  if (!file) return failure(file.error().code, "--config: " + file.error().message);
  sources.file_ = std::move(*file);
  TRY(sources.refuse_unknown_keys());
  return sources;
}

Result<void> OptionSources::refuse_unknown_keys() const {
  std::vector<std::string> known;
  for_each_setting_name([&](const std::string& name) { known.push_back(file_key(name)); });
  for (const auto& [key, value] : file_) {
    if (key != "config" && std::find(known.begin(), known.end(), key) != known.end()) {
      if (value.is_list && !takes_list(key))
        return failure(Errc::invalid_argument, value.place + ": " + key + " takes one value");
      continue;
    }
    const std::string guess = key == "config" ? "" : nearest_name(key, known);
    return failure(Errc::invalid_argument,
                   value.place + ": unknown option " + key +
                       (guess.empty() ? "" : "; did you mean " + guess + "?"));
  }
  return {};
}

Result<void> OptionSources::refuse_misspelt_variables() const {
  constexpr std::size_t prefix = 10;  // "AGENTAUTH_"
  constexpr std::size_t too_short_to_tell = 4;
  const auto known = known_variables();
  for (const std::string& name : unknown_variables(inputs_->environment)) {
    if (name.size() <= prefix + too_short_to_tell) continue;
    if (const std::string guess = nearest_name(name, known); !guess.empty())
      return failure(Errc::invalid_argument, std::string("unknown option ")
                                                 .append(name)
                                                 .append(" in the environment; did you mean ")
                                                 .append(guess)
                                                 .append("?"));
  }
  return {};
}

std::optional<FoundValue> OptionSources::look_in_file(std::string_view name) const {
  const auto found = file_.find(file_key(name));
  if (found == file_.end()) return std::nullopt;
  return FoundValue{found->second.text, Source::file, "file " + found->second.place};
}

std::optional<FoundValue> OptionSources::look(Source source, std::string_view name) const {
  if (source == Source::file) return look_in_file(name);
  if (source == Source::flag) {
    const auto found = inputs_->flags.find(name);
    if (found == inputs_->flags.end() || found->second.empty()) return std::nullopt;
    return FoundValue{found->second.back(), source, "flag --" + std::string(name)};
  }
  const std::string variable = environment_name(name);
  const auto found = inputs_->environment.find(variable);
  // An empty variable is how a compose file spells one that is not set.
  if (found == inputs_->environment.end() || found->second.empty()) return std::nullopt;
  return FoundValue{found->second, source, "environment " + variable};
}

Result<std::optional<FoundValue>> OptionSources::find_in(Source source,
                                                         const Option& option) const {
  auto value = look(source, option.name);
  if (!option.may_be_in_file()) return value;
  const std::string variant = file_variant(option.name);
  auto path = look(source, variant);
  if (!path) return value;
  if (value)
    return failure(Errc::invalid_argument, "--" + std::string(option.name) + " and --" + variant +
                                               " are both given (" + value->origin + ", " +
                                               path->origin + "): use one");
  path->file = path->text;
  path->text = TRY(read_secret_file(variant, path->file));
  return path;
}

Result<std::optional<FoundValue>> OptionSources::find(const Option& option) const {
  if (option.commands.contains(inputs_->command)) {
    for (const Source source : {Source::flag, Source::environment, Source::file}) {
      auto found = TRY(find_in(source, option));
      if (found) return found;
    }
  }
  if (option.fallback.empty()) return std::nullopt;
  return FoundValue{std::string(option.fallback), Source::fallback, "default"};
}

}  // namespace agentauth::app
