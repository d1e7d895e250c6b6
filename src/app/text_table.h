// Columns for people to read.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace agentauth::app {

// Rows collect until print(); a long list prints page by page, and columns only ever grow.
class TextTable {
 public:
  explicit TextTable(std::ostream& out) : out_(out) {}

  // REQUIRES: no row yet.
  void add_column(std::string_view heading);
  void add(std::vector<std::string> row);
  void print();

 private:
  void print_row(const std::vector<std::string>& row);

  std::ostream& out_;
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
  bool headings_printed_ = false;
};

// What a terminal would obey becomes '?': text from elsewhere must not move the cursor.
std::string printable(std::string_view text);

}  // namespace agentauth::app
