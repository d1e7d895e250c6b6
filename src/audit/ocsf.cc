// OCSF 1.1. Each row of the map below gives one class and activity; the required attributes of the
// classes are written for all: activity_id, category_uid, class_uid, metadata, severity_id, time,
// type_uid, and what the class adds.
#include <array>

#include "audit/lines.h"

namespace agentauth::audit {
namespace {

constexpr int account_change = 3001;
constexpr int authentication = 3002;
constexpr int api_activity = 6003;

struct Row {
  AuditAction action;
  int class_uid;
  int activity_id;
  std::string_view activity;
};

// In the order of AuditAction. API Activity: 1 create, 2 read, 3 update, 4 delete, 99 other.
constexpr std::array<Row, audit_action_count> map = {{
    {AuditAction::request, api_activity, 2, "Read"},
    {AuditAction::login, authentication, 1, "Logon"},
    {AuditAction::login_refresh, authentication, 99, "Refresh"},
    {AuditAction::logout, authentication, 2, "Logoff"},
    {AuditAction::agent_create, account_change, 1, "Create"},
    {AuditAction::agent_update, account_change, 99, "Update"},
    {AuditAction::agent_suspend, account_change, 5, "Disable"},
    {AuditAction::agent_resume, account_change, 2, "Enable"},
    {AuditAction::agent_delete, account_change, 6, "Delete"},
    {AuditAction::agent_revoke_tokens, account_change, 99, "Revoke Tokens"},
    {AuditAction::key_create, account_change, 99, "Create Key"},
    {AuditAction::key_revoke, account_change, 99, "Revoke Key"},
    {AuditAction::permission_grant, account_change, 7, "Attach Policy"},
    {AuditAction::permission_revoke, account_change, 8, "Detach Policy"},
    {AuditAction::key_rotate, account_change, 99, "Rotate Key"},
    {AuditAction::key_rotate_own, account_change, 99, "Rotate Own Key"},
    {AuditAction::owner_suspend, account_change, 5, "Disable"},
    {AuditAction::owner_resume, account_change, 2, "Enable"},
    {AuditAction::limits_replace, api_activity, 3, "Update"},
    {AuditAction::signing_key_create, api_activity, 1, "Create"},
    {AuditAction::signing_key_rotate, api_activity, 1, "Create"},
    {AuditAction::signing_key_retire, api_activity, 4, "Delete"},
    {AuditAction::signing_key_revoke, api_activity, 4, "Delete"},
    {AuditAction::key_expiring, account_change, 99, "Expire Key"},
    {AuditAction::database_restore, api_activity, 99, "Restore"},
    {AuditAction::role_put, api_activity, 3, "Update"},
    {AuditAction::role_delete, api_activity, 4, "Delete"},
    {AuditAction::member_add, api_activity, 1, "Create"},
    {AuditAction::member_remove, api_activity, 4, "Delete"},
    {AuditAction::entity_put, api_activity, 3, "Update"},
    {AuditAction::entity_delete, api_activity, 4, "Delete"},
    {AuditAction::policy_apply, api_activity, 3, "Update"},
    {AuditAction::gateway_replace, api_activity, 3, "Update"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < map.size(); ++i)
    if (static_cast<std::size_t>(map[i].action) != i) return false;
  return true;
}
static_assert(in_order());

std::string text_of(const std::optional<AgentId>& agent) { return agent ? agent->to_string() : ""; }

void write_metadata(const AuditEvent& event, JsonWriter& out) {
  out.name("metadata");
  out.open();
  out.member("version", "1.1.0");
  out.member("uid", std::to_string(event.sequence));
  out.member("sequence", event.sequence);
  if (!event.request_id.empty()) out.member("correlation_uid", event.request_id.view());
  out.name("product");
  out.open();
  out.member("name", "AgentAuth");
  out.member("vendor_name", "AgentAuth");
  out.close();
  out.close();
}

void write_user(std::string_view name, std::string_view uid, JsonWriter& out) {
  out.name(name);
  out.open();
  out.member("uid", uid.empty() ? "unknown" : uid);
  out.member("type_id", std::int64_t{uid.empty() ? 0 : 3});  // unknown, or System
  out.close();
}

void write_actor(const AuditEvent& event, JsonWriter& out) {
  out.name("actor");
  out.open();
  write_user("user", text_of(event.agent_id), out);
  if (!event.kid.empty()) {
    out.name("session");
    out.open();
    out.member("credential_uid", event.kid.view());
    out.close();
  }
  out.close();
}

// API Activity requires it. What the command line or a server did by itself came from no address:
// then it names the node.
void write_endpoint(const AuditEvent& event, int class_uid, JsonWriter& out) {
  const bool has_address = !event.client_address.empty();
  if (!has_address && class_uid != api_activity) return;
  out.name("src_endpoint");
  out.open();
  if (has_address) {
    out.member("ip", event.client_address.view());
  } else {
    out.member("name", event.node.view());
  }
  out.close();
}

void write_api(const AuditEvent& event, JsonWriter& out) {
  out.name("api");
  out.open();
  out.member("operation",
             event.operation.empty() ? to_string(event.action) : event.operation.view());
  out.close();
}

// What was asked for, where that is no account.
void write_resources(const AuditEvent& event, JsonWriter& out) {
  const bool is_path = event.target_type == AuditTargetType::path;
  if (!is_path && event.target_type != AuditTargetType::resource) return;
  if (event.target_id.empty()) return;
  const std::string_view name = event.target_id.view();
  out.name("resources");
  out.open_array();
  out.open();
  out.member("type", is_path ? "path" : name.substr(0, name.find(':')));
  out.member("name", name);
  out.close();
  out.close_array();
}

// What stands in no attribute of OCSF's, under our own names.
void write_unmapped(const AuditEvent& event, JsonWriter& out) {
  out.name("unmapped");
  out.open();
  out.member("action", to_string(event.action));
  out.member("outcome", to_string(event.outcome));
  out.member("node", event.node.view());
  out.member("target_type", to_string(event.target_type));
  out.member("target_id", event.target_id.view());
  out.member("detail", event.detail.view());
  out.member("on_behalf_of", event.on_behalf_of.view());
  out.member("hash", event.hash);
  out.close();
}

}  // namespace

void append_ocsf_line(const AuditEvent& event, std::string& text) {
  const Row& mapped = map[static_cast<std::size_t>(event.action)];
  // What was denied changed no account: it is a call that was refused.
  const bool refused = event.outcome != AuditOutcome::success;
  const int class_uid =
      refused && mapped.class_uid == account_change ? api_activity : mapped.class_uid;
  const int activity_id =
      class_uid == api_activity && mapped.class_uid == account_change ? 99 : mapped.activity_id;
  JsonWriter out(text);
  out.open();
  out.member("class_uid", std::int64_t{class_uid});
  out.member("category_uid", std::int64_t{class_uid / 1000});
  out.member("activity_id", std::int64_t{activity_id});
  out.member("activity_name", mapped.activity);
  out.member("type_uid", std::int64_t{class_uid} * 100 + activity_id);
  out.member("time", std::int64_t{event.at.time_since_epoch().count()});
  out.member("severity_id", std::int64_t{refused ? 3 : 1});  // medium, informational
  out.member("status_id", std::int64_t{refused ? 2 : 1});    // failure, success
  if (event.reason != AuditReason::none) out.member("status_detail", to_string(event.reason));
  write_metadata(event, out);
  write_actor(event, out);
  write_endpoint(event, class_uid, out);
  write_api(event, out);
  if (class_uid == api_activity) write_resources(event, out);
  if (class_uid == authentication) {
    write_user("user", text_of(event.agent_id), out);
    out.member("auth_protocol", "API key");
    out.member("auth_protocol_id", std::int64_t{99});
    out.name("service");
    out.open();
    out.member("name", "AgentAuth");
    out.close();
  } else if (class_uid == account_change) {
    write_user("user", text_of(event.target_agent_id), out);
  }
  write_unmapped(event, out);
  out.close();
  text += '\n';
}

}  // namespace agentauth::audit
