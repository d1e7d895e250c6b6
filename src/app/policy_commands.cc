#include "app/policy_commands.h"

#include <algorithm>

#include "app/access_questions.h"
#include "app/role_commands.h"

namespace agentauth::app {
namespace {

using Type = JsonValue::Type;

bool has_list(const JsonValue& object) {
  return std::any_of(object.members.begin(), object.members.end(),
                     [](const JsonMember& member) { return member.value.type == Type::array; });
}

// Lists, and objects that hold some, have a line for each entry; whatever else is on one line.
void append_pretty(const JsonValue& value, std::size_t depth, std::string& out) {
  const bool is_list = value.type == Type::array && !value.items.empty();
  const bool is_tall = is_list || (value.type == Type::object && has_list(value));
  if (!is_tall) {
    JsonWriter writer(out);
    return append_json(value, writer);
  }
  const auto begin_line = [&](std::size_t level) { out.append("\n").append(2 * level, ' '); };
  out += is_list ? '[' : '{';
  const char* separator = "";
  const auto begin_entry = [&] {
    out += separator;
    begin_line(depth + 1);
    separator = ",";
  };
  for (const JsonValue& item : value.items) {
    begin_entry();
    append_pretty(item, depth + 1, out);
  }
  for (const JsonMember& member : value.members) {
    begin_entry();
    append_json_text(member.name, out);
    out += ": ";
    append_pretty(member.value, depth + 1, out);
  }
  begin_line(depth);
  out += is_list ? ']' : '}';
}

void print_lines(const Call& call, const JsonValue& diff, std::string_view name, char mark) {
  const JsonValue* lines = diff.find(name);
  if (lines == nullptr) return;
  for (const JsonValue& line : lines->items)
    call.out << mark << ' ' << printable(line.text) << '\n';
}

enum class Run : bool { dry, real };

Result<int> send_policy(const Call& call, Run run) {
  const std::string text = TRY(read_text_file(call.positional(0), policy_bytes_max));
  std::string path = "/policy?dry_run=";
  path += run == Run::dry ? "true" : "false";
  if (call.line.argument("keep") == "true") path += "&keep=true";
  const std::string body = TRY(call.api.call("PUT", path, text));
  const auto diff = parse_json(body);
  if (call.line.wants_json() || !diff || diff->type != Type::object) {
    call.out << body << '\n';
    return exit_done;
  }
  print_lines(call, *diff, "added", '+');
  print_lines(call, *diff, "removed", '-');
  print_lines(call, *diff, "changed", '~');
  const auto is_empty = [&](std::string_view name) {
    const JsonValue* lines = diff->find(name);
    return lines == nullptr || lines->items.empty();
  };
  if (is_empty("added") && is_empty("removed") && is_empty("changed")) call.out << "no changes\n";
  return exit_done;
}

}  // namespace

std::string pretty_policy(const std::string& json) {
  const auto document = parse_json(json);
  if (!document) return json;
  std::string text;
  append_pretty(*document, 0, text);
  return text;
}

Result<int> apply_policy(const Call& call) {
  return send_policy(call, call.line.argument("dry-run") == "true" ? Run::dry : Run::real);
}

Result<int> diff_policy(const Call& call) { return send_policy(call, Run::dry); }

Result<int> export_policy(const Call& call) {
  const std::string body = TRY(call.api.call("GET", "/policy"));
  const std::string text = (call.line.wants_json() ? body : pretty_policy(body)) + '\n';
  if (call.line.positionals.empty()) {
    call.out << text;
    return exit_done;
  }
  TRY(write_text_file(call.positional(0), text));
  return exit_done;
}

Result<int> who_can(const Call& call) {
  SearchQuestion question{.action = call.positional(0),
                          .subject_type = call.line.argument("type").value_or("agent")};
  if (call.line.positionals.size() > 1) question.resource = call.positional(1);
  return print_search(call, "/access/v1/search/subject", question);
}

Result<int> what_can(const Call& call) {
  SearchQuestion question{.subject = TRY(find_subject(call.api, call.positional(0)))};
  if (call.line.positionals.size() > 1) question.resource = call.positional(1);
  return print_search(call, "/access/v1/search/action", question);
}

}  // namespace agentauth::app
