// The TOML file of options: flat keys, scalar values.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace agentauth::app {

// A value in the spelling a flag would have: 900, true, "text", and arrays joined by commas.
struct TomlValue {
  std::string text;
  std::string place;  // "FILE:LINE"
  bool is_list = false;
};

// Errors, in one line that names the file and, where there is one, the line: unavailable when it
// cannot be read, invalid_argument for what is in it.
Result<std::map<std::string, TomlValue>> read_toml_file(const std::filesystem::path& path);

}  // namespace agentauth::app
