// What is asked of the option table: finding, naming, explaining.
#include <algorithm>

#include "app/option_table.h"

namespace agentauth::app {
namespace {

// Levenshtein's distance; names are short, so its square cost is nothing.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string> names) {
  std::string best;
  std::size_t least = 3;
  for (const std::string& candidate : names) {
    const std::size_t d = distance(name, candidate);
    if (d < least) least = d, best = candidate;
  }
  return best;
}

const Option* find_option(std::string_view name, CommandId command) {
  const auto table = option_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Option& option) {
    return option.name == name && option.commands.contains(command);
  });
  return found == table.end() ? nullptr : &*found;
}

std::string environment_name(std::string_view option_name) {
  std::string name = "AGENTAUTH_";
  for (const char c : option_name)
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

std::string file_key(std::string_view option_name) {
  std::string key(option_name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0;;) {
    const std::size_t end = text.find(separator, from);
    parts.push_back(text.substr(from, end - from));
    if (end == std::string_view::npos) return parts;
    from = end + 1;
  }
}

std::string accepted_values(const Option& option) {
  const std::string bounds = std::to_string(option.min) + " to " + std::to_string(option.max);
  using enum OptionKind;
  switch (option.kind) {
    case integer:
    case seconds:
      return bounds + (option.unit.empty() ? "" : " ") + std::string(option.unit);
    case flag:
      return "true or false";
    case choice: {
      std::string words;
      const auto choices = split(option.choices, '|');
      for (std::size_t i = 0; i < choices.size(); ++i)
        words.append(i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ").append(choices[i]);
      return words;
    }
    case address:
      return "HOST:PORT, a port from 0 to 65535";
    case path:
      return "a path";
    case networks:
      return "addresses and CIDR ranges separated by commas, at most " + std::to_string(option.max);
    case text:
    case secret:
      if (option.kind == text && !option.rule.empty()) return std::string(option.rule);
      return bounds + " characters" + (option.rule.empty() ? "" : ", " + std::string(option.rule));
  }
  return {};
}

}  // namespace agentauth::app
