#include "app/role_commands.h"

#include <array>

#include "app/server_url.h"
#include "app/since.h"
#include "base/uuid.h"
#include "crypto/random.h"

namespace agentauth::app {
namespace {

constexpr auto role_columns =
    std::to_array<Column>({{"NAME", "name"}, {"ABOUT", "about"}, {"CREATED", "created_at"}});
constexpr auto permission_columns = std::to_array<Column>({{"PERMISSION", "permission"},
                                                           {"EFFECT", "effect"},
                                                           {"RESOURCE", "resource"},
                                                           {"WHEN", "when"},
                                                           {"NOT_BEFORE", "not_before"},
                                                           {"EXPIRES", "expires_at"},
                                                           {"MAX_USES", "max_uses"},
                                                           {"CREATED", "created_at"}});
constexpr auto grant_columns = std::to_array<Column>({{"ID", "id"},
                                                      {"SUBJECT", "subject"},
                                                      {"ACTION", "action"},
                                                      {"EFFECT", "effect"},
                                                      {"RESOURCE", "resource"},
                                                      {"WHEN", "when"},
                                                      {"NOT_BEFORE", "not_before"},
                                                      {"EXPIRES", "expires_at"},
                                                      {"MAX_USES", "max_uses"}});
constexpr auto unused_columns = std::to_array<Column>({{"ID", "id"},
                                                       {"SUBJECT", "subject"},
                                                       {"ACTION", "action"},
                                                       {"RESOURCE", "resource"},
                                                       {"CREATED", "created_at"},
                                                       {"LAST_USED", "last_used_at"},
                                                       {"COUNTED_SINCE", "counted_since"}});
constexpr auto member_columns =
    std::to_array<Column>({{"MEMBER", "member"}, {"EXPIRES", "expires_at"}});

void write_terms(const CommandLine& line, JsonWriter& out) {
  if (const auto resource = line.argument("resource")) out.member("resource", *resource);
  if (const auto effect = line.argument("effect")) out.member("effect", *effect);
  if (const auto when = line.argument("when")) out.member("when", *when);
  if (const auto time = line.argument("not-before")) out.member("not_before", *time);
  if (const auto time = line.argument("expires-at")) out.member("expires_at", *time);
  if (const auto uses = line.argument("max-uses"))
    out.member("max_uses", std::stoll(*uses));  // within its bounds already
}

std::string grant_body(const CommandLine& line, const std::string& permission) {
  std::string body;
  JsonWriter out(body);
  out.open();
  out.member("permission", permission);
  write_terms(line, out);
  out.close();
  return body;
}

// The grants of a permission that are meant: of that effect, on that resource.
std::string revoke_path(const CommandLine& line, std::string path, const std::string& permission) {
  path += "/permissions/" + percent_encode(permission);
  char separator = '?';
  for (const std::string_view name : {"resource", "effect"})
    if (const auto value = line.argument(name)) {
      path.append(1, separator).append(name) += '=' + percent_encode(*value);
      separator = '&';
    }
  return path;
}

// RFC 9562 5.4.
std::string new_id() {
  Uuid id{SystemRandom().bytes<16>()};
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id.to_string();
}

std::string roles_path(const Call& call) {
  return '/' + std::string(group_of(*call.line.command)) + 's';
}
std::string role_path(const Call& call) {
  return roles_path(call) + '/' + percent_encode(call.positional(0));
}

Result<void> print_part(const Call& call, const std::string& path, std::string_view name,
                        Columns columns) {
  if (call.line.wants_json()) {
    call.out << ",\"" << name << "\":";
  } else {
    call.out << '\n';
  }
  std::string items_text;
  TextTable table(call.out);
  for (const Column& column : columns) table.add_column(column.heading);
  TRY(call.api.each_page(path + '/' + std::string(name), [&](const JsonValue& items) {
    if (!call.line.wants_json()) return add_rows(items, columns, table);
    for (const JsonValue& item : items.items) {
      if (!items_text.empty()) items_text += ',';
      JsonWriter writer(items_text);
      append_json(item, writer);
    }
  }));
  if (call.line.wants_json()) {
    call.out << '[' << items_text << ']';
  } else {
    table.print();
  }
  return {};
}

}  // namespace

Result<std::string> find_subject(ApiClient& api, const std::string& subject) {
  static constexpr std::string_view agent_prefix = "agent:";
  const bool is_agent = subject.starts_with(agent_prefix);
  if (subject == "agent:*" || (!is_agent && subject.find(':') != std::string::npos)) return subject;
  const std::string agent = is_agent ? subject.substr(agent_prefix.size()) : subject;
  return std::string(agent_prefix) + TRY(api.find_agent(agent));
}

Result<int> list_permissions(const Call& call) {
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  return print_list(call, agent_path(id) + "/permissions", permission_columns);
}

Result<int> grant_permission(const Call& call) {
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  return print_answer(call, call.api.call("POST", agent_path(id) + "/permissions",
                                          grant_body(call.line, call.positional(1))));
}

Result<int> revoke_permission(const Call& call) {
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  return print_answer(
      call, call.api.call("DELETE", revoke_path(call.line, agent_path(id), call.positional(1))));
}

Result<int> list_roles(const Call& call) {
  return print_list(call, roles_path(call), role_columns);
}

Result<int> show_role(const Call& call) {
  const std::string path = role_path(call);
  if (!call.line.wants_json()) {
    TRY(print_answer(call, call.api.call("GET", path)));
  } else {
    call.out << "{\"role\":" << TRY(call.api.call("GET", path));
  }
  TRY(print_part(call, path, "permissions", permission_columns));
  TRY(print_part(call, path, "members", member_columns));
  if (call.line.wants_json()) call.out << "}\n";
  return exit_done;
}

Result<int> create_role(const Call& call) {
  std::string body;
  JsonWriter out(body);
  out.open();
  out.member("name", call.positional(0));
  if (const auto about = call.line.argument("about")) out.member("about", *about);
  out.close();
  return print_answer(call, call.api.call("POST", roles_path(call), body));
}

Result<int> delete_role(const Call& call) {
  return print_answer(call, call.api.call("DELETE", role_path(call)));
}

Result<int> grant_to_role(const Call& call) {
  return print_answer(call, call.api.call("POST", role_path(call) + "/permissions",
                                          grant_body(call.line, call.positional(1))));
}

Result<int> revoke_from_role(const Call& call) {
  return print_answer(
      call, call.api.call("DELETE", revoke_path(call.line, role_path(call), call.positional(1))));
}

Result<int> add_member(const Call& call) {
  std::string body;
  JsonWriter out(body);
  out.open();
  out.member("member", TRY(find_subject(call.api, call.positional(1))));
  if (const auto time = call.line.argument("expires-at")) out.member("expires_at", *time);
  out.close();
  return print_answer(call, call.api.call("POST", role_path(call) + "/members", body));
}

Result<int> remove_member(const Call& call) {
  const std::string member = TRY(find_subject(call.api, call.positional(1)));
  return print_answer(
      call, call.api.call("DELETE", role_path(call) + "/members/" + percent_encode(member)));
}

Result<int> list_grants(const Call& call) {
  std::string path = "/grants";
  if (const auto subject = call.line.argument("subject"))
    path += "?subject=" + percent_encode(TRY(find_subject(call.api, *subject)));
  return print_list(call, path, grant_columns);
}

Result<int> list_unused_grants(const Call& call) {
  std::string path = "/grants/unused";
  char separator = '?';
  const auto add = [&](std::string_view name, const std::string& value) {
    path.append(1, separator).append(name) += '=' + percent_encode(value);
    separator = '&';
  };
  if (const auto since = call.line.argument("since"))
    add("since", format_rfc3339(*parse_since(*since, SystemClock().now())));  // valid already
  if (const auto subject = call.line.argument("subject"))
    add("subject", TRY(find_subject(call.api, *subject)));
  return print_list(call, path, unused_columns);
}

Result<int> put_grant(const Call& call) {
  const std::string id = call.line.argument("id").value_or(new_id());
  std::string body;
  JsonWriter out(body);
  out.open();
  out.member("subject", TRY(find_subject(call.api, call.positional(0))));
  out.member("action", call.positional(1));
  write_terms(call.line, out);
  out.close();
  return print_answer(call, call.api.call("PUT", "/grants/" + percent_encode(id), body));
}

Result<int> delete_grant(const Call& call) {
  return print_answer(call,
                      call.api.call("DELETE", "/grants/" + percent_encode(call.positional(0))));
}

}  // namespace agentauth::app
