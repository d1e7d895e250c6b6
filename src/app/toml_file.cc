#include "app/toml_file.h"

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

namespace agentauth::app {
namespace {

constexpr std::uintmax_t file_bytes_max = 1 << 20;

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<std::string> value_text(const toml::node& node) {
  const auto* array = node.as_array();
  if (!array) return scalar_text(node);
  std::string joined;
  for (const toml::node& element : *array) {
    const auto text = scalar_text(element);
    if (!text) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += *text;
  }
  return joined;
}

Result<std::string> read_text(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return failure(Errc::unavailable, path.string() + ": is a directory");
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(Errc::unavailable, path.string() + ": " + std::strerror(errno));
  if (std::filesystem::file_size(path, error) > file_bytes_max && !error)
    return failure(Errc::invalid_argument, path.string() + ": larger than 1 MiB");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string place(const std::filesystem::path& path, const toml::source_region& source) {
  return path.string() + ':' + std::to_string(source.begin.line);
}

}  // namespace

Result<std::map<std::string, TomlValue>> read_toml_file(const std::filesystem::path& path) {
  const std::string text = TRY(read_text(path));
  std::map<std::string, TomlValue> values;
  // toml++ throws; the text it was given is no bug of ours.
  try {
    const toml::table table = toml::parse(std::string_view(text));
    for (const auto& [key, node] : table) {
      const std::string where = place(path, node.source());
      auto value = value_text(node);
      if (!value)
        return failure(Errc::invalid_argument, where + ": " + std::string(key.str()) +
                                                   " is not a text, a number, a boolean or a list");
      values.emplace(key.str(), TomlValue{std::move(*value), where, node.is_array()});
    }
  } catch (const toml::parse_error& error) {
    return failure(Errc::invalid_argument,
                   place(path, error.source()) + ": " + std::string(error.description()));
  }
  return values;
}

}  // namespace agentauth::app
