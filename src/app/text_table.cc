#include "app/text_table.h"

#include <algorithm>

namespace agentauth::app {
namespace {

// Code points; near enough to columns for names.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string safe(text);
  for (std::size_t i = 0; i < safe.size(); ++i) {
    const auto byte = static_cast<unsigned char>(safe[i]);
    if (byte < 0x20 || byte == 0x7f) safe[i] = '?';
    // U+0080 to U+009F, the other control characters.
    if (byte == 0xC2 && i + 1 < safe.size() && static_cast<unsigned char>(safe[i + 1]) < 0xA0)
      safe.replace(i, 2, "?");
  }
  return safe;
}

void TextTable::add_column(std::string_view heading) {
  headings_.emplace_back(heading);
  widths_.push_back(columns(heading));
}

void TextTable::add(std::vector<std::string> row) {
  row.resize(headings_.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = printable(row[i]);
    widths_[i] = std::max(widths_[i], columns(row[i]));
  }
  rows_.push_back(std::move(row));
}

void TextTable::print() {
  if (!headings_printed_) print_row(headings_);
  headings_printed_ = true;
  for (const auto& row : rows_) print_row(row);
  rows_.clear();
}

void TextTable::print_row(const std::vector<std::string>& row) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) line.append(widths_[i] - columns(row[i]) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out_ << line << '\n';
}

}  // namespace agentauth::app
