// What the commands that speak HTTP are given, and how they print what they get.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "app/api_client.h"
#include "app/client_commands.h"
#include "app/text_table.h"

namespace agentauth::app {

struct Call {
  const CommandLine& line;
  const Options& options;
  ApiClient& api;
  std::ostream& out;

  const std::string& positional(std::size_t i) const { return line.positionals[i]; }
};

struct Column {
  std::string_view heading;
  std::string_view member;
};
using Columns = std::span<const Column>;

std::string agent_path(std::string_view id);

void add_rows(const JsonValue& items, Columns columns, TextTable& table);
// Every item of a list, to its last page, as a table or as JSON.
Result<int> print_list(const Call& call, std::string_view path, Columns columns);
// As JSON as it came, or one line a member.
Result<int> print_answer(const Call& call, Result<std::string> answer);

// A file that the server judges; only what it would not even read is refused here. Errors: conflict
// when it cannot be read, which is no slip of the command line; invalid_argument.
Result<std::string> read_text_file(const std::string& path,
                                   std::size_t bytes_max = 64 * std::size_t{1024});

// Replaces what was there. Errors: conflict.
Result<void> write_text_file(const std::string& path, const std::string& text);

}  // namespace agentauth::app
