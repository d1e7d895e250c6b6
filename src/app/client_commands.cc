#include "app/client_commands.h"

#include <algorithm>
#include <array>
#include <map>

#include "app/audit_tail.h"
#include "app/client_call.h"
#include "app/gateway_commands.h"
#include "app/policy_commands.h"
#include "app/role_commands.h"
#include "app/server_url.h"
#include "app/since.h"
#include "app/text_table.h"
#include "authz/permission_service.h"
#include "base/json.h"

namespace agentauth::app {
namespace {

constexpr auto agent_columns = std::to_array<Column>({{"AGENT_ID", "agent_id"},
                                                      {"NAME", "agent_name"},
                                                      {"OWNER", "owner_email"},
                                                      {"STATUS", "status"},
                                                      {"CREATED", "created_at"}});
constexpr auto limit_columns = std::to_array<Column>({{"NAME", "name"},
                                                      {"SCOPE", "scope"},
                                                      {"COUNT", "count"},
                                                      {"RATE", "rate"},
                                                      {"PER", "per"},
                                                      {"BURST", "burst"},
                                                      {"ROUTES", "routes"}});
constexpr auto key_columns = std::to_array<Column>({{"KEY_ID", "key_id"},
                                                    {"KID", "kid"},
                                                    {"NAME", "name"},
                                                    {"STATUS", "status"},
                                                    {"CREATED", "created_at"},
                                                    {"NOT_BEFORE", "not_before"},
                                                    {"EXPIRES", "expires_at"},
                                                    {"NETWORKS", "allowed_cidrs"},
                                                    {"PERMISSIONS", "permissions"},
                                                    {"LAST_USED", "last_used_at"},
                                                    {"FROM", "last_used_address"}});

Result<int> list_agents(const Call& call) {
  std::string query;
  for (const std::string_view filter : {"name", "owner", "status"})
    if (const auto value = call.line.argument(filter))
      query.append(query.empty() ? "?" : "&").append(filter) += '=' + percent_encode(*value);
  return print_list(call, "/agents" + query, agent_columns);
}

// Also for who may read no agent but itself.
constexpr std::string_view own_path = "/agents/me";

Result<int> show_agent(const Call& call) {
  if (call.positional(0) == "me") return print_answer(call, call.api.call("GET", own_path));
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  return print_answer(call, call.api.call("GET", agent_path(id)));
}

Result<int> create_agent(const Call& call) {
  std::string body;
  JsonWriter out(body);
  out.open();
  out.member("agent_name", call.positional(0));
  out.member("owner_email", *call.line.argument("email"));
  out.close();
  const Secret& token = call.options.registration_token;
  if (token.empty() && call.api.has_key())
    return print_answer(call, call.api.call("POST", "/agents/register", body));
  return print_answer(
      call, call.api.call_as(std::string(token.reveal()), "POST", "/agents/register", body));
}

Result<std::map<std::string, std::string>> parse_labels(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> labels;
  for (const std::string& pair : pairs) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return failure(Errc::invalid_argument, "--label must be KEY=VALUE, not \"" + pair + "\"");
    if (!labels.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second)
      return failure(Errc::invalid_argument, "--label names " + pair.substr(0, equals) + " twice");
  }
  return labels;
}

Result<std::string> agent_changes(const CommandLine& line) {
  std::string body;
  JsonWriter out(body);
  out.open();
  if (const auto name = line.argument("name")) out.member("agent_name", *name);
  if (const auto email = line.argument("email")) out.member("owner_email", *email);
  if (const auto given = line.flags.find("label"); given != line.flags.end()) {
    out.name("labels");
    out.open();
    for (const auto& [key, value] : TRY(parse_labels(given->second))) out.member(key, value);
    out.close();
  }
  out.close();
  if (body == "{}") return failure(Errc::invalid_argument, "--name, --email or --label is missing");
  return body;
}

Result<int> update_agent(const Call& call) {
  const std::string changes = TRY(agent_changes(call.line));
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  return print_answer(call, call.api.call("PATCH", agent_path(id), changes));
}

Result<int> switch_agents(const Call& call, std::string_view action) {
  const auto owner = call.line.argument("owner");
  if (owner.has_value() != call.line.positionals.empty())
    return failure(Errc::invalid_argument, "give either AGENT or --owner");
  const std::string path = owner ? "/owners/" + percent_encode(*owner)
                                 : agent_path(TRY(call.api.find_agent(call.positional(0))));
  return print_answer(call, call.api.call("POST", path + std::string(action)));
}

Result<int> suspend_agent(const Call& call) { return switch_agents(call, "/suspend"); }
Result<int> resume_agent(const Call& call) { return switch_agents(call, "/resume"); }

Result<int> revoke_tokens(const Call& call) {
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  return print_answer(call, call.api.call("POST", agent_path(id) + "/revoke-tokens"));
}

Result<int> delete_agent(const Call& call) {
  // The key in hand would end with it, and perhaps the last administrator.
  if (call.positional(0) == "me" && call.line.argument("yes") != "true")
    return failure(Errc::invalid_argument,
                   "agent delete me ends the agent whose key this is; say --yes if it is meant");
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  return print_answer(call, call.api.call("DELETE", agent_path(id)));
}

Result<int> list_keys(const Call& call) {
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  return print_list(call, agent_path(id) + "/keys", key_columns);
}

// Every value that a flag was given, if it was.
void write_list(const CommandLine& line, std::string_view flag, std::string_view member,
                JsonWriter& out) {
  const auto given = line.flags.find(flag);
  if (given == line.flags.end()) return;
  out.name(member);
  out.open_array();
  for (const std::string& value : given->second) out.text(value);
  out.close_array();
}

Result<int> create_key(const Call& call) {
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  std::string body;
  JsonWriter out(body);
  out.open();
  if (const auto name = call.line.argument("name")) out.member("name", *name);
  if (const auto lifetime = call.line.argument("expires-in"))
    out.member("expires_in", parse_lifetime(*lifetime)->count());  // valid already
  if (const auto time = call.line.argument("expires-at")) out.member("expires_at", *time);
  if (const auto time = call.line.argument("not-before")) out.member("not_before", *time);
  write_list(call.line, "allowed-cidr", "allowed_cidrs", out);
  write_list(call.line, "permission", "permissions", out);
  out.close();
  return print_answer(call, call.api.call("POST", agent_path(id) + "/keys", body));
}

Result<int> rotate_key(const Call& call) {
  const bool own = call.line.positionals.size() == 1;
  if (own && call.positional(0) != "me")
    return failure(Errc::invalid_argument, "KEY is missing; only AGENT \"me\" has one in use");
  std::string path = "/auth/rotate";
  if (!own) {
    const std::string id = TRY(call.api.find_agent(call.positional(0)));
    path = agent_path(id) + "/keys/" + TRY(call.api.find_key(id, call.positional(1))) + "/rotate";
  }
  std::string body;
  JsonWriter out(body);
  out.open();
  if (const auto seconds = call.line.argument("overlap"))
    out.member("overlap_seconds", std::stoll(*seconds));  // within its bounds already
  out.close();
  return print_answer(call, call.api.call("POST", path, body));
}

Result<int> revoke_key(const Call& call) {
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  const std::string key = TRY(call.api.find_key(id, call.positional(1)));
  return print_answer(call, call.api.call("DELETE", agent_path(id) + "/keys/" + key));
}

Result<int> print_limits(const Call& call, const std::string& body) {
  const auto answer = parse_json(body);
  const JsonValue* limits = answer ? answer->find("limits") : nullptr;
  if (call.line.wants_json() || limits == nullptr) {
    call.out << body << '\n';
    return exit_done;
  }
  TextTable table(call.out);
  for (const Column& column : limit_columns) table.add_column(column.heading);
  add_rows(*limits, limit_columns, table);
  table.print();
  return exit_done;
}

Result<int> show_limits(const Call& call) {
  return print_limits(call, TRY(call.api.call("GET", "/limits")));
}

Result<int> apply_limits(const Call& call) {
  const std::string text = TRY(read_text_file(call.positional(0)));
  return print_limits(call, TRY(call.api.call("PUT", "/limits", text)));
}

Result<int> check(const Call& call) {
  if (!is_permission(call.positional(1)))
    return failure(Errc::invalid_argument, "PERMISSION " + std::string(permission_rule));
  const std::string id = TRY(call.api.find_agent(call.positional(0)));
  std::string path = agent_path(id) + "/permissions/" + percent_encode(call.positional(1));
  if (call.line.positionals.size() > 2) path += "?resource=" + percent_encode(call.positional(2));
  const std::string body = TRY(call.api.call("GET", path));
  const auto answer = parse_json(body);
  const JsonValue* decision = answer ? answer->find("decision") : nullptr;
  // Anything but a plain yes or no must not pass for either.
  if (!decision || decision->type != JsonValue::Type::boolean)
    return failure(Errc::internal, "the server's answer holds no decision");
  const bool allowed = decision->boolean;
  const std::string reason = member_text(*answer, "reason");
  if (call.line.wants_json()) {
    call.out << body << '\n';
  } else {
    call.out << (allowed ? "allowed" : "denied") << (reason.empty() ? "" : ": ")
             << printable(reason) << '\n';
  }
  return allowed ? exit_done : exit_denied;
}

Result<int> ask_ready(const Call& call) {
  const std::string body = TRY(call.api.call_as({}, "GET", "/readyz"));
  const auto answer = parse_json(body);
  if (!answer || member_text(*answer, "status") != "ready")
    return failure(Errc::internal, "what answers there is no AgentAuth server");
  call.out << (call.line.wants_json() ? body : "ready") << '\n';
  return exit_done;
}

Result<int> tail(const Call& call) { return tail_audit(call.line, call.api, call.out); }

struct Entry {
  CommandId id;
  Result<int> (*run)(const Call&);
};

constexpr auto entries = std::to_array<Entry>({
    {CommandId::agent_list, list_agents},
    {CommandId::agent_show, show_agent},
    {CommandId::agent_create, create_agent},
    {CommandId::agent_update, update_agent},
    {CommandId::agent_suspend, suspend_agent},
    {CommandId::agent_resume, resume_agent},
    {CommandId::agent_revoke_tokens, revoke_tokens},
    {CommandId::agent_delete, delete_agent},
    {CommandId::permission_list, list_permissions},
    {CommandId::permission_grant, grant_permission},
    {CommandId::permission_revoke, revoke_permission},
    {CommandId::role_list, list_roles},
    {CommandId::role_show, show_role},
    {CommandId::role_create, create_role},
    {CommandId::role_delete, delete_role},
    {CommandId::role_grant, grant_to_role},
    {CommandId::role_revoke, revoke_from_role},
    {CommandId::role_add_member, add_member},
    {CommandId::role_remove_member, remove_member},
    {CommandId::group_list, list_roles},
    {CommandId::group_show, show_role},
    {CommandId::group_create, create_role},
    {CommandId::group_delete, delete_role},
    {CommandId::group_grant, grant_to_role},
    {CommandId::group_revoke, revoke_from_role},
    {CommandId::group_add_member, add_member},
    {CommandId::group_remove_member, remove_member},
    {CommandId::grant_list, list_grants},
    {CommandId::grant_put, put_grant},
    {CommandId::grant_delete, delete_grant},
    {CommandId::grant_unused, list_unused_grants},
    {CommandId::policy_apply, apply_policy},
    {CommandId::policy_diff, diff_policy},
    {CommandId::policy_export, export_policy},
    {CommandId::policy_test, test_policy},
    {CommandId::policy_simulate, simulate_policy},
    {CommandId::policy_who_can, who_can},
    {CommandId::policy_what_can, what_can},
    {CommandId::key_list, list_keys},
    {CommandId::key_create, create_key},
    {CommandId::key_rotate, rotate_key},
    {CommandId::key_revoke, revoke_key},
    {CommandId::gateway_routes, gateway_routes},
    {CommandId::limits_show, show_limits},
    {CommandId::limits_apply, apply_limits},
    {CommandId::check, check},
    {CommandId::explain, explain_decision},
    {CommandId::ready, ask_ready},
    {CommandId::audit_tail, tail},
});

const Entry* find_entry(CommandId id) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.id == id; });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace

bool is_client_command(CommandId id) { return find_entry(id) != nullptr; }

Result<int> run_client_command(const CommandLine& line, const Options& options,
                               Transport& transport, std::ostream& out) {
  ApiClient api(transport, std::string(options.api_key.reveal()));
  return find_entry(line.command->id)->run({line, options, api, out});
}

}  // namespace agentauth::app
