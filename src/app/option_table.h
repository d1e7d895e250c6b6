// Every option there is, in one table: parsing, help, completion and the reference page read it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_table.h"
#include "app/options.h"

namespace agentauth::app {

enum class OptionKind : std::uint8_t {
  text,
  integer,
  seconds,
  flag,
  choice,
  address,  // HOST:PORT
  path,
  secret,    // text that is never shown
  networks,  // CIDR ranges separated by commas
};

// One value, read and within bounds.
struct OptionValue {
  std::string text;
  std::int64_t integer = 0;  // integer, seconds; for a choice its place in the list
  bool flag = false;
  ListenAddress address;
  std::vector<Network> networks;
};

struct Option {
  std::string_view name;  // as the flag spells it, without the dashes
  OptionKind kind = OptionKind::text;
  CommandSet commands;
  std::string_view value_name = {};  // as help spells it: FILE
  std::string_view fallback = {};    // empty: no value
  std::int64_t min = 1;              // characters for text and secret, the value for numbers
  std::int64_t max = 1024;           // the same
  std::string_view unit = {};
  std::string_view choices = {};  // separated by |
  bool (*valid)(std::string_view) = nullptr;
  std::string_view rule = {};  // the sentence `valid` stands for
  bool required = false;
  bool repeats = false;
  bool masks_password = false;  // a URL that may hold one
  bool reloads = false;         // SIGHUP takes a new value over; others need a restart
  std::string_view about = {};
  // Puts the value where the program reads it. nullptr: an argument of its command, which has
  // neither a variable nor a place in the file.
  void (*assign)(Options&, const OptionValue&) = nullptr;

  constexpr bool is_setting() const { return assign != nullptr; }
  constexpr bool is_secret() const { return kind == OptionKind::secret; }
  // Also as --x-file PATH.
  constexpr bool may_be_in_file() const { return is_secret() || masks_password; }
};

std::span<const Option> option_table();

// The option of that name that the command takes, or nullptr.
const Option* find_option(std::string_view name, CommandId command);

// "token-ttl" as AGENTAUTH_TOKEN_TTL and as token_ttl.
std::string environment_name(std::string_view option_name);
std::string file_key(std::string_view option_name);

// "30 to 86400 seconds", "open, token or closed".
std::string accepted_values(const Option& option);
// The name in `names` that `name` is a slip of, or nothing.
std::string nearest_name(std::string_view name, std::span<const std::string> names);
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace agentauth::app
