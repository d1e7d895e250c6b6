// Where the values of options are looked up: flags, environment, TOML file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/option_table.h"
#include "app/options.h"
#include "app/toml_file.h"
#include "base/result.h"

namespace agentauth::app {

struct FoundValue {
  std::string text;
  Source source;
  std::string origin;
  std::string file = {};  // that a secret was read from
};

// The AGENTAUTH_ variables that no option has: they are ignored, whatever they hold.
std::vector<std::string> unknown_variables(const Environment& environment);

class OptionSources {
 public:
  // Reads the TOML file, if the flags or the environment name one, and refuses names that are no
  // option: every key of the file, and variables so close to an option's that they are a slip.
  // Other AGENTAUTH_ variables are not ours: container platforms and test harnesses set some.
  // Errors: unavailable for a file that cannot be read, here and in find(); invalid_argument for
  // what is in it.
  static Result<OptionSources> open(const OptionInputs& inputs);

  // What the first source that has a value says; the default otherwise. The content of the file
  // for --x-file. Not yet parsed; nothing when there is neither a value nor a default.
  Result<std::optional<FoundValue>> find(const Option& option) const;

 private:
  explicit OptionSources(const OptionInputs& inputs) : inputs_(&inputs) {}

  std::optional<FoundValue> look(Source source, std::string_view name) const;
  std::optional<FoundValue> look_in_file(std::string_view name) const;
  Result<std::optional<FoundValue>> find_in(Source source, const Option& option) const;
  Result<void> refuse_unknown_keys() const;
  Result<void> refuse_misspelt_variables() const;

  const OptionInputs* inputs_;  // the caller's, and outlives this
  std::map<std::string, TomlValue> file_;
};

}  // namespace agentauth::app
