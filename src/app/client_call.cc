#include "app/client_call.h"

#include <algorithm>
#include <fstream>

#include "app/server_url.h"

namespace agentauth::app {
namespace {

// A list as its items, as people write them.
std::string cell_text(const JsonValue& item, std::string_view member) {
  const JsonValue* value = item.find(member);
  if (value == nullptr || value->type != JsonValue::Type::array) return member_text(item, member);
  std::string text;
  for (const JsonValue& part : value->items) text.append(text.empty() ? "" : ", ") += part.text;
  return text;
}

// As JSON as it came, or one line a member.
void print_object(const Call& call, const std::string& body) {
  const auto object = parse_json(body);
  if (call.line.wants_json() || !object || object->type != JsonValue::Type::object) {
    if (!body.empty()) call.out << body << '\n';
    return;
  }
  std::size_t width = 0;
  for (const JsonMember& member : object->members) width = std::max(width, member.name.size());
  for (const JsonMember& member : object->members) {
    std::string line(member.name);
    line.append(width - member.name.size() + 2, ' ');
    line += member_text(*object, member.name);
    line.erase(line.find_last_not_of(' ') + 1);
    call.out << printable(line) << '\n';
  }
}

Result<int> print_list_as_json(const Call& call, std::string_view path) {
  bool is_first = true;
  call.out << "{\"items\":[";
  TRY(call.api.each_page(path, [&](const JsonValue& items) {
    for (const JsonValue& item : items.items) {
      std::string text;
      JsonWriter writer(text);
      append_json(item, writer);
      call.out << (is_first ? "" : ",") << text;
      is_first = false;
    }
  }));
  call.out << "],\"next_cursor\":null}\n";
  return exit_done;
}

}  // namespace

std::string agent_path(std::string_view id) { return "/agents/" + percent_encode(id); }

void add_rows(const JsonValue& items, Columns columns, TextTable& table) {
  for (const JsonValue& item : items.items) {
    std::vector<std::string> row;
    for (const Column& column : columns) row.push_back(cell_text(item, column.member));
    table.add(std::move(row));
  }
}

Result<int> print_list(const Call& call, std::string_view path, Columns columns) {
  if (call.line.wants_json()) return print_list_as_json(call, path);
  TextTable table(call.out);
  for (const Column& column : columns) table.add_column(column.heading);
  TRY(call.api.each_page(path, [&](const JsonValue& items) {
    add_rows(items, columns, table);
    table.print();
  }));
  return exit_done;
}

Result<int> print_answer(const Call& call, Result<std::string> answer) {
  print_object(call, TRY(std::move(answer)));
  return exit_done;
}

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  const auto size = static_cast<std::streamsize>(bytes_max);
  std::ifstream file(path, std::ios::binary);
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), size + 1);
  if (!file.is_open() || file.bad()) return failure(Errc::conflict, "cannot read " + path);
  if (file.gcount() > size)
    return failure(Errc::invalid_argument,
                   path + " is larger than " + std::to_string(bytes_max / 1024) + " KiB");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.empty()) return failure(Errc::invalid_argument, path + " is empty");
  return text;
}

Result<void> write_text_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return failure(Errc::conflict, "cannot write " + path);
  return {};
}

}  // namespace agentauth::app
